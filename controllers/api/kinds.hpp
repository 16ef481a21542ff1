// Marea's own kinds, group marea.dev/v1alpha1. The source of truth for what is valid is crds/; these structs
// mirror it, and a test holds the two together.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/proposal.hpp"
#include "kube/types.hpp"

namespace marea::api {

inline constexpr kube::ResourceType kSessions{"marea.dev", "v1alpha1", "sessions", "Session", true};
inline constexpr kube::ResourceType kSessionClasses{"marea.dev", "v1alpha1", "sessionclasses", "SessionClass",
                                                    false};
inline constexpr kube::ResourceType kAcceleratorClasses{"marea.dev", "v1alpha1", "acceleratorclasses",
                                                        "AcceleratorClass", false};

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

enum class DesiredState { kRunning, kStopped };
enum class StopReason { kNone, kUserRequest, kExpired, kFailed, kShutDown };

struct AskedResources {  // also the class's `default` and `max`
  std::optional<Quantity> cpu, memory;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"cpu", &AskedResources::cpu},
                      json::Field{"memory", &AskedResources::memory});
  }
};

struct AskedAccelerator {
  std::vector<Alternative> alternatives;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"alternatives", &AskedAccelerator::alternatives});
  }
};

struct AskedHome {
  std::string claim_name;
  std::optional<Quantity> size;
  std::string storage_class_name;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"claimName", &AskedHome::claim_name}, json::Field{"size", &AskedHome::size},
                      json::Field{"storageClassName", &AskedHome::storage_class_name});
  }
};

struct EnvVar {
  std::string name, value;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"name", &EnvVar::name}, json::Field{"value", &EnvVar::value});
  }
};

struct SessionSpec {
  std::string class_name;
  std::string user;
  std::string image;
  AskedResources resources;
  AskedAccelerator accelerator;
  std::optional<std::int64_t> duration_seconds;
  AskedHome home;
  std::vector<EnvVar> env;
  std::string base_path;
  DesiredState desired_state = DesiredState::kRunning;
  std::optional<std::int64_t> run;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"className", &SessionSpec::class_name}, json::Field{"user", &SessionSpec::user},
        json::Field{"image", &SessionSpec::image}, json::Field{"resources", &SessionSpec::resources},
        json::Field{"accelerator", &SessionSpec::accelerator},
        json::Field{"durationSeconds", &SessionSpec::duration_seconds},
        json::Field{"home", &SessionSpec::home}, json::Field{"env", &SessionSpec::env},
        json::Field{"basePath", &SessionSpec::base_path},
        json::Field{"desiredState", &SessionSpec::desired_state}, json::Field{"run", &SessionSpec::run});
  }
};

struct Admission {
  std::string accelerator_class;  // or kCpuClass
  std::int64_t count = 0;
  std::string node_name;
  std::int64_t duration_seconds = 0;
  std::optional<Time> time;
  bool operator==(const Admission&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"acceleratorClass", &Admission::accelerator_class},
                      json::Field{"count", &Admission::count}, json::Field{"nodeName", &Admission::node_name},
                      json::Field{"durationSeconds", &Admission::duration_seconds},
                      json::Field{"time", &Admission::time});
  }
};

struct Stop {
  std::int64_t run = 0;
  StopReason reason = StopReason::kNone;
  std::string message;
  std::optional<Time> time;
  bool operator==(const Stop&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"run", &Stop::run}, json::Field{"reason", &Stop::reason},
                      json::Field{"message", &Stop::message}, json::Field{"time", &Stop::time});
  }
};

struct QueueStatus {
  std::optional<Time> since_time;
  std::string reason, message;
  bool operator==(const QueueStatus&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"sinceTime", &QueueStatus::since_time},
                      json::Field{"reason", &QueueStatus::reason},
                      json::Field{"message", &QueueStatus::message});
  }
};

struct SessionStatus {
  // Records: decisions, written before their effect and never derived again.
  std::string user;  // empty: this Session was never visited
  std::int64_t run = 0, attempt = 0, retries = 0;
  std::optional<Admission> admission;  // held until the pod is gone
  std::optional<Time> start_time, expires_time;
  std::optional<Stop> stop;
  QueueStatus queue;  // of which sinceTime is a record
  // Projection: one pure function of the records and of what is seen.
  std::string summary, url, pod_name, node_name, home_claim_name, token_secret_name;
  std::optional<Time> ready_time;
  std::vector<Condition> conditions;
  bool operator==(const SessionStatus&) const = default;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"user", &SessionStatus::user}, json::Field{"run", &SessionStatus::run},
        json::Field{"attempt", &SessionStatus::attempt}, json::Field{"retries", &SessionStatus::retries},
        json::Field{"admission", &SessionStatus::admission},
        json::Field{"startTime", &SessionStatus::start_time},
        json::Field{"expiresTime", &SessionStatus::expires_time}, json::Field{"stop", &SessionStatus::stop},
        json::Field{"queue", &SessionStatus::queue}, json::Field{"summary", &SessionStatus::summary},
        json::Field{"url", &SessionStatus::url}, json::Field{"podName", &SessionStatus::pod_name},
        json::Field{"nodeName", &SessionStatus::node_name},
        json::Field{"homeClaimName", &SessionStatus::home_claim_name},
        json::Field{"tokenSecretName", &SessionStatus::token_secret_name},
        json::Field{"readyTime", &SessionStatus::ready_time},
        json::Field{"conditions", &SessionStatus::conditions});
  }
};

