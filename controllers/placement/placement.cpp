#include "controllers/placement/placement.hpp"

#include <algorithm>
#include <optional>
#include <tuple>

namespace marea::placement {
namespace {

bool Tolerated(const kube::Taint& taint, const std::vector<kube::Toleration>& tolerations) {
  if (taint.effect == "PreferNoSchedule") return true;
  return std::ranges::any_of(tolerations, [&](const auto& t) { return kube::Tolerates(t, taint); });
}

// What one alternative (null class: none, CPU only) of a request takes from a node.
kube::ResourceList Need(const api::Request& request, const DeviceClass* device, std::int64_t count) {
  kube::ResourceList need{{"cpu", request.cpu}, {"memory", request.memory}, {"pods", Quantity::FromUnits(1)}};
  if (device != nullptr) need[device->resource] = Quantity::FromUnits(count);
  return need;
}

bool Covers(const NodeView& node, const kube::ResourceList& need, bool when_empty) {
  return std::ranges::all_of(need, [&](const auto& item) {
    const Quantity used = when_empty ? Quantity{} : Amount(node.used, item.first);
    return used + item.second <= Amount(node.allocatable, item.first);
  });
}

class Pass {
 public:
  explicit Pass(Snapshot& snapshot) : snapshot_(snapshot) {
    std::ranges::sort(snapshot_.nodes, {}, &NodeView::name);
    for (const auto& device : snapshot_.classes) by_name_[device.name] = &device;
  }

  api::Proposal PlaceOne(const Key& key, const api::Request& asked) {
    api::Request request = asked;
    for (auto& need : request.claims) {
      const auto given = given_.find(need.claim);
      if (need.node.empty() && given != given_.end()) std::tie(need.node, need.holder) = given->second;
    }
    // Within a pass capacity only shrinks: who asks for what somebody could not have cannot have it either.
    const std::string shape = IsTied(request) ? "" : ShapeOf(request);
    if (const auto refused = refused_.find(shape); !shape.empty() && refused != refused_.end())
      return refused->second;
    auto proposal = PlaceRequest(request);
    if (const auto* wait = std::get_if<api::Wait>(&proposal); wait != nullptr && !shape.empty())
      refused_.emplace(shape, *wait);
    if (const auto* admit = std::get_if<api::Admit>(&proposal)) {
      for (const auto& need : request.claims) {
        if (need.one_node) given_.try_emplace(need.claim, admit->node_name, "session " + key.name);
      }
    }
    return proposal;
  }

 private:
  api::Proposal PlaceRequest(const api::Request& request) {
    if (request.alternatives.empty()) {
      if (auto node = FirstFit(request, nullptr, 0)) return Take(*node, request, nullptr, 0);
    }
    for (const auto& wanted : request.alternatives) {
      const auto device = by_name_.find(wanted.class_name);
      if (device == by_name_.end()) continue;
      if (auto node = FirstFit(request, device->second, wanted.count)) {
        return Take(*node, request, device->second, wanted.count);
      }
    }
    return Explain(request);
  }

  // Whether its volumes leave it only some of the nodes.
  static bool IsTied(const api::Request& request) {
    return std::ranges::any_of(request.claims,
                               [](const auto& need) { return need.reach || !need.node.empty(); });
  }

  // All that decides where a session that is not tied can stand; the same text for those who ask for the
  // same.
  static std::string ShapeOf(const api::Request& request) {
    std::string shape = request.cpu.ToString() + " " + request.memory.ToString();
    for (const auto& wanted : request.alternatives)
      shape += "\n" + wanted.class_name + " " + std::to_string(wanted.count);
    for (const auto& [label, value] : request.node_selector) shape += "\nlabel " + label + "=" + value;
    for (const auto& t : request.tolerations)
      shape += "\ntolerates " + t.key + "\t" + t.operation + "\t" + t.value + "\t" + t.effect;
    return shape;
  }

  // Whether the pod may stand on the node at all, whatever is free.
  bool Admissible(const NodeView& node, const api::Request& request, const DeviceClass* device) const {
    return Suits(node, request, device) && ClaimsAllow(node, request);
  }

  static bool ClaimsAllow(const NodeView& node, const api::Request& request) {
    return std::ranges::all_of(request.claims, [&](const api::ClaimNeed& need) {
      if (need.reach && !kube::Matches(*need.reach, node.name, node.labels)) return false;
      if (need.node.empty()) return true;
      return !need.one_pod && need.node == node.name;
    });
  }

  bool Suits(const NodeView& node, const api::Request& request, const DeviceClass* device) const {
    if (!node.usable || !Selects(request.node_selector, node.labels)) return false;
    if (device != nullptr && OwnerOf(snapshot_.classes, node.labels, device->resource) != device)
      return false;
    return std::ranges::all_of(node.taints, [&](const auto& taint) {
      return Tolerated(taint, request.tolerations) ||
             (device != nullptr && Tolerated(taint, device->tolerations));
    });
  }

  NodeView* FirstFit(const api::Request& request, const DeviceClass* device, std::int64_t count) {
    const auto need = Need(request, device, count);
    NodeView* with_devices = nullptr;
    for (auto& node : snapshot_.nodes) {
      if (!Admissible(node, request, device) || !Covers(node, need, false)) continue;
      if (device != nullptr || !OffersDevices(node)) return &node;
      if (with_devices == nullptr) with_devices = &node;
    }
    return with_devices;
  }

