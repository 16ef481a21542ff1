// Base64 as kubeconfigs and Secrets hold it, back to bytes; base/crypto.hpp has the way there.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace marea::kube {

// Standard alphabet with padding; line breaks and blanks are skipped. Errors: kInvalid.
Result<std::string> Base64Decode(std::string_view text);

}  // namespace marea::kube
