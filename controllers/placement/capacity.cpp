#include "controllers/placement/capacity.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <tuple>
#include <utility>

namespace marea::placement {
namespace {

constexpr std::int64_t kMost = 1'000'000'000;

std::int64_t Capped(__int128_t amount) {
  return static_cast<std::int64_t>(std::clamp<__int128_t>(amount, 0, kMost));
}

void AddTo(std::int64_t& sum, __int128_t amount) {
  sum = std::min(kMost, sum + Capped(amount));
}

bool Tolerated(const kube::Taint& taint, const std::vector<kube::Toleration>& tolerations) {
  if (taint.effect == "PreferNoSchedule") return true;
  return std::ranges::any_of(tolerations, [&](const auto& t) { return kube::Tolerates(t, taint); });
}

bool ClaimsAllow(const NodeView& node, const api::Request& request) {
  return std::ranges::all_of(request.claims, [&](const api::ClaimNeed& need) {
    if (need.reach && !kube::Matches(*need.reach, node.name, node.labels)) return false;
    if (need.node.empty()) return true;
    return !need.one_pod && need.node == node.name;
  });
}

}  // namespace

bool Selects(const kube::StringMap& selector, const kube::StringMap& labels) {
  return std::ranges::all_of(selector, [&](const auto& term) {
    const auto label = labels.find(term.first);
    return label != labels.end() && label->second == term.second;
  });
}

Quantity Amount(const kube::ResourceList& list, const std::string& resource) {
  const auto found = list.find(resource);
  return found == list.end() ? Quantity{} : found->second;
}

const DeviceClass* OwnerOf(const std::vector<DeviceClass>& classes, const kube::StringMap& labels,
                           const std::string& resource) {
  const DeviceClass* owner = nullptr;
  for (const auto& device : classes) {
    if (device.resource != resource || !Selects(device.node_selector, labels)) continue;
    const auto rank = [](const DeviceClass& c) { return std::tuple(-std::ssize(c.node_selector), c.name); };
    if (owner == nullptr || rank(device) < rank(*owner)) owner = &device;
  }
  return owner;
}

kube::ResourceList Need(const api::Request& request, const DeviceClass* device, std::int64_t count) {
  kube::ResourceList need{{"cpu", request.cpu}, {"memory", request.memory}, {"pods", Quantity::FromUnits(1)}};
  if (device != nullptr) need[device->resource] = Quantity::FromUnits(count);
  return need;
}

const DeviceClass* Capacity::Find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(classes_, name, {}, &DeviceClass::name);
  return found == classes_.end() || found->name != name ? nullptr : &*found;
}

void Capacity::SetClasses(std::vector<DeviceClass> classes) {
  for (const auto& [name, node] : nodes_) Unindex(node);
  classes_ = std::move(classes);
  std::ranges::sort(classes_, {}, &DeviceClass::name);
  by_class_.assign(classes_.size(), {});
  members_.assign(classes_.size(), {});
  for (auto& [name, node] : nodes_) {
    Own(node);
    Index(node);
  }
}

void Capacity::SetNode(NodeView view) {
  Node& node = nodes_[view.name];
  Unindex(node);
  node.view = std::move(view);
  node.known = true;
  Own(node);
  Index(node);
}

void Capacity::RemoveNode(const std::string& name) {
  const auto found = nodes_.find(name);
  if (found == nodes_.end()) return;
  Unindex(found->second);
  found->second.known = false;
  found->second.view = {.name = name, .labels = {}, .taints = {}, .allocatable = {}};
  Own(found->second);
  if (Abandoned(found->second)) nodes_.erase(found);
}

void Capacity::Add(const Use& use) {
  Node& node = nodes_[use.node];
  if (!node.known) node.view.name = use.node;
  Unindex(node);
  for (const auto& [resource, amount] : use.need) {
    if (amount != Quantity{}) node.used[resource] += amount.milli();
  }
  if (use.priority) node.makes_room.emplace(*use.priority, use.need);
  Index(node);
}

void Capacity::Remove(const Use& use) {
  const auto found = nodes_.find(use.node);
  assert(found != nodes_.end());
  Node& node = found->second;
  Unindex(node);
  for (const auto& [resource, amount] : use.need) {
    if (amount == Quantity{}) continue;
    const auto used = node.used.try_emplace(resource).first;
    used->second -= amount.milli();
    if (used->second == 0) node.used.erase(used);
  }
  if (use.priority) {
    auto [pod, end] = node.makes_room.equal_range(*use.priority);
    while (pod != end && pod->second != use.need) ++pod;
    assert(pod != end);
    node.makes_room.erase(pod);
  }
  Index(node);
  if (Abandoned(node)) nodes_.erase(found);
}

