#include "loop/sim_loop.hpp"

#include <algorithm>
#include <utility>

namespace marea {

namespace {

using namespace std::chrono_literals;

constexpr Time kStart = std::chrono::sys_days{std::chrono::January / 5 / 2026} + 8h;
// Not zero: a MonotonicTime{} must never look like a moment of the run.
constexpr MonotonicTime kMonotonicStart{1h};

}  // namespace

SimLoop::SimLoop(std::uint64_t seed) : now_(kMonotonicStart), random_(seed) {}

Time SimLoop::Now() const {
  return kStart + (now_ - kMonotonicStart);
}

MonotonicTime SimLoop::Monotonic() const {
  return now_;
}

std::uint64_t SimLoop::Random() {
  return random_();
}

void SimLoop::Post(Task task) {
  if (!stopped_) due_.emplace(Due{now_, next_id_++}, std::move(task));
}

Loop::TimerId SimLoop::After(Duration delay, Task task) {
  const TimerId id = next_id_++;
  if (stopped_) return id;
  const Due due{now_ + std::max(delay, Duration::zero()), id};
  due_.emplace(due, std::move(task));
  timers_.emplace(id, due);
  return id;
}

void SimLoop::Cancel(TimerId id) {
  const auto timer = timers_.find(id);
  if (timer == timers_.end()) return;
  due_.erase(timer->second);
  timers_.erase(timer);
}

void SimLoop::Compute(Task work, Task done) {
  work();
  Post(std::move(done));
}

void SimLoop::Run() {
  while (RunNext(MonotonicTime::max())) {
  }
}

void SimLoop::Stop() {
  stopped_ = true;
  due_.clear();
  timers_.clear();
}

void SimLoop::RunFor(Duration span) {
  const MonotonicTime end = now_ + span;
  while (RunNext(end)) {
  }
  now_ = end;
}

void SimLoop::RunReady() {
  while (RunNext(now_)) {
  }
}

bool SimLoop::Idle() const {
  return due_.empty();
}

bool SimLoop::RunNext(MonotonicTime limit) {
  if (due_.empty() || due_.begin()->first.first > limit) return false;
  // Out of the maps before it runs: it may post, cancel its own id, or stop the loop.
  const auto next = due_.extract(due_.begin());
  now_ = next.key().first;
  ++steps_;
  timers_.erase(next.key().second);
  next.mapped()();
  return true;
}

}  // namespace marea
