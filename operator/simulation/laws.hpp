// What must hold in every simulation at every moment, whatever goes wrong. docs/testing.md lists the laws;
// each violation names its law, the object and what was seen.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "http/transport.hpp"
#include "testing/fake_api.hpp"
#include "testing/fake_cluster.hpp"

namespace marea::simulation {

class Laws {
 public:
  explicit Laws(testing::FakeApi& api) : api_(api) {}

  // A write is about to leave an operator: records precede effects, preconditions are there, homes stay.
  void Sending(const http::Request& request);
  // An operator's write was answered: what it made and deleted is counted.
  void Answered(const http::Request& request, const http::Response& response);
  // A commit of anybody: conditions speak, devices are given once, one pod runs per session.
  void Committed(const testing::FakeApi::Change& change, const testing::FakeCluster& cluster);
  // A log line of an operator: decisions have reasons.
  void Logged(log::Level level, std::string_view message, std::initializer_list<log::Pair> pairs);

  // The API server went back in time: until an operator has noticed, its records are not the server's.
  void Restored() { restored_ = true; }

  void Violate(const std::string& law, const std::string& what);
  const std::vector<std::string>& violations() const { return violations_; }

  // Committed writes of operators, events left out; "create pods lab/ada" -> how often, patches not named.
  std::uint64_t writes() const { return writes_; }
  const std::map<std::string, int>& made_and_deleted() const { return made_and_deleted_; }

 private:
  void CheckPodCreate(const http::Request& request);
  void CheckPatch(const http::Request& request, const std::string& where);
  void CheckDelete(const http::Request& request, const std::string& plural, const Key& key);
  void CheckEvent(const http::Request& request);
  void CheckSession(const testing::FakeApi::Change& change);
  void CheckDevices(const std::string& node);
  void CheckShare(const nlohmann::json& session);

  testing::FakeApi& api_;
  bool restored_ = false;
  std::uint64_t writes_ = 0;
  std::map<std::string, int> made_and_deleted_;
  std::vector<std::string> violations_;
};

}  // namespace marea::simulation
