// How tests of this folder wait: for a condition, with a deadline.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "http/transport.hpp"

namespace marea::http {

// A value that one thread changes and another waits for.
template <class T>
class Watched {
 public:
  template <class Change>
  void Update(Change change) {
    const std::lock_guard lock(mutex_);
    change(value_);
    changed_.notify_all();  // under the lock: who was waited for may be gone right after it
  }

  T Get() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

  // False when it did not come true in time.
  template <class Condition>
  bool WaitFor(Condition condition, std::chrono::milliseconds limit = std::chrono::minutes(2)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return condition(std::as_const(value_)); });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  T value_{};
};

}  // namespace marea::http
