// What happens on a platform, as stories in domain words, and a single run of one of them under faults.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "simulation/platform.hpp"

namespace marea::simulation {

struct Scenario {
  std::string name;  // "stop"
  std::function<void(Platform&)> play;
  int seconds;  // about how long it takes, in virtual time, before the rest
};

const std::vector<Scenario>& Scenarios();

// By plural, how long after it happened a watch tells of anything. As text "pods:60,nodes:5".
using Lag = std::map<std::string, std::chrono::seconds>;
std::string ToText(const Lag& lag);
Result<Lag> ParseLag(std::string_view text);  // errors: kInvalid

// One run: what is needed to do it again, in words and as a command.
struct RunSpec {
  std::string scenario = "create";
  std::uint64_t seed = 1;
  testing::FaultPlan faults{};
  int replicas = 1;
  Lag lag{};
};
std::string ToText(const RunSpec& spec);  // "make -s sim SEED=1 SCENARIO=create FAULT=write:7:crash-lost"

struct Outcome {
  std::vector<std::string> violations;
  std::string end_state;                        // of all objects, masked for what may differ
  std::map<std::string, int> made_and_deleted;  // see Laws
  testing::FakeNetwork::Counts counts;
  int struck = 0;           // faults that found their request or event
  std::uint64_t steps = 0;  // tasks of the loop
};

// Plays the scenario, lets the platform come to rest, kills the operators once more and looks that those that
// follow write nothing. `log` takes the event log; `strike` brings faults besides those of the spec; both may
// be empty.
Outcome Play(const RunSpec& spec, const std::function<void(const std::string&)>& log,
             const testing::Striker& strike = {});

// Scenario and one to three faults drawn from the seed.
RunSpec Draw(std::uint64_t seed);

}  // namespace marea::simulation
