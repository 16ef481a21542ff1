// A week of a platform: 48 people in office hours, a class of 60, machines that die and are replaced,
// upgrades and crashes of the operator in the middle. All drawn from the seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace marea::simulation {

struct WeekReport {
  int asked = 0, served = 0;      // sessions; and those that were Ready at least once
  int devices = 0;                // of the platform
  std::vector<int> busy_by_hour;  // devices held at each full hour
  std::uint64_t writes = 0, steps = 0;
  std::vector<std::string> violations;
  std::vector<std::string> unserved;
};

// From Monday, eight in the morning; or only its first `days`.
WeekReport LiveAWeek(std::uint64_t seed, int replicas = 1, int days = 7);

}  // namespace marea::simulation
