// What the command reads that the operator does not: events with their times, and the key that opens a
// notebook. Only as much of them as is shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/kinds.hpp"
#include "kube/types.hpp"

namespace marea::cli {

struct SessionEvent {  // core/v1 Event
  static constexpr const kube::ResourceType& kType = kube::kEvents;
  kube::ObjectMeta metadata;
  kube::ObjectReference involved;
  std::string type, reason, message;  // type: "Normal" or "Warning"
  std::optional<Time> last_time, event_time;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &SessionEvent::metadata},
                      json::Field{"involvedObject", &SessionEvent::involved},
                      json::Field{"type", &SessionEvent::type}, json::Field{"reason", &SessionEvent::reason},
                      json::Field{"message", &SessionEvent::message},
                      json::Field{"lastTimestamp", &SessionEvent::last_time},
                      json::Field{"eventTime", &SessionEvent::event_time});
  }
};

struct TokenSecret {
  static constexpr const kube::ResourceType& kType = kube::kSecrets;
  kube::ObjectMeta metadata;
  kube::StringMap data;  // base64
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &TokenSecret::metadata},
                      json::Field{"data", &TokenSecret::data});
  }
};

// A list as far as it could be had.
template <class T>
struct Seen {
  std::vector<T> items;
  std::vector<std::string> left_out;  // one line for each object that cannot be read, and for a refused list
  std::optional<Error> error;         // of the list as a whole
};

}  // namespace marea::cli
