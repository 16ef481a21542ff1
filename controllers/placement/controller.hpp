// Keeps World::proposals up to date: a pass over a fresh snapshot soon after anything it depends on has
// changed.
#pragma once

#include <functional>

#include "controllers/api/world.hpp"
#include "loop/loop.hpp"

namespace marea::placement {

class Controller {
 public:
  // `taken_up`: whether the session is acting on its proposal right now. `proposed`: its proposal is another
  // than before.
  Controller(Loop& loop, api::World& world, std::function<bool(const Key&)> taken_up,
             std::function<void(const Key&)> proposed);

  // Something changed that a pass would see; passes are at least 10 ms apart, so that a burst costs one.
  void Changed();

 private:
  void Pass();

  Loop& loop_;
  api::World& world_;
  std::function<bool(const Key&)> taken_up_;
  std::function<void(const Key&)> proposed_;
  bool scheduled_ = false;
  MonotonicTime last_pass_{};
};

}  // namespace marea::placement
