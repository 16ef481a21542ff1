#include "controllers/api/prune.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace marea::api {

namespace {

constexpr std::string_view kOurs = "marea.dev/";
constexpr std::string_view kSelectedNode = "volume.kubernetes.io/selected-node";
constexpr std::array<std::string_view, 3> kPodConditions{"PodScheduled", "PodReadyToStartContainers",
                                                         "Ready"};

void PruneMetadata(kube::ObjectMeta& metadata) {
  metadata.labels.clear();
  std::erase_if(metadata.annotations, [](const auto& annotation) {
    return !annotation.first.starts_with(kOurs) && annotation.first != kSelectedNode;
  });
}

}  // namespace

void Prune(Session& session) {
  PruneMetadata(session.metadata);
}

void Prune(kube::Pod& pod) {
  PruneMetadata(pod.metadata);
  std::erase_if(pod.spec.volumes, [](const kube::Volume& volume) { return !volume.claim; });
  pod.spec.volumes.shrink_to_fit();
  std::erase_if(pod.status.conditions, [](const kube::Condition& condition) {
    return std::ranges::find(kPodConditions, condition.type) == kPodConditions.end();
  });
  pod.status.conditions.shrink_to_fit();
}

void Prune(kube::PersistentVolumeClaim& claim) {
  PruneMetadata(claim.metadata);
}

void Prune(kube::PersistentVolume& volume) {
  PruneMetadata(volume.metadata);
}

void Prune(kube::Service& service) {
  PruneMetadata(service.metadata);
}

void Prune(kube::Event& event) {
  PruneMetadata(event.metadata);
}

void Prune(kube::Ingress& ingress) {
  PruneMetadata(ingress.metadata);
}

void Prune(kube::HttpRoute& route) {
  PruneMetadata(route.metadata);
}

}  // namespace marea::api
