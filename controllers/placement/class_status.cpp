#include "controllers/placement/class_status.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "controllers/placement/snapshot.hpp"

namespace marea::placement {
namespace {

constexpr std::int64_t kMost = 1'000'000'000;  // the schema's maximum
constexpr std::size_t kSelectorText = 400;     // bytes in a message; the schema allows it 1024
constexpr std::size_t kNamesSaid = 3;

void Add(std::int64_t& sum, std::int64_t amount) {
  sum = std::min(kMost, sum + std::clamp<std::int64_t>(amount, 0, kMost));
}

void CountNode(const Snapshot& snapshot, const NodeView& node, const DeviceClass& device,
               DeviceCount& count) {
  const Quantity offered = Amount(node.allocatable, device.resource);
  if (offered <= Quantity{} || !Selects(device.node_selector, node.labels)) return;
  const DeviceClass* owner = OwnerOf(snapshot.classes, node.labels, device.resource);
  if (owner != &device) {
    count.winners.insert(owner->name);
    return;
  }
  if (!node.usable) {
    Add(count.unready, 1);
    return;
  }
  const Quantity used = Amount(node.used, device.resource);
  Add(count.nodes, 1);
  Add(count.capacity, offered.units());
  Add(count.allocated, used.units());
  Add(count.free, (offered - used).units());
}

// And for nothing else, such as its home.
bool WaitsForDevice(const api::World& world, const Key& session) {
  const auto proposal = world.proposals.find(session);
  if (proposal == world.proposals.end()) return false;
  const auto* wait = std::get_if<api::Wait>(&proposal->second);
  return wait != nullptr && (wait->reason == "NoFreeDevice" || wait->reason == "NoSuchShape");
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

void Set(std::vector<api::Condition>& conditions, api::Condition condition, std::int64_t generation,
         Time now) {
  auto held = std::ranges::find(conditions, condition.type, &api::Condition::type);
  if (held == conditions.end())
    held = conditions.insert(
        held,
        {.type = condition.type, .status = {}, .reason = {}, .message = {}, .last_transition_time = {}});
  const bool turned = held->status != condition.status || !held->last_transition_time;
  condition.last_transition_time =
      turned ? std::chrono::floor<std::chrono::seconds>(now) : *held->last_transition_time;
  condition.observed_generation = generation;
  *held = std::move(condition);
}

}  // namespace

DeviceCounts CountDevices(const api::World& world, const std::function<bool(const Key&)>& taken_up) {
  const auto snapshot = Read(world, taken_up);
  DeviceCounts counts;
  for (const auto& device : snapshot.classes) {
    DeviceCount& count = counts[device.name];
    count.generation = world.accelerator_classes.Get({"", device.name})->metadata.generation;
    for (const auto& node : snapshot.nodes) CountNode(snapshot, node, device, count);
  }
  for (const auto& [key, request] : snapshot.waiting) {
    if (request.alternatives.empty()) continue;
    const auto& first = request.alternatives.front();
    const auto count = counts.find(first.class_name);
    if (count == counts.end()) continue;
    Add(count->second.queued, first.count);
    if (WaitsForDevice(world, key)) Add(count->second.unmet, first.count);
  }
  return counts;
}

runtime::Decision DecideStatus(const api::World& world, const DeviceCounts& counts, const Key& key,
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
  Set(status.conditions, Ready(device->spec, count), count.generation, context.now);
  Set(status.conditions, Stalled(device->spec, count), count.generation, context.now);
  auto body = api::StatusPatch(device->status, status);
  if (body.empty()) return {};
  return {.actions = {runtime::Patch{&api::kAcceleratorClasses, key, "status",
                                     device->metadata.resource_version, std::move(body)}},
          .wake_at = {},
          .reason = "the devices were counted"};
}

}  // namespace marea::placement
