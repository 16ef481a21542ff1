#include "controllers/placement/snapshot.hpp"

#include <optional>

#include "controllers/api/names.hpp"

namespace marea::placement {
namespace {

NodeView ViewOf(const kube::Node& node) {
  return {.name = node.metadata.name,
          .labels = node.metadata.labels,
          .taints = node.spec.taints,
          .usable = !node.spec.unschedulable && !node.metadata.deletion_time && kube::IsReady(node),
          .allocatable = node.status.allocatable,
          .used = {}};
}

using NodesByName = std::map<std::string, NodeView*>;

void Use(const NodesByName& nodes, const std::string& node_name, const kube::ResourceList& need) {
  const auto node = nodes.find(node_name);
  if (node == nodes.end()) return;
  for (const auto& [resource, amount] : need) {
    auto& used = node->second->used[resource];
    used = used + amount;
  }
}

class Reader {
 public:
  Reader(const api::World& world, Snapshot& snapshot) : world_(world) {
    for (const auto& [key, c] : world.accelerator_classes.All()) {
      snapshot.classes.push_back(
          {key.name, c->spec.device.extended_resource.name, c->spec.node_selector, c->spec.tolerations});
    }
    for (const auto& [key, node] : world.nodes.All()) snapshot.nodes.push_back(ViewOf(*node));
    for (auto& node : snapshot.nodes) nodes_[node.name] = &node;
  }

  void CountPods() {
    for (const auto& [key, pod] : world_.pods.All()) {
      if (pod->spec.node_name.empty() || kube::HasEnded(*pod)) continue;
      auto need = kube::PodRequests(pod->spec);
      need["pods"] = Quantity::FromUnits(1);
      Use(nodes_, pod->spec.node_name, need);
    }
  }

  void CountAdmission(const api::Session& session, const std::string& device_class, std::int64_t count,
                      const std::string& node_name) {
    const auto pod = world_.pods.Get(api::PodKey(session));
    const bool counted =
        pod && kube::ControllerUid(pod->metadata) == session.metadata.uid && !pod->spec.node_name.empty();
    if (counted) return;
    kube::ResourceList need{{"pods", Quantity::FromUnits(1)}};
    if (const auto cpu = Asked(session, &api::AskedResources::cpu)) need["cpu"] = *cpu;
    if (const auto memory = Asked(session, &api::AskedResources::memory)) need["memory"] = *memory;
    if (const auto c = world_.accelerator_classes.Get({"", device_class})) {
      need[c->spec.device.extended_resource.name] = Quantity::FromUnits(count);
    }
    Use(nodes_, node_name, need);
  }

 private:
  std::optional<Quantity> Asked(const api::Session& session,
                                std::optional<Quantity> api::AskedResources::* resource) const {
    if (const auto& own = session.spec.resources.*resource) return own;
    const auto c = world_.session_classes.Get({"", session.spec.class_name});
    return c ? c->spec.resources.default_resources.*resource : std::nullopt;
  }

  const api::World& world_;
  NodesByName nodes_;
};

}  // namespace

Snapshot Read(const api::World& world, const std::function<bool(const Key&)>& taken_up) {
  Snapshot snapshot;
  Reader reader(world, snapshot);
  reader.CountPods();
  for (const auto& [key, session] : world.sessions.All()) {
    if (const auto& admission = session->status.admission) {
      reader.CountAdmission(*session, admission->accelerator_class, admission->count, admission->node_name);
    }
  }
  for (const auto& [key, request] : world.requests) {
    const auto session = world.sessions.Get(key);
    if (!session || session->status.admission) continue;
    const auto proposal = world.proposals.find(key);
    const auto* admit =
        proposal == world.proposals.end() ? nullptr : std::get_if<api::Admit>(&proposal->second);
    if (admit != nullptr && taken_up(key)) {
      reader.CountAdmission(*session, admit->accelerator_class, admit->count, admit->node_name);
    } else {
      snapshot.waiting.emplace(key, request);
    }
  }
  return snapshot;
}

bool LooksTheSame(const kube::Node& before, const kube::Node& after) {
  return ViewOf(before) == ViewOf(after);
}

bool OnlyStatusChanged(const api::AcceleratorClass* before, const api::AcceleratorClass* after) {
  return before != nullptr && after != nullptr && before->metadata.uid == after->metadata.uid &&
         before->metadata.generation == after->metadata.generation;
}

}  // namespace marea::placement
