// The core/v1 Event that an Emit stands for.
#pragma once

#include <string>
#include <string_view>

#include "base/time.hpp"
#include "runtime/action.hpp"

namespace marea::runtime {

struct EventObject {
  std::string ns, name;
  std::string body;  // the Event as JSON
};

// Its name is "<regarding>.<hash of uid, reason and once>", at most 253 characters; its namespace the
// regarding's own, or "default" for a cluster-scoped one; the message is cut at 1024 bytes, the API server's
// bound.
EventObject EventFor(const Emit& emit, Time now, std::string_view component);

}  // namespace marea::runtime
