// What a waiting session asks placement for, and what placement says: take these devices, or wait for this
// reason.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/quantity.hpp"
#include "base/time.hpp"
#include "kube/types.hpp"

namespace marea::api {

// The built-in class of sessions without devices; no AcceleratorClass bears this name.
inline constexpr std::string_view kCpuClass = "cpu";

struct Alternative {
  std::string class_name;
  std::int64_t count = 1;
  bool operator==(const Alternative&) const = default;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"className", &Alternative::class_name},
                      json::Field{"count", &Alternative::count});
  }
};

// An accepted session that waits. It holds nothing.
struct Request {
  std::string uid;
  Time since;                             // the order of the queue, then uid
  std::vector<Alternative> alternatives;  // in order of preference; empty: CPU only
  Quantity cpu, memory;
  kube::StringMap node_selector;  // of the session's class
  std::vector<kube::Toleration> tolerations;
  bool operator==(const Request&) const = default;
};

// What a waiting session needs, for those who can bring more machines.
struct Shape {
  std::string accelerator_class;  // of its preferred alternative
  std::int64_t count = 0;
  Quantity cpu, memory;
  std::string zone;  // empty: any
  bool operator==(const Shape&) const = default;
};

struct Admit {
  std::string accelerator_class;  // or kCpuClass
  std::int64_t count = 0;
  std::string node_name;
  bool operator==(const Admit&) const = default;
};

struct Wait {
  std::string reason;   // "NoFreeDevice", "NoSuchShape"
  std::string message;  // with numbers, for the user
  Shape shape;
  bool operator==(const Wait&) const = default;
};

using Proposal = std::variant<Wait, Admit>;

}  // namespace marea::api
