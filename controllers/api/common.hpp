// What Marea's kinds have in common. The source of truth for what is valid is crds/; these structs mirror it,
// and a test holds the two together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/types.hpp"

namespace marea::api {

struct Condition {  // metav1.Condition
  std::string type, status, reason, message;
  std::int64_t observed_generation = 0;
  std::optional<Time> last_transition_time;
  bool operator==(const Condition&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"type", &Condition::type}, json::Field{"status", &Condition::status},
                      json::Field{"reason", &Condition::reason}, json::Field{"message", &Condition::message},
                      json::Field{"observedGeneration", &Condition::observed_generation},
                      json::Field{"lastTransitionTime", &Condition::last_transition_time});
  }
};

// Null when there is none; points into `conditions`, which therefore may not be a temporary.
const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type);
const Condition* FindCondition(std::vector<Condition>&& conditions, std::string_view type) = delete;

struct AskedResources {  // of a Session; also the class's `default` and `max`
  std::optional<Quantity> cpu, memory;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"cpu", &AskedResources::cpu},
                      json::Field{"memory", &AskedResources::memory});
  }
};

struct VolumeMount {  // a claim of the session's namespace
  std::string claim_name, mount_path;
  bool read_only = false;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"claimName", &VolumeMount::claim_name},
                      json::Field{"mountPath", &VolumeMount::mount_path},
                      json::Field{"readOnly", &VolumeMount::read_only});
  }
};

}  // namespace marea::api
