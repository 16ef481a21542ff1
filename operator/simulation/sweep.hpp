// Many runs of one story, each with one fault at another place, on all cores; every run must end as the one
// without faults did.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulation/branches.hpp"
#include "simulation/scenario.hpp"

namespace marea::simulation {

struct SweepReport {
  std::size_t runs = 0;
  std::uint64_t steps = 0;
  std::vector<std::string> failures{};  // each: the command, the violations, a shortened event log
};

// The story with each of these faults, as PlayBranches plays it: no other thread may run.
SweepReport Sweep(const Faults& faults);

// The story with the watch of one kind after the other telling everything so much later.
SweepReport SweepLags(const std::string& scenario, std::chrono::seconds lag);

// The runs drawn from these seeds; the laws must hold and the story must come to its end, unless a restore
// undid what its people did.
SweepReport SweepSeeds(std::uint64_t first, std::size_t count);

void Add(SweepReport& sum, SweepReport part);

}  // namespace marea::simulation
