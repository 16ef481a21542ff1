// Text as part of a URL.
#pragma once

#include <string>
#include <string_view>

namespace marea::kube {

// Everything but RFC 3986's unreserved characters as %XX, so that it fits a path segment and a query value
// alike.
std::string PercentEncoded(std::string_view text);

}  // namespace marea::kube
