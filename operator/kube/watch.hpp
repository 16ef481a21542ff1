// List+watch as named states and one pure function. It knows no types and does no I/O: the reflector
// (runtime) feeds it what happened and carries out what it asks for. The idea of the shape is kube-rs'
// watcher.
//
//   Listing ──last page──► Watching ──stream ended──► Watching again from the last resourceVersion
//      ▲                      │ 410, silence of two minutes
//      └──────────────────────┘            failures pass through Waiting (back-off) and resume where they
//      were
//
// Never more than one request or stream at a time; always a request, a stream or a timer under way. A second
// list within WatchOptions::max_backoff, and whatever follows a stream that ended before
// WatchOptions::settled, waits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace marea::kube {

namespace watching {

// States.
struct Idle {};  // before Start
struct Listing {};
struct Watching {
  std::string resource_version;
  MonotonicTime opened;
};
struct Waiting {
  std::string resource_version;
};  // empty: list next, else watch from there
using Where = std::variant<Idle, Listing, Watching, Waiting>;
struct State {
  Where where = Idle{};
  int failures = 0;                     // in a row; a line on a stream that has settled resets it
  MonotonicTime last_sign{};            // of life: a page, an event, a bookmark; at first the start
  std::optional<MonotonicTime> listed;  // when the last list began
};

// What happened.
struct Start {};
struct PageListed {
  std::string resource_version, next;
};  // `next` is empty for the last page
struct ListFailed {
  Error error;
};
struct LineSeen {
  std::string resource_version;
};  // an object event or a bookmark
struct LineFailed {
  Error error;
};  // an ERROR line; kGone: the version is too old
struct StreamEnded {
  Result<void> end;
};  // also refused from the start: a status of 400 and above
struct TimerFired {};
struct ListAgain {};  // somebody has learned that what is known here cannot be trusted
using Event =
    std::variant<Start, PageListed, ListFailed, LineSeen, LineFailed, StreamEnded, TimerFired, ListAgain>;

// What to do about it, in this order.
struct RequestPage {
  std::string next;
};  // the first page (empty) begins a new list
struct FinishList {
  std::string resource_version;
};  // all pages are here: what they do not name is gone
struct OpenStream {
  std::string resource_version;
  int seconds;
};
struct CloseStream {};
struct SetTimer {
  Duration delay;
};  // replaces the one before
using Effect = std::variant<RequestPage, FinishList, OpenStream, CloseStream, SetTimer>;

struct Step {
  State state;
  std::vector<Effect> effects;
};

}  // namespace watching

struct WatchOptions {
  Duration silence = std::chrono::minutes{2};  // no page, event or bookmark for so long: list again
  Duration settled = std::chrono::seconds{1};  // a stream that ends sooner counts as a failure
  Duration first_backoff = std::chrono::milliseconds{100};
  Duration max_backoff = std::chrono::seconds{30};
  int stream_seconds = 300;  // half to whole of it, spread by `random`
};

// Pure. An event that does not fit the state is ignored. `random` is uniform and spreads back-off and stream
// ends, so that a fleet does not come back at once.
watching::Step Next(const WatchOptions& options, watching::State state, const watching::Event& event,
                    MonotonicTime now, std::uint64_t random);

}  // namespace marea::kube