bool Capacity::Abandoned(const Node& node) {
  return !node.known && node.used.empty() && node.makes_room.empty();
}

// The classes whose devices it has, or would have: a node that is not ready yet may not say so itself.
void Capacity::Own(Node& node) {
  node.owned.clear();
  node.offers_devices = false;
  if (!node.known) return;
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    const DeviceClass& device = classes_[i];
    if (!Selects(device.node_selector, node.view.labels)) continue;
    const bool offers = Amount(node.view.allocatable, device.resource) > Quantity{};
    node.offers_devices = node.offers_devices || offers;
    if (!offers && device.node_selector.empty()) continue;
    if (OwnerOf(classes_, node.view.labels, device.resource) == &device) node.owned.push_back(i);
  }
}

void Capacity::Index(const Node& node) {
  for (const auto i : node.owned) {
    members_[i].insert(&node);
    if (node.view.usable) by_class_[i].insert({FreeUnits(node, classes_[i].resource), &node});
  }
  if (node.known && node.view.usable) CpuSlots(node).insert({FreeUnits(node, "cpu"), &node});
}

void Capacity::Unindex(const Node& node) {
  for (const auto i : node.owned) {
    members_[i].erase(&node);
    if (node.view.usable) by_class_[i].erase({FreeUnits(node, classes_[i].resource), &node});
  }
  if (node.known && node.view.usable) CpuSlots(node).erase({FreeUnits(node, "cpu"), &node});
}

Capacity::Sum Capacity::Used(const Node& node, const std::string& resource) {
  const auto used = node.used.find(resource);
  return used == node.used.end() ? 0 : used->second;
}

// Rounded down; below 0 where more is used than there is.
std::int64_t Capacity::FreeUnits(const Node& node, const std::string& resource) {
  const Sum free = Amount(node.view.allocatable, resource).milli() - Used(node, resource);
  const Sum units = free / 1000 - (free % 1000 < 0 ? 1 : 0);
  return static_cast<std::int64_t>(std::clamp<Sum>(units, -kMost, kMost));
}

bool Capacity::Suits(const Node& node, const api::Request& request, const DeviceClass* device) {
  if (!Selects(request.node_selector, node.view.labels)) return false;
  return std::ranges::all_of(node.view.taints, [&](const auto& taint) {
    // What Kubernetes says of a node that is cordoned or not ready goes when that is over.
    if (!node.view.usable && taint.key.starts_with("node.kubernetes.io/")) return true;
    return Tolerated(taint, request.tolerations) ||
           (device != nullptr && Tolerated(taint, device->tolerations));
  });
}

// Whether the pod may stand on the node at all, whatever is free.
bool Capacity::Admissible(const Node& node, const api::Request& request, const DeviceClass* device) {
  return node.view.usable && Suits(node, request, device) && ClaimsAllow(node.view, request);
}

bool Capacity::Covers(const Node& node, const kube::ResourceList& need, const kube::ResourceList& room) {
  return std::ranges::all_of(need, [&](const auto& item) {
    const auto& [resource, amount] = item;
    return Used(node, resource) + amount.milli() <=
           Sum{Amount(node.view.allocatable, resource).milli()} + Amount(room, resource).milli();
  });
}

bool Capacity::CoversEmpty(const Node& node, const kube::ResourceList& need) {
  return std::ranges::all_of(
      need, [&](const auto& item) { return item.second <= Amount(node.view.allocatable, item.first); });
}

kube::ResourceList Capacity::RoomFor(const Node& node, const DeviceClass& device) {
  kube::ResourceList room;
  if (!device.reclaim_below_priority) return room;
  const auto end = node.makes_room.lower_bound(*device.reclaim_below_priority);
  for (auto pod = node.makes_room.begin(); pod != end; ++pod) {
    for (const auto& [resource, amount] : pod->second) room[resource] = room[resource] + amount;
  }
  return room;
}

std::optional<Capacity::Fit> Capacity::FindFit(const api::Request& request, const DeviceClass* device,
                                               std::int64_t count, const std::set<std::string>& but) const {
  const auto need = Need(request, device, count);
  const auto first_in = [&](const Slots& slots, std::int64_t least) -> std::optional<Fit> {
    static const Node kNameless;
    for (auto slot = slots.lower_bound({least, &kNameless}); slot != slots.end(); ++slot) {
      const Node& node = *slot->node;
      if (but.contains(node.view.name) || !Admissible(node, request, device) || !Covers(node, need, {}))
        continue;
      return Fit{node.view.name};
    }
    return {};
  };
  if (device == nullptr) {
    if (auto fit = first_in(cpu_alone_, request.cpu.units())) return fit;
    return first_in(cpu_beside_devices_, request.cpu.units());
  }
  const auto index = static_cast<std::size_t>(device - classes_.data());
  if (auto fit = first_in(by_class_[index], count)) return fit;
  return device->reclaim_below_priority ? FindReclaim(request, *device, need, but) : std::nullopt;
}

