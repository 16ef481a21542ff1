// The Kubernetes objects Marea reads, as narrow as it reads them. Each has a field table and names its
// ResourceType.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "base/time.hpp"
#include "json/fields.hpp"
#include "kube/resource.hpp"

namespace marea::kube {

using StringMap = std::map<std::string, std::string>;
using ResourceList = std::map<std::string, Quantity>;

struct OwnerReference {
  std::string api_version, kind, name, uid;
  std::optional<bool> controller;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"apiVersion", &OwnerReference::api_version},
                      json::Field{"kind", &OwnerReference::kind}, json::Field{"name", &OwnerReference::name},
                      json::Field{"uid", &OwnerReference::uid},
                      json::Field{"controller", &OwnerReference::controller});
  }
};

struct ObjectMeta {
  std::string name, ns, uid;
  std::string resource_version;
  std::int64_t generation = 0;
  std::optional<Time> creation_time, deletion_time;
  StringMap labels, annotations;
  std::vector<OwnerReference> owners;
  std::vector<std::string> finalizers;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"name", &ObjectMeta::name}, json::Field{"namespace", &ObjectMeta::ns},
        json::Field{"uid", &ObjectMeta::uid}, json::Field{"resourceVersion", &ObjectMeta::resource_version},
        json::Field{"generation", &ObjectMeta::generation},
        json::Field{"creationTimestamp", &ObjectMeta::creation_time},
        json::Field{"deletionTimestamp", &ObjectMeta::deletion_time},
        json::Field{"labels", &ObjectMeta::labels}, json::Field{"annotations", &ObjectMeta::annotations},
        json::Field{"ownerReferences", &ObjectMeta::owners},
        json::Field{"finalizers", &ObjectMeta::finalizers});
  }
};

inline Key KeyOf(const ObjectMeta& meta) {
  return {meta.ns, meta.name};
}

// The uid of the controller owner, or "".
std::string ControllerUid(const ObjectMeta& meta);

// As on Pods and Nodes. Marea's own kinds have observedGeneration besides (see controllers/api).
struct Condition {
  std::string type, status, reason, message;  // status: "True", "False", "Unknown"
  std::optional<Time> last_transition_time;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"type", &Condition::type}, json::Field{"status", &Condition::status},
                      json::Field{"reason", &Condition::reason}, json::Field{"message", &Condition::message},
                      json::Field{"lastTransitionTime", &Condition::last_transition_time});
  }
};

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type);

struct Taint {
  std::string key, value, effect;
  bool operator==(const Taint&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"key", &Taint::key}, json::Field{"value", &Taint::value},
                      json::Field{"effect", &Taint::effect});
  }
};

struct Toleration {  // `operation` is "Exists" or "Equal" (the default)
  std::string key, operation, value, effect;
  bool operator==(const Toleration&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"key", &Toleration::key}, json::Field{"operator", &Toleration::operation},
                      json::Field{"value", &Toleration::value}, json::Field{"effect", &Toleration::effect});
  }
};

// As the scheduler's TaintToleration plugin decides it.
bool Tolerates(const Toleration& toleration, const Taint& taint);

struct NodeSpec {
  bool unschedulable = false;
  std::string provider_id;
  std::vector<Taint> taints;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"unschedulable", &NodeSpec::unschedulable},
                      json::Field{"providerID", &NodeSpec::provider_id},
                      json::Field{"taints", &NodeSpec::taints});
  }
};

struct NodeStatus {
  ResourceList capacity, allocatable;
  std::vector<Condition> conditions;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"capacity", &NodeStatus::capacity},
                      json::Field{"allocatable", &NodeStatus::allocatable},
                      json::Field{"conditions", &NodeStatus::conditions});
  }
};

struct Node {
  static constexpr const ResourceType& kType = kNodes;
  ObjectMeta metadata;
  NodeSpec spec;
  NodeStatus status;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &Node::metadata}, json::Field{"spec", &Node::spec},
                      json::Field{"status", &Node::status});
  }
};

bool IsReady(const Node& node);  // by its condition

struct Requirements {  // limits are not read: the API server makes requests of them where none are given
  ResourceList requests;
  static constexpr auto Fields() { return std::tuple(json::Field{"requests", &Requirements::requests}); }
};

struct Container {
  std::string name;
  std::string restart_policy;  // "Always" on an init container makes it a sidecar
  Requirements resources;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"name", &Container::name},
                      json::Field{"restartPolicy", &Container::restart_policy},
                      json::Field{"resources", &Container::resources});
  }
};

struct ClaimVolume {
  std::string claim_name;
  static constexpr auto Fields() { return std::tuple(json::Field{"claimName", &ClaimVolume::claim_name}); }
};

struct Volume {  // of a pod; other sources than claims are not read
  std::optional<ClaimVolume> claim;
  static constexpr auto Fields() { return std::tuple(json::Field{"persistentVolumeClaim", &Volume::claim}); }
};

struct PodSpec {
  std::string node_name;
  std::optional<std::int64_t> priority;
  std::vector<Volume> volumes;
  std::vector<Container> containers, init_containers;
  ResourceList overhead;
  Requirements resources;  // of the whole pod (KEP-2837)
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"nodeName", &PodSpec::node_name}, json::Field{"priority", &PodSpec::priority},
        json::Field{"volumes", &PodSpec::volumes}, json::Field{"containers", &PodSpec::containers},
        json::Field{"initContainers", &PodSpec::init_containers}, json::Field{"overhead", &PodSpec::overhead},
        json::Field{"resources", &PodSpec::resources});
  }
};

struct ContainerWaiting {
  std::string reason, message;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"reason", &ContainerWaiting::reason},
                      json::Field{"message", &ContainerWaiting::message});
  }
};

