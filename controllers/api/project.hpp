// A Project: who shares the platform's devices, what each was promised, and what it uses
// (crds/marea.dev_projects.yaml).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controllers/api/common.hpp"
#include "kube/storage.hpp"

namespace marea::api {

inline constexpr kube::ResourceType kProjects{"marea.dev", "v1alpha1", "projects", "Project", false};

// The project of namespaces that no other claims. It needs no object.
inline constexpr std::string_view kDefaultProject = "default";

struct ClassCount {  // so many devices of a class; of "cpu", sessions without devices
  std::string class_name;
  std::int64_t count = 0;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"className", &ClassCount::class_name},
                      json::Field{"count", &ClassCount::count});
  }
};

struct Guarantee {
  std::string class_name;
  std::int64_t count = 0;
  std::optional<std::int64_t> lending_limit;  // of it; absent: all that is not used
  static constexpr auto Fields() {
    return std::tuple(json::Field{"className", &Guarantee::class_name},
                      json::Field{"count", &Guarantee::count},
                      json::Field{"lendingLimit", &Guarantee::lending_limit});
  }
};

enum class BorrowingPolicy { kAllowed, kForbidden };

struct Borrowing {
  BorrowingPolicy policy = BorrowingPolicy::kAllowed;
  std::vector<ClassCount> limits;  // above the guarantee; a class that is not named has none
  static constexpr auto Fields() {
    return std::tuple(json::Field{"policy", &Borrowing::policy}, json::Field{"limits", &Borrowing::limits});
  }
};

struct LabelSelector {  // metav1.LabelSelector
  kube::StringMap match_labels;
  std::vector<kube::NodeRequirement> match_expressions;  // In, NotIn, Exists, DoesNotExist
  static constexpr auto Fields() {
    return std::tuple(json::Field{"matchLabels", &LabelSelector::match_labels},
                      json::Field{"matchExpressions", &LabelSelector::match_expressions});
  }
};

// All its terms hold; one without terms matches everything.
bool Matches(const LabelSelector& selector, const kube::StringMap& labels);

struct ProjectSpec {
  std::string parent_name;
  std::vector<std::string> namespaces;
  std::optional<LabelSelector> namespace_selector;
  std::vector<Guarantee> guarantees;
  std::vector<ClassCount> limits, user_limits;
  Borrowing borrowing;
  std::int64_t weight = 1;
  std::int64_t max_priority = 0;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"parentName", &ProjectSpec::parent_name},
        json::Field{"namespaces", &ProjectSpec::namespaces},
        json::Field{"namespaceSelector", &ProjectSpec::namespace_selector},
        json::Field{"guarantees", &ProjectSpec::guarantees}, json::Field{"limits", &ProjectSpec::limits},
        json::Field{"userLimits", &ProjectSpec::user_limits},
        json::Field{"borrowing", &ProjectSpec::borrowing}, json::Field{"weight", &ProjectSpec::weight},
        json::Field{"maxPriority", &ProjectSpec::max_priority});
  }
};

enum class Availability { kNone, kNow, kAfterBoot };

struct ProjectClassStatus {
  std::string class_name;
  std::optional<std::int64_t> guaranteed, used, borrowed, waiting;
  Availability guarantee = Availability::kNone;
  bool operator==(const ProjectClassStatus&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"className", &ProjectClassStatus::class_name},
                      json::Field{"guaranteed", &ProjectClassStatus::guaranteed},
                      json::Field{"used", &ProjectClassStatus::used},
                      json::Field{"borrowed", &ProjectClassStatus::borrowed},
                      json::Field{"waiting", &ProjectClassStatus::waiting},
                      json::Field{"guarantee", &ProjectClassStatus::guarantee});
  }
};

// A record: what the project had used at a time, from which on it is counted by what its sessions hold.
struct FairShareUse {
  std::optional<std::int64_t> milli_credit_seconds;
  std::optional<Time> time;
  bool operator==(const FairShareUse&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"milliCreditSeconds", &FairShareUse::milli_credit_seconds},
                      json::Field{"time", &FairShareUse::time});
  }
};

struct ProjectStatus {
  std::vector<ProjectClassStatus> classes;
  std::optional<std::int64_t> sessions, waiting;
  FairShareUse fair_share;
  std::vector<Condition> conditions;
  bool operator==(const ProjectStatus&) const = default;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"classes", &ProjectStatus::classes}, json::Field{"sessions", &ProjectStatus::sessions},
        json::Field{"waiting", &ProjectStatus::waiting}, json::Field{"fairShare", &ProjectStatus::fair_share},
        json::Field{"conditions", &ProjectStatus::conditions});
  }
};

struct Project {
  static constexpr const kube::ResourceType& kType = kProjects;
  kube::ObjectMeta metadata;
  ProjectSpec spec;
  ProjectStatus status;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &Project::metadata}, json::Field{"spec", &Project::spec},
                      json::Field{"status", &Project::status});
  }
};

// What turns one status into the other, as a merge patch of the object ("{"status":{...}}"); empty when
// nothing does.
std::string StatusPatch(const ProjectStatus& from, const ProjectStatus& to);

}  // namespace marea::api

template <>
struct marea::json::EnumNames<marea::api::BorrowingPolicy> {
  static constexpr std::array<std::string_view, 2> names{"Allowed", "Forbidden"};
};
template <>
struct marea::json::EnumNames<marea::api::Availability> {
  static constexpr std::array<std::string_view, 3> names{"", "Now", "AfterBoot"};
};
