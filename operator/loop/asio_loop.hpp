// The production Loop, over Boost.Asio (asio_loop.cpp is the only file that includes it).
#pragma once

#include <initializer_list>
#include <memory>

#include "loop/loop.hpp"

namespace marea {

class AsioLoop final : public Loop {
 public:
  AsioLoop();  // one thread of its own for Compute
  ~AsioLoop() override;

  Time Now() const override;
  MonotonicTime Monotonic() const override;
  std::uint64_t Random() override;
  void Post(Task task) override;
  TimerId After(Duration delay, Task task) override;
  void Cancel(TimerId id) override;
  void Compute(Task work, Task done) override;
  void Run() override;
  void Stop() override;

  // Calls `handler(signal number)` on the loop for each of these signals, instead of their default effect.
  void OnSignal(std::initializer_list<int> signals, std::function<void(int)> handler);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace marea
