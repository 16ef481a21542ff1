// What a waiting session asks placement for, and what placement says: take these devices, or wait for this
// reason.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/quantity.hpp"
#include "base/time.hpp"
#include "kube/storage.hpp"

namespace marea::api {

// The built-in class of sessions without devices; no AcceleratorClass bears this name.
inline constexpr std::string_view kCpuClass = "cpu";

// As what devices are held: within what the project was promised, or lent to it by others.
enum class AdmissionKind { kNone, kGuaranteed, kBorrowed };

struct Alternative {
  std::string class_name;
  std::int64_t count = 1;
  bool operator==(const Alternative&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"className", &Alternative::class_name},
                      json::Field{"count", &Alternative::count});
  }
};

// A claim that the session's pod will mount, and what that means for where the pod may stand.
struct ClaimNeed {
  Key claim;
  bool is_home = false;
  bool one_node = false;                    // ReadWriteOnce: where somebody has it mounted, and nowhere else
  bool one_pod = false;                     // ReadWriteOncePod: nowhere while somebody has it mounted
  std::optional<kube::NodeSelector> reach;  // the nodes that reach its volume; absent: all
  std::string node, holder;                 // where it is mounted or will be, and by whom; empty: nowhere
  bool operator==(const ClaimNeed&) const = default;
};

// An accepted session that waits. It holds nothing.
struct Request {
  std::string uid;
  std::string user, project;  // to whose share it is charged
  Time since;
  std::int64_t priority = 0;  // as asked; bounded by the project
  bool preemptible = false;
  std::chrono::seconds patience{0};            // before a lesser alternative is taken
  std::vector<Alternative> alternatives = {};  // in order of preference; empty: CPU only
  Quantity cpu, memory;
  kube::StringMap node_selector = {};  // of the session's class
  std::vector<kube::Toleration> tolerations = {};
  std::vector<ClaimNeed> claims = {};
  bool operator==(const Request&) const = default;
};

// What a waiting session needs, for those who can bring more machines.
struct Shape {
  std::string class_name;  // of its preferred alternative, or kCpuClass
  std::optional<std::int64_t> count;
  std::optional<Quantity> cpu, memory;
  std::string zone;  // that its volumes or its class tie it to; empty: any
  bool operator==(const Shape&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"className", &Shape::class_name}, json::Field{"count", &Shape::count},
                      json::Field{"cpu", &Shape::cpu}, json::Field{"memory", &Shape::memory},
                      json::Field{"zone", &Shape::zone});
  }
};

struct Admit {
  std::string accelerator_class;  // or kCpuClass
  std::int64_t count = 0;
  std::string node_name;
  AdmissionKind kind = AdmissionKind::kGuaranteed;
  bool reclaims = false;  // the scheduler ends pods of lower priority for it first
  bool operator==(const Admit&) const = default;
};

struct Wait {
  std::string reason;    // a CamelCase word of docs/troubles.md
  std::string message;   // with numbers, for the user
  bool stalled = false;  // it waits for ever, unless a person acts
  std::optional<std::int64_t> position =
      {};  // in line for the same devices, as it is told: 1 to 10, 20, 50, …
  Shape shape = {};
  bool operator==(const Wait&) const = default;
};

using Proposal = std::variant<Wait, Admit>;

}  // namespace marea::api

template <>
struct marea::json::EnumNames<marea::api::AdmissionKind> {
  static constexpr std::array<std::string_view, 3> names{"", "Guaranteed", "Borrowed"};
};
