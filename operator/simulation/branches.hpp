// One story, played once, and what would have followed had something gone wrong at one place or another of
// it: there a copy of the process (fork) goes on with the fault. It ends as a run of its own with that fault
// does, for about half the work.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "simulation/scenario.hpp"

namespace marea::simulation {

// What came of one fault. A copy that died says so.
struct Branch {
  testing::Fault fault;
  std::vector<std::string> complaints;
  std::uint64_t steps = 0;  // tasks of the loop, those before the fault included
  bool died = false;
};

// The faults of a story: each of `effects` at every write, read or event, or at every so manieth.
struct Faults {
  std::string scenario;
  testing::At at;
  std::vector<testing::Effect> effects;
  std::size_t stride = 1;
  std::optional<http::Method> spared{};  // nothing befalls requests of this method
};

// In the order of the story, on as many processes at a time as there are cores. `judge` gives the complaints
// about an end. The caller's process must have no other thread. Throws when the story itself dies.
using Judge = std::function<std::vector<std::string>(const Outcome&)>;
std::vector<Branch> PlayBranches(const Faults& faults, const Judge& judge);

}  // namespace marea::simulation
