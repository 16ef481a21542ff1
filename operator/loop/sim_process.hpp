// One process of a simulation: a Loop of its own on the world's SimLoop, with clocks that may jump and drift,
// which can stand still for a while or end at any moment, even from within one of its own tasks.
#pragma once

#include <map>
#include <vector>

#include "loop/sim_loop.hpp"

namespace marea {

class SimProcess final : public Loop {
 public:
  explicit SimProcess(SimLoop& world);
  ~SimProcess() override;  // as Kill

  Time Now() const override;
  MonotonicTime Monotonic() const override;
  std::uint64_t Random() override { return world_.Random(); }
  void Post(Task task) override { After({}, std::move(task)); }
  TimerId After(Duration delay, Task task) override;
  void Cancel(TimerId id) override;
  void Compute(Task work, Task done) override;
  void Run() override { world_.Run(); }
  void Stop() override { Kill(); }

  // Nothing of it runs until Resume; then what fell due meanwhile runs, in its order. Its clocks go on.
  void Pause() { paused_ = true; }
  void Resume();
  // What was asked for and has not run never will.
  void Kill();
  bool Alive() const { return alive_; }
  bool Running() const { return alive_ && !paused_; }

  void MoveWallClock(Duration by) { wall_ += by; }
  // Both clocks run by so many millionths faster (or slower) from now on.
  void SetDrift(std::int64_t millionths);

 private:
  struct Pending {
    TimerId world_id;
    Task task;
  };
  void Fire(TimerId id);

  SimLoop& world_;
  TimerId next_id_ = 1;
  std::map<TimerId, Pending> pending_;
  std::vector<TimerId> held_;  // fell due while it stood still
  bool paused_ = false, alive_ = true;
  Duration wall_{};                         // how far its wall clock was moved
  std::int64_t drift_ = 0;                  // millionths
  MonotonicTime drift_since_, drift_base_;  // the world's time and its own when the drift was set
};

}  // namespace marea
