#include "kube/types.hpp"

#include <algorithm>

namespace marea::kube {

namespace {

void AddTo(ResourceList& sum, const ResourceList& more) {
  for (const auto& [name, quantity] : more) sum[name] = sum[name] + quantity;
}

void RaiseTo(ResourceList& most, const ResourceList& other) {
  for (const auto& [name, quantity] : other) most[name] = std::max(most[name], quantity);
}

}  // namespace

std::string ControllerUid(const ObjectMeta& meta) {
  const auto owner =
      std::ranges::find_if(meta.owners, [](const auto& o) { return o.controller.value_or(false); });
  return owner == meta.owners.end() ? std::string{} : owner->uid;
}

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

bool Tolerates(const Toleration& toleration, const Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.operation == "Exists") return true;
  return (toleration.operation.empty() || toleration.operation == "Equal") && toleration.value == taint.value;
}

ResourceList PodRequests(const PodSpec& spec) {
  ResourceList running, sidecars, starting;
  for (const Container& container : spec.containers) AddTo(running, container.resources.requests);
  for (const Container& container : spec.init_containers) {
    if (container.restart_policy == "Always") {
      AddTo(running, container.resources.requests);
      AddTo(sidecars, container.resources.requests);
    } else {
      ResourceList together = sidecars;  // those started before it
      AddTo(together, container.resources.requests);
      RaiseTo(starting, together);
    }
  }
  RaiseTo(running, starting);
  for (const auto& [name, quantity] : spec.resources.requests) running[name] = quantity;
  AddTo(running, spec.overhead);
  return running;
}

bool IsReady(const Node& node) {
  const auto* ready = FindCondition(node.status.conditions, "Ready");
  return ready != nullptr && ready->status == "True";
}

bool HasEnded(const Pod& pod) {
  return pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
}

}  // namespace marea::kube
