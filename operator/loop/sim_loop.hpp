// The Loop of tests and simulations: virtual time that jumps from timer to timer, one thread, one seed.
// The same seed gives the same run. Tasks due at the same moment run in the order they were made.
#pragma once

#include <map>
#include <random>

#include "loop/loop.hpp"

namespace marea {

class SimLoop final : public Loop {
 public:
  explicit SimLoop(std::uint64_t seed = 1);  // starts at 2026-01-05T08:00:00Z, a Monday

  Time Now() const override;
  MonotonicTime Monotonic() const override;
  std::uint64_t Random() override;
  void Post(Task task) override;
  TimerId After(Duration delay, Task task) override;
  void Cancel(TimerId id) override;
  void Compute(Task work, Task done) override;  // runs `work` at once, `done` as a post
  void Run() override;                          // until Stop or nothing is left to do
  void Stop() override;

  void RunFor(Duration span);  // runs all that is due within `span`, then stands at its end
  void RunReady();             // runs what is due now; time does not move
  bool Idle() const;           // no task and no timer left
  std::uint64_t Steps() const { return steps_; }  // tasks and timers that have run

 private:
  using Due = std::pair<MonotonicTime, std::uint64_t>;
  bool RunNext(MonotonicTime limit);

  MonotonicTime now_;
  std::uint64_t next_id_ = 1, steps_ = 0;
  std::map<Due, Task> due_;
  std::map<TimerId, Due> timers_;
  std::mt19937_64 random_;
  bool stopped_ = false;
};

}  // namespace marea
