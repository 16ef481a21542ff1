// Keeps World::proposals up to date: a pass over a fresh snapshot soon after anything it depends on has
// changed.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>

#include "base/histogram.hpp"
#include "controllers/api/world.hpp"
#include "loop/loop.hpp"

namespace marea::placement {

class Controller {
 public:
  // `taken_up`: whether the session is acting on its proposal right now. `proposed`: its proposal is another
  // than before.
  Controller(Loop& loop, api::World& world, std::function<bool(const Key&)> taken_up,
             std::function<void(const Key&)> proposed);

  // Something changed that a pass would see. Passes are at least 10 ms apart, so that a burst costs one, and
  // at least as long as the last one took: on a large platform half of the loop is for what was decided.
  void Changed();

  const Histogram& pass_seconds() const { return pass_seconds_; }

 private:
  static constexpr Duration kShortestPause = std::chrono::milliseconds{10};

  void Pass();
  std::set<Key> Overdue(MonotonicTime now) const;
  void NotePromises(MonotonicTime now);
  void LookAgain();

  Loop& loop_;
  api::World& world_;
  std::function<bool(const Key&)> taken_up_;
  std::function<void(const Key&)> proposed_;
  bool scheduled_ = false, looks_again_ = false;
  std::map<Key, MonotonicTime> promised_;  // who was told to take a place, since when
  MonotonicTime last_end_{};
  Duration pause_ = kShortestPause;
  Histogram pass_seconds_;
};

}  // namespace marea::placement