std::optional<Capacity::Fit> Capacity::FindReclaim(const api::Request& request, const DeviceClass& device,
                                                   const kube::ResourceList& need,
                                                   const std::set<std::string>& but) const {
  const Slots& slots = by_class_[static_cast<std::size_t>(&device - classes_.data())];
  const Node* best = nullptr;
  std::int64_t most_free = 0;
  for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot) {
    const Node& node = *slot->node;
    if (best != nullptr && slot->free < most_free) break;
    if (node.makes_room.empty() || but.contains(node.view.name) || !Admissible(node, request, &device) ||
        !Covers(node, need, RoomFor(node, device)))
      continue;
    if (best == nullptr || node.view.name < best->view.name) best = &node;
    most_free = slot->free;
  }
  if (best == nullptr) return {};
  return Fit{best->view.name, true};
}

std::optional<std::string> Capacity::NearestFit(const api::Request& request, const DeviceClass* device,
                                                std::int64_t count) const {
  const auto need = Need(request, device, count);
  const Node* best = nullptr;
  std::int64_t most_free = 0;
  const auto look = [&](const Slots& slots) {
    for (auto slot = slots.rbegin(); slot != slots.rend(); ++slot) {
      if (best != nullptr && slot->free < most_free) return;
      if (!Admissible(*slot->node, request, device) || !CoversEmpty(*slot->node, need)) continue;
      if (best == nullptr || slot->free > most_free || slot->node->view.name < best->view.name)
        best = slot->node;
      most_free = slot->free;
    }
  };
  if (device != nullptr) {
    look(by_class_[static_cast<std::size_t>(device - classes_.data())]);
  } else {
    look(cpu_alone_);
    if (best == nullptr) look(cpu_beside_devices_);
  }
  return best == nullptr ? std::nullopt : std::optional(best->view.name);
}

Capacity::Survey Capacity::Look(const api::Request& request, const DeviceClass* device,
                                std::int64_t count) const {
  const auto need = Need(request, device, count);
  Survey survey;
  const auto look = [&](const Node& node) {
    if (!node.known || !Suits(node, request, device)) return;
    const bool holds = CoversEmpty(node, need);
    if (!node.view.usable) {
      survey.holds_when_ready = survey.holds_when_ready || holds;
      return;
    }
    survey.holds_but_for_claims = survey.holds_but_for_claims || holds;
    if (!ClaimsAllow(node.view, request)) return;
    if (device != nullptr) {
      AddTo(survey.devices, Amount(node.view.allocatable, device->resource).units());
      AddTo(survey.used, Used(node, device->resource) / 1000);
    }
    survey.holds = survey.holds || holds;
  };
  if (device != nullptr) {
    for (const Node* node : members_[static_cast<std::size_t>(device - classes_.data())]) look(*node);
  } else {
    for (const auto& [name, node] : nodes_) look(node);
  }
  return survey;
}

Quantity Capacity::UsedOn(const std::string& node, const std::string& resource) const {
  const auto found = nodes_.find(node);
  if (found == nodes_.end()) return {};
  constexpr Sum kLargest = std::numeric_limits<std::int64_t>::max();
  return Quantity::FromMilli(static_cast<std::int64_t>(std::min(kLargest, Used(found->second, resource))));
}

Capacity::Total Capacity::TotalOf(const DeviceClass& device) const {
  Total total;
  for (const auto& [name, node] : nodes_) {
    if (!node.known) continue;
    const Quantity offered = Amount(node.view.allocatable, device.resource);
    if (offered <= Quantity{} || !Selects(device.node_selector, node.view.labels)) continue;
    const DeviceClass* owner = OwnerOf(classes_, node.view.labels, device.resource);
    if (owner != &device) {
      total.winners.insert(owner->name);
      continue;
    }
    if (!node.view.usable) {
      AddTo(total.unready, 1);
      continue;
    }
    const Sum used = Used(node, device.resource) / 1000;
    AddTo(total.nodes, 1);
    AddTo(total.devices, offered.units());
    AddTo(total.used, used);
    AddTo(total.free, Sum{offered.units()} - used);
    AddTo(total.reclaimable, Amount(RoomFor(node, device), device.resource).units());
  }
  return total;
}

}  // namespace marea::placement
