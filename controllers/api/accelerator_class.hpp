// An AcceleratorClass: a type of device and how many of it there are
// (crds/marea.dev_acceleratorclasses.yaml).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/common.hpp"

namespace marea::api {

inline constexpr kube::ResourceType kAcceleratorClasses{"marea.dev", "v1alpha1", "acceleratorclasses",
                                                        "AcceleratorClass", false};

struct ExtendedResource {
  std::string name;
  static constexpr auto Fields() { return std::tuple(json::Field{"name", &ExtendedResource::name}); }
};

struct Device {
  ExtendedResource extended_resource;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"extendedResource", &Device::extended_resource});
  }
};

struct AcceleratorClassSpec {
  Device device;
  kube::StringMap node_selector;
  std::vector<kube::Toleration> tolerations;
  std::int64_t credits = 1;
  std::optional<std::int64_t> reclaim_below_priority;  // pods below it make room for sessions
  static constexpr auto Fields() {
    return std::tuple(json::Field{"device", &AcceleratorClassSpec::device},
                      json::Field{"nodeSelector", &AcceleratorClassSpec::node_selector},
                      json::Field{"tolerations", &AcceleratorClassSpec::tolerations},
                      json::Field{"credits", &AcceleratorClassSpec::credits},
                      json::Field{"reclaimBelowPriority", &AcceleratorClassSpec::reclaim_below_priority});
  }
};

struct AcceleratorClassStatus {
  std::optional<std::int64_t> nodes, capacity, allocated, free, queued, unmet;
  std::vector<Condition> conditions;
  bool operator==(const AcceleratorClassStatus&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"nodes", &AcceleratorClassStatus::nodes},
                      json::Field{"capacity", &AcceleratorClassStatus::capacity},
                      json::Field{"allocated", &AcceleratorClassStatus::allocated},
                      json::Field{"free", &AcceleratorClassStatus::free},
                      json::Field{"queued", &AcceleratorClassStatus::queued},
                      json::Field{"unmet", &AcceleratorClassStatus::unmet},
                      json::Field{"conditions", &AcceleratorClassStatus::conditions});
  }
};

struct AcceleratorClass {
  static constexpr const kube::ResourceType& kType = kAcceleratorClasses;
  kube::ObjectMeta metadata;
  AcceleratorClassSpec spec;
  AcceleratorClassStatus status;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &AcceleratorClass::metadata},
                      json::Field{"spec", &AcceleratorClass::spec},
                      json::Field{"status", &AcceleratorClass::status});
  }
};

// What turns one status into the other, as a merge patch of the object ("{"status":{...}}"); empty when
// nothing does.
std::string StatusPatch(const AcceleratorClassStatus& from, const AcceleratorClassStatus& to);

}  // namespace marea::api
