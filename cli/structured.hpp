// What programs read: pages as JSON and as YAML, laid out.
#pragma once

#include <string>
#include <string_view>

namespace marea::cli {

// `json` is our own, in one line; anything else is a bug. The order of the names is kept. With a newline at
// the end.
std::string PrettyJson(std::string_view json);
std::string Yaml(std::string_view json);

}  // namespace marea::cli
