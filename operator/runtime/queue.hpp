// Keys waiting to be decided: each at most once, failures held back, no key while a write of it is in flight.
// Pure bookkeeping over times it is given; the controller asks when to look again.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/names.hpp"
#include "base/time.hpp"

namespace marea::runtime {

struct BackoffOptions {  // client-go's ItemExponentialFailureRateLimiter, with jitter
  Duration first = std::chrono::milliseconds{5};
  Duration max = std::chrono::seconds{1000};
};

class Queue {
 public:
  explicit Queue(BackoffOptions backoff = {}) : backoff_(backoff) {}

  void Add(const Key& key);                        // something changed: due at once, even while held back
  void AddFirst(const Key& key);                   // the same, and ahead of all that are due
  void AddAt(const Key& key, MonotonicTime when);  // a wake-up; the earliest of several counts
  // The write or decision failed: due after first * 2^failures (at most max), of which `random` takes up to a
  // half off; not sooner than `at_least`. Takes the place of any earlier wake-up, and of being due.
  void Retry(const Key& key, MonotonicTime now, std::uint64_t random, Duration at_least = {});
  void Succeeded(const Key& key);  // forgets its failures
  void Forget(const Key& key);     // the object is gone

  // The next due key, which is in flight from now on: it is not handed out again before Finished.
  std::optional<Key> Pop(MonotonicTime now);
  // The answers are in. True: it was added meanwhile and is due at once; else it is due when Retry or AddAt
  // said.
  bool Finished(const Key& key);
  bool InFlight(const Key& key) const { return in_flight_.contains(key); }

  // Of what is not in flight: MonotonicTime::min() when a key is due now, nullopt when nothing waits.
  std::optional<MonotonicTime> NextDue() const;
  std::size_t Depth() const;  // keys due or waiting for a time
  std::size_t Due() const { return ready_set_.size(); }

 private:
  void MakeReady(const Key& key);
  void Schedule(const Key& key, MonotonicTime when);
  void Unschedule(const Key& key);

  BackoffOptions backoff_;
  std::deque<Key> ready_;                        // in order; may name keys that are no longer in ready_set_
  std::set<Key> ready_set_, in_flight_, dirty_;  // dirty: added while in flight
  std::map<Key, MonotonicTime> later_;           // never a key that is ready
  std::set<std::pair<MonotonicTime, Key>> by_time_;  // later_ of what is not in flight
  std::map<Key, int> failures_;
};

}  // namespace marea::runtime
