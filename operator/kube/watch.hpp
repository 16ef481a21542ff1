// List+watch as named states and one pure function. It knows no types and does no I/O: the reflector (runtime) feeds
// it what happened and carries out what it asks for. The idea of the shape is kube-rs' watcher.
//
//   Listing ──last page──► Watching ──stream ended──► Watching again from the last resourceVersion
//      ▲                      │ 410, ERROR line, silence of two minutes
//      └──────────────────────┘            failures of any kind pass through Waiting (back-off)
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace marea::kube {

namespace watching {

// States.
struct Listing { std::string next; };
struct Watching { std::string resource_version; MonotonicTime last_sign; };
struct Waiting { std::string resource_version; };  // empty: list next
using Where = std::variant<Listing, Watching, Waiting>;
struct State {
  Where where = Waiting{};
  int failures = 0;   // in a row; any sign of life resets it
};

// What happened.
struct Start {};
struct PageListed { std::string resource_version, next; };
struct ListFailed { Error error; };
struct LineSeen { std::string resource_version; };   // an object event or a bookmark
struct LineFailed { Error error; };                  // an ERROR line
struct StreamEnded { Result<void> end; };
struct TimerFired {};
using Event = std::variant<Start, PageListed, ListFailed, LineSeen, LineFailed, StreamEnded, TimerFired>;

// What to do about it, in this order.
struct RequestPage { std::string next; };   // the first page (empty) begins a new list
struct FinishList { std::string resource_version; };  // all pages are here: what they do not name is gone
struct OpenStream { std::string resource_version; int seconds; };
struct CloseStream {};
struct SetTimer { Duration delay; };        // replaces the one before
using Effect = std::variant<RequestPage, FinishList, OpenStream, CloseStream, SetTimer>;

struct Step {
  State state;
  std::vector<Effect> effects;
};

}  // namespace watching

struct WatchOptions {
  Duration silence = std::chrono::minutes{2};        // no event and no bookmark for so long: list again
  Duration first_backoff = std::chrono::milliseconds{100};
  Duration max_backoff = std::chrono::seconds{30};
  int stream_seconds = 300;                          // half to whole of it, spread by `random`
};

// Pure. `random` is uniform and spreads back-off and stream ends, so that a fleet does not come back at once.
watching::Step Next(const WatchOptions& options, watching::State state, const watching::Event& event,
                    MonotonicTime now, std::uint64_t random);

}  // namespace marea::kube
