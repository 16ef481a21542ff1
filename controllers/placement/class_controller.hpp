// Keeps the status of the AcceleratorClasses true: a count a second after whatever it depends on has changed,
// so that a burst costs one, and a write for each class of which it came out otherwise. At rest it neither
// counts nor writes.
#pragma once

#include <functional>

#include "controllers/placement/class_status.hpp"
#include "loop/loop.hpp"

namespace marea::placement {

class ClassController {
 public:
  // `taken_up` as in Controller.
  ClassController(Loop& loop, runtime::Executor& executor, api::World& world,
                  std::function<bool(const Key&)> taken_up);
  ~ClassController();

  void Start();  // when the world is synced and the sessions' requests are known
  void Stop();   // as runtime::Controller::Stop

  const runtime::Controller& controller() const { return controller_; }
  const DeviceCounts& counts() const { return counts_; }  // of the last count; none before Start

 private:
  void Listen();
  void Changed();
  void CountAll();

  Loop& loop_;
  api::World& world_;
  std::function<bool(const Key&)> taken_up_;
  DeviceCounts counts_;
  runtime::Controller controller_;
  Loop::TimerId timer_ = 0;  // 0: nothing has changed since the last count
  bool started_ = false;
};

}  // namespace marea::placement