  bool OffersDevices(const NodeView& node) const {
    return std::ranges::any_of(snapshot_.classes, [&](const auto& device) {
      return Amount(node.allocatable, device.resource) > Quantity{} &&
             Selects(device.node_selector, node.labels);
    });
  }

  static api::Proposal Take(NodeView& node, const api::Request& request, const DeviceClass* device,
                            std::int64_t count) {
    for (const auto& [resource, amount] : Need(request, device, count)) {
      node.used[resource] = Amount(node.used, resource) + amount;
    }
    return api::Admit{device == nullptr ? std::string(api::kCpuClass) : device->name, count, node.name};
  }

  api::Proposal Explain(const api::Request& request) const {
    if (request.alternatives.empty()) return ExplainChoice(request, {std::string(api::kCpuClass), 0});
    // The preferred alternative that some node could ever hold decides what is said; else the first.
    for (const auto& wanted : request.alternatives) {
      auto answer = ExplainChoice(request, wanted);
      if (answer.reason != "NoSuchShape") return answer;
    }
    return ExplainChoice(request, request.alternatives.front());
  }

  api::Wait ExplainChoice(const api::Request& request, const api::Alternative& wanted) const {
    api::Wait wait{.reason = "NoSuchShape",
                   .message = {},
                   .shape = {wanted.class_name, wanted.count, request.cpu, request.memory, {}}};
    const bool cpu_only = request.alternatives.empty();
    const auto found = by_name_.find(wanted.class_name);
    const DeviceClass* device = found == by_name_.end() ? nullptr : found->second;
    const std::string size = request.cpu.ToString() + " cpu and " + request.memory.ToString() + " memory";
    const std::string what =
        cpu_only ? size : std::to_string(wanted.count) + " " + wanted.class_name + " with " + size;
    if (!cpu_only && device == nullptr) {
      wait.message = "There is no AcceleratorClass \"" + wanted.class_name + "\".";
      return wait;
    }
    const auto need = Need(request, device, wanted.count);
    Quantity devices, used;
    bool could_hold = false, but_for_claims = false;
    for (const auto& node : snapshot_.nodes) {
      if (!Suits(node, request, device)) continue;
      but_for_claims = but_for_claims || Covers(node, need, true);
      if (!ClaimsAllow(node, request)) continue;
      if (device != nullptr) {
        devices = devices + Amount(node.allocatable, device->resource);
        used = used + Amount(node.used, device->resource);
      }
      could_hold = could_hold || Covers(node, need, true);
    }
    if (const auto* held = HeldClaim(request); held != nullptr && but_for_claims) {
      wait.reason = "HomeInUse";
      wait.message = InUse(*held, what, could_hold);
      return wait;
    }
    if (!could_hold && but_for_claims) {
      wait.reason = "HomeOutOfReach";
      wait.message = "No node that is large enough for " + what + " reaches the volumes of the session.";
      return wait;
    }
    if (!could_hold) {
      wait.message = device != nullptr && devices == Quantity{}
                         ? "No node that is ready offers " + wanted.class_name + "."
                         : "No node that is ready is large enough for " + what + ".";
      return wait;
    }
    wait.reason = "NoFreeDevice";
    if (device == nullptr) {
      wait.message = "Waiting for a node with " + size + " free.";
    } else if (used >= devices) {
      wait.message = "Waiting for " + std::to_string(wanted.count) + " " + wanted.class_name + "; all " +
                     std::to_string(devices.units()) + " are in use.";
    } else {
      wait.message = "Waiting for a node with " + what + " free at once.";
    }
    return wait;
  }

  static const api::ClaimNeed* HeldClaim(const api::Request& request) {
    const auto held =
        std::ranges::find_if(request.claims, [](const auto& need) { return !need.node.empty(); });
    return held == request.claims.end() ? nullptr : &*held;
  }

  static std::string InUse(const api::ClaimNeed& held, const std::string& what, bool could_hold) {
    const std::string mounted = std::string(held.is_home ? "The home" : "Claim " + held.claim.name) +
                                " is mounted by " + held.holder + " on node " + held.node;
    if (held.one_pod) return mounted + " and can be mounted once only; it waits until that one ends.";
    if (!could_hold) return mounted + ", which is not made for " + what + "; it waits until that one ends.";
    return mounted + ", and on no other; that node has no " + what + " free now.";
  }

  Snapshot& snapshot_;
  std::map<std::string, const DeviceClass*> by_name_;
  std::map<std::string, api::Wait> refused_;                  // in this pass: by shape
  std::map<Key, std::pair<std::string, std::string>> given_;  // in this pass: claim -> node and holder
};

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

std::map<Key, api::Proposal> Place(Snapshot snapshot, std::size_t most_admits, const std::set<Key>& overdue) {
  std::vector<std::pair<const Key*, const api::Request*>> order;
  for (const auto& [key, request] : snapshot.waiting) order.emplace_back(&key, &request);
  std::ranges::sort(order, {},
                    [](const auto& item) { return std::tie(item.second->since, item.second->uid); });

  Pass pass(snapshot);
  std::map<Key, api::Proposal> proposals;
  std::size_t admits = 0;
  for (const auto& [key, request] : order) {
    if (admits >= most_admits) break;
    const auto made = proposals.emplace(*key, pass.PlaceOne(*key, *request)).first;
    if (std::holds_alternative<api::Admit>(made->second) && !overdue.contains(*key)) ++admits;
  }
  return proposals;
}

}  // namespace marea::placement
