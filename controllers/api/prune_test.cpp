#include "controllers/api/prune.hpp"

#include <catch2/catch.hpp>

using namespace marea;

namespace {

template <class Condition>
Condition True(const char* type) {
  Condition condition;
  condition.type = type;
  condition.status = "True";
  return condition;
}

}  // namespace

TEST_CASE("of a pod its own annotations, its claims and the conditions that are read stay") {
  kube::Pod pod;
  pod.metadata.name = "ann-lab";
  pod.metadata.labels = {{"marea.dev/session", "lab"}, {"app", "jupyterhub"}};
  pod.metadata.annotations = {{"marea.dev/attempt", "2"}, {"cni.projectcalico.org/podIP", "10.0.0.7/32"}};
  pod.metadata.finalizers = {"batch.kubernetes.io/job-tracking"};
  pod.spec.volumes = {{.claim = std::nullopt}, {.claim = kube::ClaimVolume{"claim-ann"}}};
  for (const char* type :
       {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    pod.status.conditions.push_back(True<kube::Condition>(type));
  }
  api::Prune(pod);
  CHECK(pod.metadata.name == "ann-lab");
  CHECK(pod.metadata.labels.empty());
  CHECK(pod.metadata.annotations == kube::StringMap{{"marea.dev/attempt", "2"}});
  CHECK(pod.metadata.finalizers.size() == 1);
  REQUIRE(pod.spec.volumes.size() == 1);
  CHECK(pod.spec.volumes[0].claim->claim_name == "claim-ann");
  REQUIRE(pod.status.conditions.size() == 3);
  for (const char* type : {"PodReadyToStartContainers", "Ready", "PodScheduled"})
    CHECK(kube::FindCondition(pod.status.conditions, type) != nullptr);
}

TEST_CASE("of a claim its user and the node it was promised to stay, of a Session its finalizers") {
  kube::PersistentVolumeClaim claim;
  claim.metadata.annotations = {{"marea.dev/user", "ann@example.org"},
                                {"volume.kubernetes.io/selected-node", "gpu-1"},
                                {"pv.kubernetes.io/bind-completed", "yes"}};
  claim.status.conditions = {True<kube::Condition>("Resizing")};
  api::Prune(claim);
  CHECK(claim.metadata.annotations == kube::StringMap{{"marea.dev/user", "ann@example.org"},
                                                      {"volume.kubernetes.io/selected-node", "gpu-1"}});
  CHECK(claim.status.conditions.size() == 1);

  api::Session session;
  session.metadata.finalizers = {"orphan"};
  session.metadata.annotations = {{"kubectl.kubernetes.io/last-applied-configuration", "{…}"}};
  session.status.conditions = {True<api::Condition>("Ready")};
  api::Prune(session);
  CHECK(session.metadata.annotations.empty());
  CHECK(session.metadata.finalizers == std::vector<std::string>{"orphan"});
  CHECK(session.status.conditions.size() == 1);
}

TEST_CASE("labels of nodes and namespaces stay: they are read") {
  kube::Node node;
  node.metadata.labels = {{"topology.kubernetes.io/zone", "a"}};
  kube::Namespace ns;
  ns.metadata.labels = {{"marea.dev/user", "ann"}};
  api::Prune(node);
  api::Prune(ns);
  CHECK(node.metadata.labels.size() == 1);
  CHECK(ns.metadata.labels.size() == 1);
}
