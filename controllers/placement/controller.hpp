// Keeps World::proposals up to date: at once for who comes when nobody else has a claim to what is free, and
// by a pass over all soon after anything else has changed. And World::told, which follows the proposals so
// slowly that a long line does not keep the API server busy.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "base/histogram.hpp"
#include "controllers/api/world.hpp"
#include "controllers/placement/placement.hpp"
#include "controllers/placement/state.hpp"
#include "loop/loop.hpp"

namespace marea::placement {

class Controller {
 public:
  // `taken_up`: whether the session is acting on its proposal right now. `proposed`: it has another proposal
  // than before, or is told another reason to wait.
  Controller(Loop& loop, api::World& world, std::function<bool(const Key&)> taken_up,
             std::function<void(const Key&)> proposed);
  ~Controller();

  // When the world is synced.
  void Start();

  // What a session asks for; with none it no longer waits, and its proposal goes.
  void Ask(const Key& session, std::optional<api::Request> request);

  const State& state() const { return state_; }
  State& state() { return state_; }
  const Histogram& pass_seconds() const { return pass_seconds_; }
  const Histogram& arrival_seconds() const { return arrival_seconds_; }

 private:
  void Listen();
  void Changed();
  void Pass();
  bool Arrive(const Key& key, const api::Request& request);
  void Propose(const Key& key, api::Proposal proposal);
  void Withdraw(const Key& key);
  Waiting WhoWaits() const;
  std::set<Key> Overdue(MonotonicTime now) const;
  void LookAgainAfter(Duration pause);
  void TellLater(const Key& key);
  void TellOne();

  Loop& loop_;
  api::World& world_;
  std::function<bool(const Key&)> taken_up_;
  std::function<void(const Key&)> proposed_;
  State state_;
  Kept kept_;
  bool settled_ = false;  // everybody who waits was looked at, and nothing has changed since but who came
  Loop::TimerId pass_timer_ = 0, look_timer_ = 0, tell_timer_ = 0;
  std::optional<MonotonicTime> look_at_;
  std::map<Key, MonotonicTime> promised_;  // who was told to take a place, since when
  std::deque<Key> to_tell_;
  std::set<Key> will_tell_;  // the same
  MonotonicTime last_end_{};
  Duration pause_{};
  Histogram pass_seconds_, arrival_seconds_;
};

}  // namespace marea::placement
