// What start, stop and extend write, and how one sees that it came about. Pure functions of a Session.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "controllers/api/kinds.hpp"

namespace marea::cli {

struct Change {
  std::string patch;     // a merge patch with the resourceVersion it was decided on; empty: it is so already
  std::string said;      // what it does, in a sentence
  std::int64_t run = 0;  // of start: the run that is to be Ready
  std::int64_t duration_seconds = 0;  // of extend: how long the run is to last
};

// Errors: kInvalid with what stands against it.
//
// A session that runs or waits is left alone unless `restart` asks for a new run, which ends the present one.
Result<Change> StartOf(const api::Session& session, bool restart);
Result<Change> StopOf(const api::Session& session);
// `limits` is the session's class, or null when it cannot be read: then the operator alone holds it to that.
Result<Change> ExtensionOf(const api::Session& session, const api::SessionClass* limits,
                           std::chrono::seconds by, Time now);

// How far it has come.
struct Standing {
  enum class Way { kGoing, kReached, kFailed };
  Way way = Way::kGoing;
  std::string said;  // in a sentence
};
Standing StandingOfStart(const api::Session& session, const Change& change);
Standing StandingOfStop(const api::Session& session, const Change& change);
Standing StandingOfExtension(const api::Session& session, const Change& change);

}  // namespace marea::cli
