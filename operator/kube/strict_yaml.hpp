// YAML from outside, read so that a small file cannot cost much and says one thing only.
#pragma once

#include <string>

#include "base/result.hpp"

namespace YAML {
class Node;
}

namespace marea::kube {

// The map that `text` is; `path` names it in messages. Errors: kInvalid: no YAML, no map, aliases, a key
// given twice or that is no string, more than 10,000 values, more than 32 levels. May be called from any
// thread.
Result<YAML::Node> ParseStrictly(const std::string& text, const std::string& path);

}  // namespace marea::kube
