// Claims, volumes and their classes, as narrow as Marea reads them, and which nodes can reach a volume.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kube/types.hpp"

namespace marea::kube {

struct NodeRequirement {       // of a label, or of a field ("metadata.name")
  std::string key, operation;  // In, NotIn, Exists, DoesNotExist, Gt, Lt
  std::vector<std::string> values;
  bool operator==(const NodeRequirement&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"key", &NodeRequirement::key},
                      json::Field{"operator", &NodeRequirement::operation},
                      json::Field{"values", &NodeRequirement::values});
  }
};

struct NodeSelectorTerm {
  std::vector<NodeRequirement> expressions, fields;
  bool operator==(const NodeSelectorTerm&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"matchExpressions", &NodeSelectorTerm::expressions},
                      json::Field{"matchFields", &NodeSelectorTerm::fields});
  }
};

struct NodeSelector {  // one term must hold; of a term all requirements
  std::vector<NodeSelectorTerm> terms;
  bool operator==(const NodeSelector&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"nodeSelectorTerms", &NodeSelector::terms});
  }
};

// As the scheduler decides it: a term without requirements matches nothing, an operator it does not know
// neither.
bool Matches(const NodeSelector& selector, const std::string& node_name, const StringMap& labels);

struct ClaimSpec {
  std::vector<std::string> access_modes;
  std::optional<std::string> storage_class_name;
  std::string volume_name;
  Requirements resources;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"accessModes", &ClaimSpec::access_modes},
                      json::Field{"storageClassName", &ClaimSpec::storage_class_name},
                      json::Field{"volumeName", &ClaimSpec::volume_name},
                      json::Field{"resources", &ClaimSpec::resources});
  }
};

struct ClaimStatus {
  std::string phase;  // Pending, Bound, Lost
  ResourceList capacity;
  std::vector<Condition> conditions;  // Resizing, FileSystemResizePending, …
  static constexpr auto Fields() {
    return std::tuple(json::Field{"phase", &ClaimStatus::phase},
                      json::Field{"capacity", &ClaimStatus::capacity},
                      json::Field{"conditions", &ClaimStatus::conditions});
  }
};

struct PersistentVolumeClaim {
  static constexpr const ResourceType& kType = kClaims;
  ObjectMeta metadata;
  ClaimSpec spec;
  ClaimStatus status;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &PersistentVolumeClaim::metadata},
                      json::Field{"spec", &PersistentVolumeClaim::spec},
                      json::Field{"status", &PersistentVolumeClaim::status});
  }
};

struct VolumeNodeAffinity {
  NodeSelector required;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"required", &VolumeNodeAffinity::required});
  }
};

struct PersistentVolumeSpec {
  std::optional<VolumeNodeAffinity> node_affinity;  // absent: every node reaches it
  static constexpr auto Fields() {
    return std::tuple(json::Field{"nodeAffinity", &PersistentVolumeSpec::node_affinity});
  }
};

struct PersistentVolume {
  static constexpr const ResourceType& kType = kVolumes;
  ObjectMeta metadata;
  PersistentVolumeSpec spec;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &PersistentVolume::metadata},
                      json::Field{"spec", &PersistentVolume::spec});
  }
};

struct TopologyRequirement {
  std::string key;
  std::vector<std::string> values;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"key", &TopologyRequirement::key},
                      json::Field{"values", &TopologyRequirement::values});
  }
};

struct TopologyTerm {
  std::vector<TopologyRequirement> expressions;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"matchLabelExpressions", &TopologyTerm::expressions});
  }
};

struct StorageClass {
  static constexpr const ResourceType& kType = kStorageClasses;
  ObjectMeta metadata;
  std::string volume_binding_mode;  // Immediate, WaitForFirstConsumer
  bool allow_volume_expansion = false;
  std::vector<TopologyTerm> allowed_topologies;  // empty: volumes are made anywhere
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &StorageClass::metadata},
                      json::Field{"volumeBindingMode", &StorageClass::volume_binding_mode},
                      json::Field{"allowVolumeExpansion", &StorageClass::allow_volume_expansion},
                      json::Field{"allowedTopologies", &StorageClass::allowed_topologies});
  }
};

// Where volumes of the class can be made; nullopt: anywhere.
std::optional<NodeSelector> Topology(const StorageClass& storage);

}  // namespace marea::kube
