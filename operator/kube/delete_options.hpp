// The body of a DELETE.
#pragma once

#include <optional>
#include <string>

#include "kube/client.hpp"

namespace marea::kube {

// meta/v1 DeleteOptions as JSON; dependents are removed in the background. Preconditions that are empty are
// left out.
std::string DeleteOptionsJson(const Preconditions& preconditions, std::optional<int> grace_seconds);

}  // namespace marea::kube
