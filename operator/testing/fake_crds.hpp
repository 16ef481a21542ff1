// CustomResourceDefinitions as kinds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "testing/fake_kind.hpp"

namespace marea::testing::fake {

// One kind for each served version; a definition that makes no sense makes none.
std::vector<Kind> KindsOf(const Json& definition);

// Of all *.yaml files of a folder, by name. Read once in a process: a sweep makes thousands of servers.
std::vector<Kind> LoadCrds(const std::string& folder);

}  // namespace marea::testing::fake
