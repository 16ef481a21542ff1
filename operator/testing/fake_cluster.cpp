#include "testing/fake_cluster.hpp"

#include "testing/fake_parts.hpp"

namespace marea::testing {
namespace {

constexpr const char* kUnreachable = "node.kubernetes.io/unreachable";

}  // namespace

struct FakeCluster::Impl {
  Impl(SimLoop& world, FakeApi& api, const Options& o)
      : options(o),
        client(world, api),
        scheduler(client, options),
        kubelets(client, options),
        volumes(client, options),
        collector(client, options) {
    api.Listen([this](const FakeApi::Change& change) { Hear(change); });
  }

  void Hear(const FakeApi::Change& change) {
    scheduler.Hear(change);
    kubelets.Hear(change);
    volumes.Hear(change);
    collector.Hear(change);
  }

  void LookAnew() {
    scheduler.Forget();
    kubelets.LookAnew();
    for (const char* plural : {"nodes", "persistentvolumeclaims", "pods"}) {
      for (const auto& [key, object] : client.api().All(plural))
        Hear({"ADDED", plural, key, 0, nullptr, object});
    }
  }

  void SetReady(const std::string& name, const char* ready) {
    const auto node = client.api().Get("nodes", {"", name});
    if (!node) return;
    const bool lost = std::string_view(ready) != "True";
    auto conditions = WithCondition(*node, "Ready", ready, lost ? "NodeStatusUnknown" : "KubeletReady", {},
                                    client.world().Now());
    client.Patch(kube::kNodes, {"", name}, "status", {{"status", {{"conditions", conditions}}}});
    Json taints = Json::array();
    for (const auto& taint : node->value("spec", Json::object()).value("taints", Json::array())) {
      if (taint.at("key") != kUnreachable) taints.push_back(taint);
    }
    if (lost) {
      taints.push_back({{"key", kUnreachable}, {"effect", "NoSchedule"}});
      taints.push_back({{"key", kUnreachable}, {"effect", "NoExecute"}});
    }
    client.Patch(kube::kNodes, {"", name}, "", {{"spec", {{"taints", taints}}}});
    if (lost) MarkPodsNotReady(name);
  }

  // As the node life cycle controller: what is on a node that does not answer is not counted on.
  void MarkPodsNotReady(const std::string& node) {
    const auto pods = client.api().All("pods");  // a copy: each patch changes it
    for (const auto& [key, pod] : pods) {
      if (NodeOf(*pod) != node || HasEnded(*pod)) continue;
      const auto conditions = WithCondition(*pod, "Ready", "False", {}, {}, client.world().Now());
      client.Patch(kube::kPods, key, "status", {{"status", {{"conditions", conditions}}}});
    }
  }

  // As the taint manager: the pods of a node that stays lost are told to go, which its kubelet does not hear.
  void Evict(const std::string& name) {
    std::vector<std::pair<Key, std::string>> pods;
    for (const auto& [key, pod] : client.api().All("pods")) {
      if (NodeOf(*pod) == name && !IsTerminating(*pod)) pods.emplace_back(key, pod->at("metadata").at("uid"));
    }
    for (const auto& [key, uid] : pods) client.Delete(kube::kPods, key, uid, {});
  }

  Options options;
  FakeClient client;
  FakeScheduler scheduler;
  FakeKubelets kubelets;
  FakeVolumes volumes;
  FakeCollector collector;
  std::map<std::string, int> silences;  // by node, counted, so that an old timer finds it has been revived
  std::set<std::string> silent;
};

FakeCluster::FakeCluster(SimLoop& world, FakeApi& api, const Options& options)
    : impl_(std::make_unique<Impl>(world, api, options)) {}

FakeCluster::~FakeCluster() = default;

void FakeCluster::AddNode(const std::string& name, const kube::StringMap& labels,
                          const kube::StringMap& resources, const Json& taints) {
  impl_->client.Create(kube::kNodes, "",
                       {{"apiVersion", "v1"},
                        {"kind", "Node"},
                        {"metadata", {{"name", name}, {"labels", labels}}},
                        {"spec", {{"taints", taints}}}});
  const Json ready = {{"type", "Ready"},
                      {"status", "True"},
                      {"reason", "KubeletReady"},
                      {"lastTransitionTime", FormatTime(impl_->client.world().Now())}};
  impl_->client.Patch(
      kube::kNodes, {"", name}, "status",
      {{"status",
        {{"capacity", resources}, {"allocatable", resources}, {"conditions", Json::array({ready})}}}});
}

void FakeCluster::SetResources(const std::string& name, const kube::StringMap& resources) {
  impl_->client.Patch(kube::kNodes, {"", name}, "status",
                      {{"status", {{"capacity", resources}, {"allocatable", resources}}}});
}

void FakeCluster::SilenceNode(const std::string& name) {
  impl_->kubelets.Silence(name);
  impl_->silent.insert(name);
  const int silence = ++impl_->silences[name];
  const auto still = [impl = impl_.get(), name, silence] {
    return impl->silent.contains(name) && impl->silences[name] == silence;
  };
  auto& world = impl_->client.world();
  world.After(impl_->options.node_grace, [impl = impl_.get(), name, still] {
    if (still()) impl->SetReady(name, "Unknown");
  });
  world.After(impl_->options.node_grace + impl_->options.eviction, [impl = impl_.get(), name, still] {
    if (still()) impl->Evict(name);
  });
}

void FakeCluster::ReviveNode(const std::string& name) {
  impl_->silent.erase(name);
  impl_->SetReady(name, "True");
  impl_->kubelets.Revive(name);
}

void FakeCluster::RemoveNode(const std::string& name) {
  impl_->silent.erase(name);
  impl_->kubelets.Lose(name);
  impl_->client.Delete(kube::kNodes, {"", name}, {}, {});
}

void FakeCluster::BreakImage(const std::string& image, ContainerFault fault) {
  impl_->kubelets.BreakImage(image, std::move(fault));
}

void FakeCluster::MendImage(const std::string& image) {
  impl_->kubelets.MendImage(image);
}

void FakeCluster::HinderNode(const std::string& name, const std::string& reason, const std::string& message) {
  impl_->kubelets.Hinder(name, reason, message);
}

void FakeCluster::FreeNode(const std::string& name) {
  impl_->kubelets.Free(name);
}

void FakeCluster::BreakStorage(const std::string& storage_class, const std::string& message) {
  impl_->volumes.Break(storage_class, message);
}

void FakeCluster::MendStorage(const std::string& storage_class) {
  impl_->volumes.Mend(storage_class);
}

void FakeCluster::LookAnew() {
  impl_->client.world().Post([impl = impl_.get()] { impl->LookAnew(); });
}

void FakeCluster::EvictPod(const Key& pod, const std::string& message) {
  impl_->kubelets.Fail(pod, "Evicted", message);
}

void FakeCluster::EndNotebook(const Key& pod, int exit_code) {
  impl_->kubelets.Exit(pod, exit_code);
}

std::map<std::string, int> FakeCluster::RunningBySession() const {
  return impl_->kubelets.RunningBySession();
}

}  // namespace marea::testing
