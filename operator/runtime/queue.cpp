#include "runtime/queue.hpp"

#include <algorithm>

namespace marea::runtime {

void Queue::Add(const Key& key) {
  if (in_flight_.contains(key)) {
    dirty_.insert(key);
    return;
  }
  Unschedule(key);
  MakeReady(key);
}

void Queue::AddFirst(const Key& key) {
  if (in_flight_.contains(key)) {
    dirty_.insert(key);
    return;
  }
  Unschedule(key);
  ready_set_.erase(key);  // where it stands now is passed over
  ready_.push_front(key);
  ready_set_.insert(key);
}

void Queue::AddAt(const Key& key, MonotonicTime when) {
  if (ready_set_.contains(key)) return;
  const auto found = later_.find(key);
  if (found == later_.end() || when < found->second) Schedule(key, when);
}

void Queue::Retry(const Key& key, MonotonicTime now, std::uint64_t random, Duration at_least) {
  int& failures = failures_[key];
  Duration delay = backoff_.first;
  for (int i = 0; i < failures && delay < backoff_.max; ++i) delay *= 2;
  delay = std::min(delay, backoff_.max);
  delay -= Duration{static_cast<Duration::rep>(random % (static_cast<std::uint64_t>(delay.count()) / 2 + 1))};
  ++failures;
  ready_set_.erase(key);
  Schedule(key, now + std::max(delay, at_least));
}

void Queue::Succeeded(const Key& key) {
  failures_.erase(key);
}

void Queue::Forget(const Key& key) {
  Unschedule(key);
  ready_set_.erase(key);
  dirty_.erase(key);
  failures_.erase(key);
}

std::optional<Key> Queue::Pop(MonotonicTime now) {
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    const Key key = by_time_.begin()->second;
    Unschedule(key);
    MakeReady(key);
  }
  while (!ready_.empty()) {
    Key key = std::move(ready_.front());
    ready_.pop_front();
    if (ready_set_.erase(key) == 0) continue;  // forgotten or held back since it was put in line
    in_flight_.insert(key);
    return key;
  }
  return std::nullopt;
}

bool Queue::Finished(const Key& key) {
  in_flight_.erase(key);
  if (dirty_.erase(key) > 0) {
    Add(key);
    return true;
  }
  if (const auto found = later_.find(key); found != later_.end()) by_time_.emplace(found->second, key);
  return false;
}

std::optional<MonotonicTime> Queue::NextDue() const {
  if (!ready_set_.empty()) return MonotonicTime::min();
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first;
}

std::size_t Queue::Depth() const {
  return ready_set_.size() + later_.size();
}

void Queue::MakeReady(const Key& key) {
  if (ready_set_.insert(key).second) ready_.push_back(key);
}

void Queue::Schedule(const Key& key, MonotonicTime when) {
  Unschedule(key);
  later_[key] = when;
  if (!in_flight_.contains(key)) by_time_.emplace(when, key);  // else in Finished
}

void Queue::Unschedule(const Key& key) {
  const auto found = later_.find(key);
  if (found == later_.end()) return;
  by_time_.erase({found->second, key});
  later_.erase(found);
}

}  // namespace marea::runtime
