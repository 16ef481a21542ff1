// Transcripts of the real API server, kept beside the scripts, and what another server answered otherwise.
#pragma once

#include <string>
#include <vector>

#include "testing/conformance/script.hpp"

namespace marea::testing::conformance {

Result<std::string> ReadGolden(const std::string& folder, const Script& script);
Result<void> WriteGolden(const std::string& folder, const Script& script, const std::string& transcript);

struct Difference {
  std::string step;
  std::string golden, answer;
};
std::vector<Difference> Differences(const std::string& golden, const std::string& transcript);

// For people: the lines of a step that differ, with "-" for the golden ones and "+" for the others.
std::string ToString(const Difference& difference);

}  // namespace marea::testing::conformance
