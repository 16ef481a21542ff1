// Many runs of one story, each with one fault at another place, on all cores; every run must end as the one
// without faults did.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulation/scenario.hpp"

namespace marea::simulation {

struct SweepReport {
  std::size_t runs = 0;
  std::uint64_t steps = 0;
  std::size_t missed = 0;             // runs whose fault found nothing to strike
  std::vector<std::string> failures;  // each: the command, the violations, a shortened event log
};

// The story with each of `effects` at every write, read or event of its run without faults; `stride` leaves
// out all but each n-th. A fault may shift later numbers, so the first one decides where it strikes.
SweepReport Sweep(const std::string& scenario, testing::At at, const std::vector<testing::Effect>& effects,
                  std::size_t stride = 1);

// The story with the watch of one kind after the other telling everything so much later.
SweepReport SweepLags(const std::string& scenario, std::chrono::seconds lag);

// The runs drawn from these seeds; the laws must hold and the story must come to its end.
SweepReport SweepSeeds(std::uint64_t first, std::size_t count);

void Add(SweepReport& sum, SweepReport part);

}  // namespace marea::simulation
