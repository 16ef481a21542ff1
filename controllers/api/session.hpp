// A Session: what is asked for, and what Marea decided and sees (crds/marea.dev_sessions.yaml).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/common.hpp"
#include "controllers/api/proposal.hpp"

namespace marea::api {

inline constexpr kube::ResourceType kSessions{"marea.dev", "v1alpha1", "sessions", "Session", true};

enum class DesiredState { kRunning, kStopped };
enum class Auth { kToken, kHub };
enum class Credentials { kNone, kRequired };
enum class StopReason { kNone, kUserRequest, kExpired, kFailed, kShutDown };

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
  std::string user, project;
  std::string image;
  AskedResources resources;
  AskedAccelerator accelerator;
  std::optional<std::int64_t> duration_seconds;
  bool preemptible = false;
  std::int64_t priority = 0;
  AskedHome home;
  std::vector<VolumeMount> volumes;
  std::vector<EnvVar> env;
  Auth auth = Auth::kToken;
  Credentials credentials = Credentials::kNone;
  std::string base_path;  // empty: see BasePath in names.hpp
  DesiredState desired_state = DesiredState::kRunning;
  std::optional<std::int64_t> run;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"className", &SessionSpec::class_name}, json::Field{"user", &SessionSpec::user},
        json::Field{"project", &SessionSpec::project}, json::Field{"image", &SessionSpec::image},
        json::Field{"resources", &SessionSpec::resources},
        json::Field{"accelerator", &SessionSpec::accelerator},
        json::Field{"durationSeconds", &SessionSpec::duration_seconds},
        json::Field{"preemptible", &SessionSpec::preemptible},
        json::Field{"priority", &SessionSpec::priority}, json::Field{"home", &SessionSpec::home},
        json::Field{"volumes", &SessionSpec::volumes}, json::Field{"env", &SessionSpec::env},
        json::Field{"auth", &SessionSpec::auth}, json::Field{"credentials", &SessionSpec::credentials},
        json::Field{"basePath", &SessionSpec::base_path},
        json::Field{"desiredState", &SessionSpec::desired_state}, json::Field{"run", &SessionSpec::run});
  }
};

struct Admission {
  std::string accelerator_class;  // or kCpuClass
  std::int64_t count = 0;
  std::string node_name;
  AdmissionKind kind = AdmissionKind::kNone;  // none: of before there were Projects
  std::int64_t duration_seconds = 0;
  std::optional<Time> time;
  bool operator==(const Admission&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"acceleratorClass", &Admission::accelerator_class},
                      json::Field{"count", &Admission::count}, json::Field{"nodeName", &Admission::node_name},
                      json::Field{"kind", &Admission::kind},
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
  std::optional<std::int64_t> position;
  Shape shape;
  bool operator==(const QueueStatus&) const = default;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"sinceTime", &QueueStatus::since_time}, json::Field{"reason", &QueueStatus::reason},
        json::Field{"message", &QueueStatus::message}, json::Field{"position", &QueueStatus::position},
        json::Field{"shape", &QueueStatus::shape});
  }
};

struct SessionStatus {
  // Records: decisions, written before their effect and never derived again.
  std::string user;     // empty: this Session was never visited
  std::string project;  // empty: not charged to any yet
  std::int64_t run = 0, attempt = 0, retries = 0, refused_places = 0;
  std::optional<Admission> admission;  // held until the pod is gone
  std::optional<Time> start_time, expires_time;
  std::optional<Stop> stop;
  QueueStatus queue;  // of which sinceTime is a record
  // Projection: one pure function of the records and of what is seen.
  std::string summary, url, pending_change, pod_name, node_name, home_claim_name, token_secret_name;
  std::optional<Time> ready_time;
  std::vector<Condition> conditions;
  bool operator==(const SessionStatus&) const = default;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"user", &SessionStatus::user}, json::Field{"project", &SessionStatus::project},
        json::Field{"run", &SessionStatus::run}, json::Field{"attempt", &SessionStatus::attempt},
        json::Field{"retries", &SessionStatus::retries},
        json::Field{"refusedPlaces", &SessionStatus::refused_places},
        json::Field{"admission", &SessionStatus::admission},
        json::Field{"startTime", &SessionStatus::start_time},
        json::Field{"expiresTime", &SessionStatus::expires_time}, json::Field{"stop", &SessionStatus::stop},
        json::Field{"queue", &SessionStatus::queue}, json::Field{"summary", &SessionStatus::summary},
        json::Field{"url", &SessionStatus::url}, json::Field{"pendingChange", &SessionStatus::pending_change},
        json::Field{"podName", &SessionStatus::pod_name}, json::Field{"nodeName", &SessionStatus::node_name},
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
template <>
struct marea::json::EnumNames<marea::api::Auth> {
  static constexpr std::array<std::string_view, 2> names{"Token", "Hub"};
};
template <>
struct marea::json::EnumNames<marea::api::Credentials> {
  static constexpr std::array<std::string_view, 2> names{"None", "Required"};
};
