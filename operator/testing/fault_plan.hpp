// What goes wrong in a simulation, as data: at the n-th write, read, list or watch event, or at a moment.
// Each fault has a text ("write:7:crash-lost"), which a failing run prints and `make sim FAULT=…` takes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace marea::testing {

enum class Effect {
  // Of a write: the process that sent it ends, and starts anew.
  kCrashBefore,  // before it was sent
  kCrashLost,    // after it was committed, before the answer was in
  kCrashAfter,   // right after the answer was in
  // Of a write or read; the process lives on.
  kRefused,    // not reached
  kReset,      // the server acted, the connection broke before the answer
  kLate,       // the server acts at once, the answer comes after the time-out
  kSlow,       // the request itself arrives after the time-out
  kStatus401,  // the server answers this and does nothing
  kStatus403,
  kStatus404,
  kStatus409,
  kStatus410,
  kStatus422,
  kStatus429,  // with Retry-After: 2
  kStatus500,
  kStatus503,
  kHtml,        // a proxy's page, status 502
  kHtmlOk,      // a proxy's page, status 200; the server did nothing
  kTruncated,   // the server acted; half of its answer
  kMalformed,   // the server acted; its answer is no JSON
  kWrongTypes,  // the server acted; its answer has numbers for strings and lists for objects
  kNull,        // the server acted; "null" for its answer, and null for the items of an empty list
  // Of a watch event.
  kLost,       // the stream breaks in the middle of it, and the server has forgotten its history by then
  kCut,        // the stream breaks in the middle of it
  kLag,        // it and all that follows on its stream comes a minute later
  kStale,      // the object's former version comes once more after it
  kCoalesced,  // it is left out, where the object's next version follows within a second; else it comes late
  kSilent,     // the stream says nothing any more, not even that it has ended
  kGone,       // an ERROR line with code 410 in its place
  kGarbage,    // a line that is no JSON in its place
  // At a moment, `number` seconds after the start.
  kClockBack,     // the process's wall clock moves five minutes back
  kClockForward,  // and forward
  kDrift,         // the process's clocks run five percent fast
  kPause,         // the process stands still for 40 s
  kKill,          // kill -9
  kOutage,        // the API server is away for 30 s: connections are refused, streams break
  kCompact,       // the history is forgotten and streams break: 410 on resuming
  kRestore,       // the API server goes back to what it was 20 s before
};

enum class At { kWrite, kRead, kEvent, kSecond };

struct Fault {
  At at = At::kWrite;
  std::uint64_t number = 1;  // from 1; seconds for kSecond
  Effect effect = Effect::kRefused;
  bool operator==(const Fault&) const = default;
};
using FaultPlan = std::vector<Fault>;

// "write:7:crash-lost,second:30:outage"; empty for no fault. Errors: kInvalid, with the words there are.
std::string ToText(const Fault& fault);
std::string ToText(const FaultPlan& plan);
Result<FaultPlan> ParseFaultPlan(std::string_view text);

// The effects a fault may have there, in the order above.
const std::vector<Effect>& EffectsAt(At at);
bool Crashes(Effect effect);

}  // namespace marea::testing
