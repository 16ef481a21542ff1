// What a DELETE does to an object: gone, or ending, by grace and finalizers.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "testing/fake_request.hpp"

namespace marea::testing::fake {

struct DeleteOptions {
  std::string uid, version;  // preconditions; empty: none
  std::optional<std::int64_t> grace_seconds;
  std::string propagation;  // empty: as the object's finalizers say
};

// From the body and the query. Errors: 400 for what cannot be read.
Answer<DeleteOptions> ReadDeleteOptions(const Target& target, const http::Request& request);

struct Ending {
  bool gone;    // nothing holds it
  Json object;  // as it is marked now; one that goes without grace never was
};
// Errors: 409 when a precondition fails.
Answer<Ending> Ended(const Kind& kind, const Json& object, const DeleteOptions& options, Time now);

// Nothing holds a terminating object any more: no finalizers and no grace.
bool IsFinished(const Json& object);

// The answer to a DELETE that ended an object, for kinds that do not return it.
Json DeletedStatus(const Kind& kind, const Json& object);

}  // namespace marea::testing::fake
