// A whole platform in one thread: fake API server and cluster, users, and the operator itself, unmodified, in
// as many replicas as wanted. Virtual time, one seed: the same seed, scenario and faults give the same event
// log, byte for byte.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/session_role.hpp"
#include "simulation/furniture.hpp"
#include "simulation/laws.hpp"
#include "testing/fake_cluster.hpp"
#include "testing/fake_network.hpp"

namespace marea::simulation {

struct PlatformOptions {
  std::uint64_t seed = 1;
  testing::FaultPlan faults{};
  int replicas = 1;  // with more than one they elect a leader
  testing::FakeCluster::Options cluster{};
  testing::FakeNetwork::Options network{};
  std::function<void(const std::string&)> log{};  // the event log, a line each; may be empty
  testing::Striker strike{};                      // besides the faults; may be empty
};

class Platform {
 public:
  explicit Platform(PlatformOptions options);
  ~Platform();

  // Time. The operator starts with the first call of any of these.
  void Run(Duration span);
  // Runs until it holds, at most an hour; says in the laws' violations when it never did.
  void Until(const std::string& what, const std::function<bool()>& holds);
  // Runs on until nobody has written anything for ten minutes.
  void Rest();

  // People. Specs as they would write them; objects in namespace "lab".
  void Ask(const std::string& session, Json spec);
  void Edit(const std::string& session, const Json& spec_patch);
  void Remove(const std::string& session);
  void Apply(const kube::ResourceType& type, const Key& key,
             Json object);  // created, or merged into what is there
  void Delete(const kube::ResourceType& type, const Key& key);

  // The machine room.
  testing::FakeCluster& cluster() { return *cluster_; }
  void RestartOperators();     // SIGKILL and anew, all at once
  std::string Leader() const;  // the identity in the Lease
  void PauseLeader(Duration span);
  void KillLeader();
  void UpgradeOperators();  // SIGTERM and anew, one after the other

  // Creates of this kind are forbidden with this message, until it is empty: what a quota or a policy does.
  void Forbid(const kube::ResourceType& type, const std::string& message);

  // What a person sees; null or empty when there is none.
  Json Session(const std::string& name) const;
  std::string Summary(const std::string& session) const;
  std::string NodeOf(const std::string& session) const;  // of its admission
  bool Exists(const kube::ResourceType& type, const std::string& name, const std::string& ns = "lab") const;

  Laws& laws() { return laws_; }
  testing::FakeApi& api() { return api_; }
  SimLoop& world() { return world_; }
  const testing::FakeNetwork& network() const { return *network_; }

 private:
  struct Replica;
  std::string StatusText(const std::string& session, const char* pointer) const;
  void Furnish();
  void StartOperators();
  void Start(Replica& replica);
  void End(Replica& replica);
  void Crashed(SimProcess& process);
  void CheckLeader(const SimProcess& process);
  Replica* LeadingReplica();
  void Strike(const testing::Fault& fault);
  void Log(const std::string& line);
  void Check(const http::Response& response, const std::string& what);
  std::optional<http::Response> Admission(const http::Request& request) const;

  PlatformOptions options_;
  SimLoop world_;
  testing::FakeApi api_;
  Laws laws_;
  std::unique_ptr<testing::FakeCluster> cluster_;
  std::unique_ptr<testing::FakeNetwork> network_;
  std::vector<std::unique_ptr<SimProcess>> ended_;  // calls under way still name them
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::shared_ptr<const testing::FakeApi::Backup> backup_;
  std::map<std::string, std::string> forbidden_;  // message by plural
  bool started_ = false;
};

}  // namespace marea::simulation
