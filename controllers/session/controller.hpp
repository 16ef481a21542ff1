// Wires the session plan to the world: which change concerns which session, what the answers to our writes
// teach, and what each session asks of placement.
#pragma once

#include <map>
#include <set>

#include "controllers/api/world.hpp"
#include "controllers/placement/controller.hpp"
#include "controllers/session/claim_index.hpp"
#include "controllers/session/settings.hpp"
#include "loop/loop.hpp"
#include "runtime/controller.hpp"

namespace marea::session {

class SessionController {
 public:
  SessionController(Loop& loop, runtime::Executor& executor, api::World& world, Settings settings);
  ~SessionController();

  // When the world is synced. Every session is looked at before the first is placed.
  void Start();
  void Stop() { controller_.Stop(); }  // as runtime::Controller::Stop

  const runtime::Controller& controller() const { return controller_; }
  const placement::Controller& placement() const { return placement_; }
  placement::State& state() { return placement_.state(); }

 private:
  void Listen();
  void UpdateRequest(const Key& key, const runtime::Context& context);
  void Observe(const Key& key, const runtime::Action& action, const Result<void>& result);
  void SessionChanged(const Key& key, const api::Session* before, const api::Session* after);
  void ClaimChanged(const Key& claim);
  void PlaceChanged(const Key& key, const kube::Pod& pod);
  void SharersChanged(const Key& claim, const Key& but);
  void NewEpoch();

  Loop& loop_;
  api::World& world_;
  Settings settings_;
  ClaimIndex claim_index_;
  runtime::Controller controller_;
  placement::Controller placement_;
  Loop::TimerId epoch_timer_ = 0;
};

}  // namespace marea::session
