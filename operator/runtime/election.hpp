// Leader election over one Lease, as named states and one pure function. It does no I/O and reads no clock:
// the leader (leader.hpp) feeds it what happened and carries out what it asks for. The rules are those of
// Kubernetes' own components:
//
//   - Whoever leads renews, and leads no longer than `renew_deadline` after it *sent* the last renewal that
//     succeeded. Whoever waits takes over no sooner than `lease` after it *saw* the record change last. Each
//     looks at its own monotonic clock only, and the difference is for clocks that run unevenly.
//   - Every write has the resourceVersion it was decided on. One without an answer may have had its effect or
//     have it yet: the record is read before anything follows from it.
//   - What was lost stays lost: a former leader's caches are not to be trusted, its process starts anew.
//
//   Idle ──► Reading ⇄ Resting ⇄ Writing        Lost, Released: the ends
//
// Never more than one request at a time; always a request or a timer under way. Requests come in rounds of at
// most one write; a round begins `retry` after the one before, or at once when that took longer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace marea::runtime {

namespace electing {

// What counts of a Lease.
struct Record {
  std::string resource_version;
  std::string holder;  // empty: nobody
  std::int64_t seconds = 0, transitions = 0;
};

// States.
struct Idle {};  // before Start
struct Resting {};
struct Reading {};
struct Writing {
  MonotonicTime sent;
};
struct Lost {};
struct Released {};
using Where = std::variant<Idle, Resting, Reading, Writing, Lost, Released>;
struct State {
  Where where = Idle{};
  std::optional<Record> record;          // as it was answered last; empty: there is none
  std::optional<MonotonicTime> changed;  // when it was first seen so; empty: there never was one
  bool fresh = false;                    // no request failed since
  std::optional<MonotonicTime> renewed;  // leading: when the last renewal that succeeded was sent
  MonotonicTime round{};                 // when the round of requests began
  bool tried = false;                    // it had its write
  bool leaving = false;                  // Release came
};

// What happened.
struct Start {};
struct TimerFired {};
struct Answered {
  Result<Record> result;  // to the request under way; kNotFound: there is no such Lease
};
struct Release {};
using Event = std::variant<Start, TimerFired, Answered, Release>;

// What to do about it, in this order.
struct SendRead {};
struct SendWrite {
  Record to;   // its resource_version is the precondition; empty: create
  bool taken;  // changes hands: acquireTime begins anew
};
struct SetTimer {
  Duration delay;
};  // replaces the one before
struct Lead {};
struct Lose {
  std::string why;
};
struct Finish {};  // released, or nothing to release
using Effect = std::variant<SendRead, SendWrite, SetTimer, Lead, Lose, Finish>;

struct Step {
  State state;
  std::vector<Effect> effects;
};

}  // namespace electing

// lease > renew_deadline > 2 × retry.
struct ElectionOptions {
  std::string identity;  // not empty, of this process alone
  Duration lease = std::chrono::seconds{15};
  Duration renew_deadline = std::chrono::seconds{10};
  Duration retry = std::chrono::seconds{2};  // at most; `random` shortens it by a tenth to a half
};

// Pure. An event that does not fit the state is ignored. `random` is uniform.
electing::Step Next(const ElectionOptions& options, electing::State state, const electing::Event& event,
                    MonotonicTime now, std::uint64_t random);

// Up to when, and not longer, writes may leave; empty: they may not.
std::optional<MonotonicTime> MayWriteUntil(const ElectionOptions& options, const electing::State& state);

}  // namespace marea::runtime