struct Session {
  static constexpr const kube::ResourceType& kType = kSessions;
  kube::ObjectMeta metadata;
  SessionSpec spec;
  SessionStatus status;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &Session::metadata}, json::Field{"spec", &Session::spec},
                      json::Field{"status", &Session::status});
  }
};

struct ClassImage {
  std::string name, image, pull_policy;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"name", &ClassImage::name}, json::Field{"image", &ClassImage::image},
                      json::Field{"pullPolicy", &ClassImage::pull_policy});
  }
};

struct ClassResources {
  AskedResources default_resources, max;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"default", &ClassResources::default_resources},
                      json::Field{"max", &ClassResources::max});
  }
};

struct ClassAccelerator {
  std::string class_name;
  std::int64_t max_count = 1;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"className", &ClassAccelerator::class_name},
                      json::Field{"maxCount", &ClassAccelerator::max_count});
  }
};

struct ClassHome {
  Quantity size;
  std::string storage_class_name, access_mode, mount_path;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"size", &ClassHome::size},
                      json::Field{"storageClassName", &ClassHome::storage_class_name},
                      json::Field{"accessMode", &ClassHome::access_mode},
                      json::Field{"mountPath", &ClassHome::mount_path});
  }
};

struct ClassPod {
  std::int64_t port = 8888;
  std::vector<std::string> command, args;
  std::int64_t run_as_user = 1000, run_as_group = 1000;
  Quantity shared_memory;
  kube::StringMap node_selector;
  std::vector<kube::Toleration> tolerations;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"port", &ClassPod::port}, json::Field{"command", &ClassPod::command},
                      json::Field{"args", &ClassPod::args}, json::Field{"runAsUser", &ClassPod::run_as_user},
                      json::Field{"runAsGroup", &ClassPod::run_as_group},
                      json::Field{"sharedMemory", &ClassPod::shared_memory},
                      json::Field{"nodeSelector", &ClassPod::node_selector},
                      json::Field{"tolerations", &ClassPod::tolerations});
  }
};

struct SessionClassSpec {  // the API server has filled in the schema's defaults
  std::vector<ClassImage> images;
  ClassResources resources;
  std::vector<ClassAccelerator> accelerators;
  std::int64_t default_duration_seconds = 0, max_duration_seconds = 0, start_deadline_seconds = 0;
  ClassHome home;
  ClassPod pod;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"images", &SessionClassSpec::images},
                      json::Field{"resources", &SessionClassSpec::resources},
                      json::Field{"accelerators", &SessionClassSpec::accelerators},
                      json::Field{"defaultDurationSeconds", &SessionClassSpec::default_duration_seconds},
                      json::Field{"maxDurationSeconds", &SessionClassSpec::max_duration_seconds},
                      json::Field{"startDeadlineSeconds", &SessionClassSpec::start_deadline_seconds},
                      json::Field{"home", &SessionClassSpec::home},
                      json::Field{"pod", &SessionClassSpec::pod});
  }
};

struct SessionClass {
  static constexpr const kube::ResourceType& kType = kSessionClasses;
  kube::ObjectMeta metadata;
  SessionClassSpec spec;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &SessionClass::metadata},
                      json::Field{"spec", &SessionClass::spec});
  }
};

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
  static constexpr auto Fields() {
    return std::tuple(json::Field{"device", &AcceleratorClassSpec::device},
                      json::Field{"nodeSelector", &AcceleratorClassSpec::node_selector},
                      json::Field{"tolerations", &AcceleratorClassSpec::tolerations});
  }
};

struct AcceleratorClass {
  static constexpr const kube::ResourceType& kType = kAcceleratorClasses;
  kube::ObjectMeta metadata;
  AcceleratorClassSpec spec;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &AcceleratorClass::metadata},
                      json::Field{"spec", &AcceleratorClass::spec});
  }
};

// What turns one status into the other, as a merge patch of the object ("{"status":{...}}"); empty when
// nothing does.
std::string StatusPatch(const SessionStatus& from, const SessionStatus& to);

}  // namespace marea::api

template <>
struct marea::json::EnumNames<marea::api::DesiredState> {
  static constexpr std::array<std::string_view, 2> names{"Running", "Stopped"};
};
template <>
struct marea::json::EnumNames<marea::api::StopReason> {
  static constexpr std::array<std::string_view, 5> names{"", "UserRequest", "Expired", "Failed", "ShutDown"};
};
