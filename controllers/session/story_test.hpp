// A small world for tests of the session plan: a Story applies decisions to it as the API server would, one
// write at a time, and lets the test play scheduler, kubelet and user.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "controllers/api/world.hpp"
#include "controllers/session/claim_index.hpp"
#include "controllers/session/settings.hpp"
#include "runtime/controller.hpp"

namespace marea::session {

class Story {
 public:
  Story();

  api::World world;
  Settings settings{{{{"20260101", std::string(32, 'k')}}}};
  Time now;
  Key key{"lab", "ada"};

  // The objects as the API server holds them; `Sync` brings them into the caches.
  std::map<std::pair<std::string, Key>, nlohmann::json> objects;  // (plural, key)
  std::vector<std::string> writes;                                // "create pods lab/ada", ...
  std::vector<std::string> events;                                // reasons

  // A user's Session; `spec` as they would write it.
  void Ask(nlohmann::json spec, const std::string& name = "ada");
  void EditSpec(nlohmann::json merge_patch, const std::string& name = "ada");
  void EditClass(nlohmann::json merge_patch);  // of the spec of class "default"
  void PutClaim(const std::string& name, const std::string& user = "");

  runtime::Decision Decide() const { return DecideFor(key); }
  runtime::Decision DecideFor(const Key& session) const;
  // Carries out one action as the API server would and teaches the memory what a controller would learn.
  void Apply(const runtime::Action& action, const Key& session);
  // Decides and applies, placement included, until nothing is left to do. Fails the test after 50 rounds.
  void Settle();
  void Place();

  // The cluster.
  void Schedule(const std::string& pod = "ada");
  void BecomeReady(const std::string& pod = "ada");
  void PatchPodStatus(nlohmann::json status, const std::string& pod = "ada");
  void KubeletRemoves(const std::string& pod = "ada");  // a terminating pod is gone
  void LosePod(const std::string& pod = "ada");         // somebody else deleted it
  void Pass(std::chrono::seconds span) { now += span; }

  const api::Session& Session(const std::string& name = "ada") const;
  const api::Condition& Condition(const std::string& type, const std::string& name = "ada") const;
  bool Has(const std::string& plural, const std::string& name, const std::string& ns = "lab") const;
  nlohmann::json& Object(const std::string& plural, const std::string& name, const std::string& ns = "lab");
  void Put(const std::string& plural, nlohmann::json object);  // anything, made by anybody
  void Remove(const std::string& plural, const std::string& name, const std::string& ns = "");
  // A warning of the kubelet or another part of Kubernetes about an object that is there.
  void Warn(const std::string& plural, const std::string& about, const std::string& reason,
            const std::string& message);

 private:
  void Store(const std::string& plural, const Key& key, nlohmann::json object);
  void Erase(const std::string& plural, const Key& key);
  void Observe(const Key& session, const runtime::Action& action, const Result<void>& result);
  Result<void> Carry(const runtime::Action& action);

  ClaimIndex claim_index_{world};
  int version_ = 100;
  int uids_ = 0;
};

}  // namespace marea::session
