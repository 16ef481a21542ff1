// The body of a merge patch with its precondition.
#pragma once

#include <string>

#include "base/result.hpp"

namespace marea::runtime {

// `body` with metadata.resourceVersion set, and nothing else changed. Errors: kInvalid when it is no JSON
// object.
Result<std::string> WithResourceVersion(const std::string& body, const std::string& resource_version);

}  // namespace marea::runtime
