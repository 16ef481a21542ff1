// The one event loop that owns all state. What does not say "from any thread" is for the loop's own thread.
// Two implementations: AsioLoop (production) and SimLoop (virtual time, seeded, single thread).
#pragma once

#include <cstdint>
#include <functional>

#include "base/time.hpp"

namespace marea {

class Loop {
 public:
  using Task = std::function<void()>;
  using TimerId = std::uint64_t;  // never 0, never used twice

  virtual ~Loop() = default;

  virtual Time Now() const = 0;                 // wall clock: for what is written to the API
  virtual MonotonicTime Monotonic() const = 0;  // for waiting and for leases; from any thread
  virtual std::uint64_t Random() = 0;           // uniform 64 bits

  // Runs `task` on the loop thread, after what is already posted. From any thread.
  virtual void Post(Task task) = 0;

  // Runs `task` once, `delay` from now; a negative delay counts as zero.
  virtual TimerId After(Duration delay, Task task) = 0;
  virtual void Cancel(TimerId id) = 0;  // of a timer that has run or was cancelled: nothing

  // Runs `work` off the loop (it may touch only what it owns), then `done` on the loop thread.
  virtual void Compute(Task work, Task done) = 0;

  virtual void Run() = 0;   // until Stop
  virtual void Stop() = 0;  // from any thread; posted tasks not yet run are dropped
};

}  // namespace marea