struct ContainerRunning {
  std::optional<Time> started_time;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"startedAt", &ContainerRunning::started_time});
  }
};

struct ContainerTerminated {
  std::int64_t exit_code = 0;
  std::string reason, message;
  std::optional<Time> finished_time;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"exitCode", &ContainerTerminated::exit_code},
                      json::Field{"reason", &ContainerTerminated::reason},
                      json::Field{"message", &ContainerTerminated::message},
                      json::Field{"finishedAt", &ContainerTerminated::finished_time});
  }
};

struct ContainerState {
  std::optional<ContainerWaiting> waiting;
  std::optional<ContainerRunning> running;
  std::optional<ContainerTerminated> terminated;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"waiting", &ContainerState::waiting},
                      json::Field{"running", &ContainerState::running},
                      json::Field{"terminated", &ContainerState::terminated});
  }
};

struct ContainerStatus {
  std::string name;
  bool ready = false;
  std::int64_t restart_count = 0;
  ContainerState state, last_state;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"name", &ContainerStatus::name},
                      json::Field{"ready", &ContainerStatus::ready},
                      json::Field{"restartCount", &ContainerStatus::restart_count},
                      json::Field{"state", &ContainerStatus::state},
                      json::Field{"lastState", &ContainerStatus::last_state});
  }
};

struct PodStatus {
  std::string phase;  // Pending, Running, Succeeded, Failed, Unknown
  std::string reason, message;
  std::string pod_ip;
  std::string nominated_node_name;  // where the scheduler ends pods of lower priority for it
  std::vector<Condition> conditions;
  std::vector<ContainerStatus> containers;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"phase", &PodStatus::phase}, json::Field{"reason", &PodStatus::reason},
                      json::Field{"message", &PodStatus::message}, json::Field{"podIP", &PodStatus::pod_ip},
                      json::Field{"nominatedNodeName", &PodStatus::nominated_node_name},
                      json::Field{"conditions", &PodStatus::conditions},
                      json::Field{"containerStatuses", &PodStatus::containers});
  }
};

struct Pod {
  static constexpr const ResourceType& kType = kPods;
  ObjectMeta metadata;
  PodSpec spec;
  PodStatus status;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &Pod::metadata}, json::Field{"spec", &Pod::spec},
                      json::Field{"status", &Pod::status});
  }
};

bool HasEnded(const Pod& pod);  // all its containers have, for good

// What the scheduler counts for a pod: the larger of the containers' sum and any init container's need
// (sidecars count on both sides, KEP-753), replaced by what the pod asks for as a whole (KEP-2837), plus
// overhead.
ResourceList PodRequests(const PodSpec& spec);

struct ServicePort {
  std::int64_t port = 0;
  static constexpr auto Fields() { return std::tuple(json::Field{"port", &ServicePort::port}); }
};

struct ServiceSpec {
  std::string cluster_ip;
  std::vector<ServicePort> ports;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"clusterIP", &ServiceSpec::cluster_ip},
                      json::Field{"ports", &ServiceSpec::ports});
  }
};

struct Service {
  static constexpr const ResourceType& kType = kServices;
  ObjectMeta metadata;
  ServiceSpec spec;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &Service::metadata}, json::Field{"spec", &Service::spec});
  }
};

struct Namespace {
  static constexpr const ResourceType& kType = kNamespaces;
  ObjectMeta metadata;
  static constexpr auto Fields() { return std::tuple(json::Field{"metadata", &Namespace::metadata}); }
};

// Of routes we read whose they are and what they were made from.
struct Ingress {
  static constexpr const ResourceType& kType = kIngresses;
  ObjectMeta metadata;
  static constexpr auto Fields() { return std::tuple(json::Field{"metadata", &Ingress::metadata}); }
};

struct HttpRoute {
  static constexpr const ResourceType& kType = kHttpRoutes;
  ObjectMeta metadata;
  static constexpr auto Fields() { return std::tuple(json::Field{"metadata", &HttpRoute::metadata}); }
};

struct ObjectReference {
  std::string kind, ns, name, uid;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"kind", &ObjectReference::kind},
                      json::Field{"namespace", &ObjectReference::ns},
                      json::Field{"name", &ObjectReference::name}, json::Field{"uid", &ObjectReference::uid});
  }
};

// Only warnings are watched: what kubelet, scheduler and volume controllers have to say about pods and
// claims.
struct Event {
  static constexpr const ResourceType& kType = kWarnings;
  ObjectMeta metadata;
  ObjectReference involved;
  std::string reason, message;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &Event::metadata},
                      json::Field{"involvedObject", &Event::involved}, json::Field{"reason", &Event::reason},
                      json::Field{"message", &Event::message});
  }
};

// Its times are text: they are for people, and judging by them would trust other machines' clocks. The API
// takes them with six digits of a second and not otherwise (FormatMicroTime).
struct LeaseSpec {
  std::optional<std::string> holder_identity;  // "" when it was given back
  std::optional<std::int64_t> lease_duration_seconds;
  std::string acquire_time, renew_time;
  std::optional<std::int64_t> lease_transitions;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"holderIdentity", &LeaseSpec::holder_identity},
                      json::Field{"leaseDurationSeconds", &LeaseSpec::lease_duration_seconds},
                      json::Field{"acquireTime", &LeaseSpec::acquire_time},
                      json::Field{"renewTime", &LeaseSpec::renew_time},
                      json::Field{"leaseTransitions", &LeaseSpec::lease_transitions});
  }
};

struct Lease {
  static constexpr const ResourceType& kType = kLeases;
  ObjectMeta metadata;
  LeaseSpec spec;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &Lease::metadata}, json::Field{"spec", &Lease::spec});
  }
};

}  // namespace marea::kube
