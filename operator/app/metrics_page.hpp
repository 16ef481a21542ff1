// docs/metrics.md: every metric there is, made from their declarations.
#pragma once

#include <string>

namespace marea::app {

std::string MetricsPage();

}  // namespace marea::app
