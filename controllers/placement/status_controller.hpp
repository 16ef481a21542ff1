// Keeps the status of the AcceleratorClasses and the Projects true: a count a second after whatever it
// depends on has changed, so that a burst costs one, and a write for each object of which it came out
// otherwise. At rest it neither counts nor writes.
#pragma once

#include "controllers/placement/class_status.hpp"
#include "controllers/placement/project_status.hpp"
#include "controllers/placement/state.hpp"
#include "loop/loop.hpp"

namespace marea::placement {

class StatusController {
 public:
  StatusController(Loop& loop, runtime::Executor& executor, api::World& world, State& state);
  ~StatusController();

  void Start();  // when the world is synced and `state` has started
  void Stop();   // as runtime::Controller::Stop

  const runtime::Controller& classes() const { return classes_; }
  const runtime::Controller& projects() const { return projects_; }
  bool AnyInFlight() const { return classes_.AnyInFlight() || projects_.AnyInFlight(); }
  // Of the last count; none before Start.
  const DeviceCounts& device_counts() const { return device_counts_; }
  const ProjectCounts& project_counts() const { return project_counts_; }

 private:
  void Listen();
  void Changed();
  void CountAll();

  Loop& loop_;
  api::World& world_;
  State& state_;
  DeviceCounts device_counts_;
  ProjectCounts project_counts_;
  runtime::Controller classes_, projects_;
  Loop::TimerId timer_ = 0;  // 0: nothing has changed since the last count
  bool started_ = false;
};

}  // namespace marea::placement
