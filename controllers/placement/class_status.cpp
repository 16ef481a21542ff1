#include "controllers/placement/class_status.hpp"

#include <algorithm>
#include <iterator>
#include <variant>

#include "controllers/placement/conditions.hpp"

namespace marea::placement {
namespace {

constexpr std::int64_t kMost = 1'000'000'000;  // the schema's maximum
constexpr std::size_t kSelectorText = 400;     // bytes in a message; the schema allows it 1024
constexpr std::size_t kNamesSaid = 3;

void Add(std::int64_t& sum, std::int64_t amount) {
  sum = std::min(kMost, sum + std::clamp<std::int64_t>(amount, 0, kMost));
}

// And for nothing else, such as its home.
bool WaitsForDevice(const api::World& world, const Key& session) {
  const auto proposal = world.proposals.find(session);
  if (proposal == world.proposals.end()) return false;
  const auto* wait = std::get_if<api::Wait>(&proposal->second);
  return wait != nullptr && (wait->reason == "NoFreeDevice" || wait->reason == "NoSuchShape" ||
                             wait->reason == "WaitingForMachine");
}

// As a person would write it: "nvidia.com/gpu with the labels "a=b, c=d"".
std::string What(const api::AcceleratorClassSpec& spec) {
  std::string terms;
  for (const auto& [label, value] : spec.node_selector)
    terms += (terms.empty() ? "" : ", ") + label + "=" + value;
  const auto& resource = spec.device.extended_resource.name;
  return terms.empty() ? resource : resource + " with the labels " + Quoted(terms, kSelectorText);
}

std::string Said(const std::set<std::string>& names) {
  std::string text;
  std::size_t said = 0;
  for (const auto& name : names) {
    if (said == kNamesSaid) return text + " and " + std::to_string(names.size() - said) + " more";
    text += (said++ == 0 ? "" : ", ") + Quoted(name);
  }
  return text;
}

bool Overlaps(const DeviceCount& count) {
  return count.nodes == 0 && count.unready == 0 && !count.winners.empty();
}

api::Condition Ready(const api::AcceleratorClassSpec& spec, const DeviceCount& count) {
  api::Condition ready{
      .type = "Ready", .status = "True", .reason = "Offered", .message = {}, .last_transition_time = {}};
  if (count.nodes > 0) {
    ready.message = (count.nodes == 1 ? "1 node offers " : std::to_string(count.nodes) + " nodes offer ") +
                    std::to_string(count.capacity) + " " + spec.device.extended_resource.name + ".";
    return ready;
  }
  ready.status = "False";
  ready.reason = "NotOffered";
  ready.message = "No node that is ready offers " + What(spec);
  if (Overlaps(count)) {
    ready.message += " and is left to this class";
  } else if (count.unready > 0) {
    ready.message += count.unready == 1 ? "; 1 node that would is cordoned or not ready"
                                        : "; " + std::to_string(count.unready) +
                                              " nodes that would are cordoned or not ready";
  }
  ready.message += ".";
  return ready;
}

api::Condition Stalled(const api::AcceleratorClassSpec& spec, const DeviceCount& count) {
  api::Condition stalled{.type = "Stalled",
                         .status = "False",
                         .reason = "Progressing",
                         .message = {},
                         .last_transition_time = {}};
  if (!Overlaps(count)) {
    stalled.message = "Nobody needs to act.";
    return stalled;
  }
  stalled.status = "True";
  stalled.reason = "Overlap";
  stalled.message = "Every node that offers " + What(spec) + " belongs to AcceleratorClass " +
                    Said(count.winners) +
                    ", which names more labels or sorts first; tell the classes apart by nodeSelector, or "
                    "delete one of them.";
  return stalled;
}

}  // namespace

DeviceCounts CountDevices(const api::World& world, const Capacity& capacity) {
  DeviceCounts counts;
  for (const auto& device : capacity.classes()) {
    auto total = capacity.TotalOf(device);
    counts[device.name] = {
        .generation = world.accelerator_classes.Get({"", device.name})->metadata.generation,
        .nodes = total.nodes,
        .capacity = total.devices,
        .allocated = total.used,
        .free = total.free,
        .unready = total.unready,
        .winners = std::move(total.winners)};
  }
  for (const auto& [key, request] : world.requests) {
    const auto proposal = world.proposals.find(key);
    const bool holds =
        proposal != world.proposals.end() && std::holds_alternative<api::Admit>(proposal->second);
    if (holds || request.alternatives.empty()) continue;
    const auto& first = request.alternatives.front();
    const auto count = counts.find(first.class_name);
    if (count == counts.end()) continue;
    Add(count->second.queued, first.count);
    if (WaitsForDevice(world, key)) Add(count->second.unmet, first.count);
  }
  return counts;
}

runtime::Decision DecideClassStatus(const api::World& world, const DeviceCounts& counts, const Key& key,
                                    const runtime::Context& context) {
  const auto device = world.accelerator_classes.Get(key);
  const auto found = counts.find(key.name);
  if (!device || found == counts.end() || found->second.generation != device->metadata.generation) return {};
  const DeviceCount& count = found->second;
  auto status = device->status;
  status.nodes = count.nodes;
  status.capacity = count.capacity;
  status.allocated = count.allocated;
  status.free = count.free;
  status.queued = count.queued;
  status.unmet = count.unmet;
  SetCondition(status.conditions, Ready(device->spec, count), count.generation, context.now);
  SetCondition(status.conditions, Stalled(device->spec, count), count.generation, context.now);
  auto body = api::StatusPatch(device->status, status);
  if (body.empty()) return {};
  return {.actions = {runtime::Patch{&api::kAcceleratorClasses, key, "status",
                                     device->metadata.resource_version, std::move(body)}},
          .wake_at = {},
          .reason = "the devices were counted"};
}

}  // namespace marea::placement
