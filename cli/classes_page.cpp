#include "cli/classes_page.hpp"

#include <algorithm>
#include <set>

namespace marea::cli {
namespace {

OfferedDevice OfferOf(const api::ClassAccelerator& offered, const Seen<api::AcceleratorClass>& devices) {
  OfferedDevice offer{.name = offered.class_name, .max_count = offered.max_count, .free = {}, .queued = {}};
  for (const auto& device : devices.items) {
    if (device.metadata.name != offered.class_name) continue;
    offer.free = device.status.free;
    offer.queued = device.status.queued;
  }
  return offer;
}

OfferedClass OfferOf(const api::SessionClass& item, const Seen<api::AcceleratorClass>& devices) {
  const auto& spec = item.spec;
  OfferedClass offer;
  offer.name = item.metadata.name;
  for (const auto& image : spec.images) offer.images.push_back(image.name);
  offer.image_prefixes = spec.allowed_image_prefixes;
  offer.cpu = spec.resources.default_resources.cpu;
  offer.memory = spec.resources.default_resources.memory;
  offer.max_cpu = spec.resources.max.cpu;
  offer.max_memory = spec.resources.max.memory;
  offer.duration_seconds = spec.default_duration_seconds;
  offer.max_duration_seconds = spec.max_duration_seconds;
  offer.home = spec.home.size;
  for (const auto& offered : spec.accelerators) offer.devices.push_back(OfferOf(offered, devices));
  return offer;
}

template <class Range, class Word>
std::string Joined(const Range& items, Word word) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + word(item);
  return text.empty() ? "-" : text;
}

// "2 (at most 16)".
std::string WithMost(const std::optional<Quantity>& usual, const std::optional<Quantity>& most) {
  return (usual ? usual->ToString() : "-") + (most ? " (" + most->ToString() + ")" : "");
}

std::string OfferText(const OfferedDevice& device) {
  return device.max_count == 1 ? device.name : std::to_string(device.max_count) + " " + device.name;
}

std::string OffersText(const std::vector<OfferedClass>& classes, const Paper& paper) {
  if (classes.empty()) return "No classes.\n";
  std::vector<std::string> heading{"CLASS",       "CPU (MOST)", "MEMORY (MOST)",
                                   "TIME (MOST)", "IMAGES",     "DEVICES, AT MOST"};
  if (paper.wide) heading.insert(heading.end() - 1, {"IMAGES BELOW", "HOME"});
  Table table(heading);
  const auto itself = [](const std::string& text) { return text; };
  for (const auto& item : classes) {
    std::vector<Table::Cell> cells{{item.name},
                                   {WithMost(item.cpu, item.max_cpu)},
                                   {WithMost(item.memory, item.max_memory)},
                                   {FormatDuration(Bounded(item.duration_seconds)) + " (" +
                                    FormatDuration(Bounded(item.max_duration_seconds)) + ")"},
                                   {Joined(item.images, itself)}};
    if (paper.wide)
      cells.insert(cells.end(), {{Joined(item.image_prefixes, itself)}, {item.home.ToString()}});
    cells.push_back({Joined(item.devices, OfferText)});
    table.Add(std::move(cells));
  }
  return table.Text(paper);
}

}  // namespace

ClassesPage MakeClassesPage(const Seen<api::SessionClass>& classes,
                            const Seen<api::AcceleratorClass>& devices,
                            const std::vector<std::string>& only) {
  ClassesPage page;
  const auto chosen = [&](const std::string& name) {
    return only.empty() || std::ranges::find(only, name) != only.end();
  };
  std::set<std::string> offered;
  if (!classes.error) {
    page.classes.emplace();
    for (const auto& item : classes.items) {
      if (!chosen(item.metadata.name)) continue;
      page.classes->push_back(OfferOf(item, devices));
      for (const auto& device : item.spec.accelerators) offered.insert(device.class_name);
    }
  }
  if (!devices.error) {
    page.devices.emplace();
    for (const auto& device : devices.items) {
      if (only.empty() || offered.contains(device.metadata.name)) page.devices->push_back(CountOf(device));
    }
  }
  for (const auto* list : {&classes.left_out, &devices.left_out})
    std::ranges::copy(*list, std::back_inserter(page.left_out));
  return page;
}

std::string ClassesText(const ClassesPage& page, const Paper& paper) {
  std::string text;
  if (page.classes) text += OffersText(*page.classes, paper);
  if (page.devices) text += DevicesText(*page.devices, paper);
  for (const auto& line : page.left_out) text += Painted(Printable(line), Style::kDim, paper) + "\n";
  return text;
}

}  // namespace marea::cli
