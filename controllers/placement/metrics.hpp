// What /metrics says about devices and about placement.
#pragma once

#include <span>

#include "base/histogram.hpp"
#include "controllers/placement/class_status.hpp"
#include "runtime/metric.hpp"

namespace marea::placement {

std::span<const runtime::MetricInfo> PlacementMetricList();

// `pass_seconds` as Controller's.
void Report(const DeviceCounts& counts, const Histogram& pass_seconds, runtime::Scrape& scrape);

}  // namespace marea::placement
