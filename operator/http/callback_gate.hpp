// Lets callbacks through one at a time, until its owner closes it and can be sure that none runs any more.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace marea::http {

class CallbackGate {
 public:
  // Calls `callback`, which must not throw. False: the gate is closed and nothing was called, or it was
  // closed meanwhile. One thread at a time.
  template <class Callback>
  bool Run(Callback&& callback) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return false;
      running_ = std::this_thread::get_id();
    }
    std::forward<Callback>(callback)();
    const std::lock_guard lock(mutex_);
    running_ = {};
    finished_.notify_all();
    return !closed_;
  }

  // From now on nothing is called. Waits for a callback that is running; but from inside that callback it
  // returns false at once, and what the callback needs must stay until it returns.
  bool Close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    if (running_ == std::this_thread::get_id()) return false;
    finished_.wait(lock, [&] { return running_ == std::thread::id{}; });
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable finished_;
  std::thread::id running_;
  bool closed_ = false;
};

}  // namespace marea::http
