// What a step of the plan may answer: a record with the status that follows from it, or effects an earlier
// record covers.
#pragma once

#include <string>
#include <vector>

#include "controllers/session/view.hpp"
#include "runtime/action.hpp"

namespace marea::session {

// An event about the session. `once` tells occurrences apart; there is one of each kind in an attempt.
runtime::Emit EventOf(const View& view, bool warning, std::string reason, std::string message,
                      std::string once);
std::string Occurrence(const View& view);  // of the attempt that is recorded

// The write that makes the status `next`, and the news it brings. Empty when nothing differs.
std::vector<runtime::Action> WriteStatus(const View& view, const api::SessionStatus& next);

// Records and the status that follows from them, in one write.
runtime::Decision Record(const View& view, api::SessionStatus records, std::string reason,
                         std::vector<runtime::Action> events = {});

runtime::Decision Effect(std::vector<runtime::Action> actions, std::string reason);

// The run ends: for this reason, from now on.
runtime::Decision StopFor(const View& view, api::StopReason reason, std::string message);

// Back to the queue, with the submit time kept: the attempt came to nothing through no fault of the user.
// `counter` says how often that was so in this run; `reason` is the event's, `message` a sentence for the
// user.
runtime::Decision Requeue(const View& view, std::int64_t api::SessionStatus::* counter,
                          const std::string& reason, const std::string& message);

// The same for a pod that was lost, kMaxRetries times a run; then the run has failed.
runtime::Decision Retry(const View& view, const std::string& reason, const std::string& message);

}  // namespace marea::session
