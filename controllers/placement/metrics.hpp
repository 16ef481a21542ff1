// What /metrics says about devices and about placement.
#pragma once

#include <span>

#include "controllers/placement/controller.hpp"
#include "controllers/placement/status_controller.hpp"
#include "runtime/metric.hpp"

namespace marea::placement {

std::span<const runtime::MetricInfo> PlacementMetricList();

// What was counted last; nothing before that.
void Report(const StatusController& counts, const Controller& placement, Time now, runtime::Scrape& scrape);

}  // namespace marea::placement
