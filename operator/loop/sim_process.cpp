#include "loop/sim_process.hpp"

#include <algorithm>
#include <utility>

namespace marea {

namespace {

constexpr std::int64_t kMillion = 1'000'000;

// In two parts, so that years of microseconds do not overflow.
Duration Scaled(Duration span, std::int64_t numerator, std::int64_t denominator) {
  const std::int64_t whole = span.count() / denominator, rest = span.count() % denominator;
  return Duration{whole * numerator + rest * numerator / denominator};
}

}  // namespace

SimProcess::SimProcess(SimLoop& world)
    : world_(world), drift_since_(world.Monotonic()), drift_base_(world.Monotonic()) {}

SimProcess::~SimProcess() {
  Kill();
}

Time SimProcess::Now() const {
  return world_.Now() + (Monotonic() - world_.Monotonic()) + wall_;
}

MonotonicTime SimProcess::Monotonic() const {
  return drift_base_ + Scaled(world_.Monotonic() - drift_since_, kMillion + drift_, kMillion);
}

Loop::TimerId SimProcess::After(Duration delay, Task task) {
  const TimerId id = next_id_++;
  if (!alive_) return id;
  Duration real = std::max(delay, Duration::zero());
  // Rounded up: a timer never fires before its own clock says so.
  if (drift_ != 0 && real > Duration::zero()) real = Scaled(real, kMillion, kMillion + drift_) + Duration{1};
  const TimerId world_id = world_.After(real, [this, id] { Fire(id); });
  pending_.emplace(id, Pending{world_id, std::move(task)});
  return id;
}

void SimProcess::Cancel(TimerId id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  world_.Cancel(found->second.world_id);
  pending_.erase(found);
}

void SimProcess::Compute(Task work, Task done) {
  Post([this, work = std::move(work), done = std::move(done)]() mutable {
    work();
    Post(std::move(done));
  });
}

void SimProcess::Resume() {
  paused_ = false;
  for (const TimerId id : std::exchange(held_, {})) {
    const auto found = pending_.find(id);
    if (found != pending_.end()) found->second.world_id = world_.After({}, [this, id] { Fire(id); });
  }
}

void SimProcess::Kill() {
  alive_ = false;
  for (const auto& [id, pending] : std::exchange(pending_, {})) world_.Cancel(pending.world_id);
  held_.clear();
}

void SimProcess::SetDrift(std::int64_t millionths) {
  drift_base_ = Monotonic();
  drift_since_ = world_.Monotonic();
  drift_ = millionths;
}

void SimProcess::Fire(TimerId id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  if (paused_) {
    held_.push_back(id);
    return;
  }
  const Task task = std::move(found->second.task);  // out of the map: it may kill the process
  pending_.erase(found);
  task();
}

}  // namespace marea
