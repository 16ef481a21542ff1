#include "controllers/placement/metrics.hpp"

#include <array>

namespace marea::placement {
namespace {

using runtime::MetricInfo;
using runtime::MetricKind;

constexpr MetricInfo kNodes{MetricKind::kGauge,
                            "marea_accelerator_nodes",
                            "Nodes that offer the class and are ready.",
                            {"accelerator_class"}};
constexpr MetricInfo kUnready{MetricKind::kGauge,
                              "marea_accelerator_nodes_unready",
                              "Nodes that would offer it and are cordoned, going or not ready.",
                              {"accelerator_class"}};
constexpr MetricInfo kCapacity{MetricKind::kGauge,
                               "marea_accelerator_capacity",
                               "Devices on nodes that are ready.",
                               {"accelerator_class"}};
constexpr MetricInfo kAllocated{MetricKind::kGauge,
                                "marea_accelerator_allocated",
                                "Of them, those that a pod has, or a session that was admitted.",
                                {"accelerator_class"}};
constexpr MetricInfo kFree{
    MetricKind::kGauge, "marea_accelerator_free", "Of them, those that nobody has.", {"accelerator_class"}};
constexpr MetricInfo kQueued{MetricKind::kGauge,
                             "marea_accelerator_queued",
                             "Devices that waiting sessions ask for first.",
                             {"accelerator_class"}};
constexpr MetricInfo kUnmet{MetricKind::kGauge,
                            "marea_accelerator_unmet",
                            "Of these, for sessions that wait for a device and nothing else.",
                            {"accelerator_class"}};
constexpr MetricInfo kPass{MetricKind::kHistogram, "marea_placement_pass_seconds",
                           "How long a full placement pass took."};

constexpr std::array kAll{kNodes, kUnready, kCapacity, kAllocated, kFree, kQueued, kUnmet, kPass};

}  // namespace

std::span<const MetricInfo> PlacementMetricList() {
  return kAll;
}

void Report(const DeviceCounts& counts, const Histogram& pass_seconds, runtime::Scrape& scrape) {
  for (const auto& [name, count] : counts) {
    const auto say = [&](const MetricInfo& metric, std::int64_t value) {
      scrape.Add(metric, {name}, static_cast<double>(value));
    };
    say(kNodes, count.nodes);
    say(kUnready, count.unready);
    say(kCapacity, count.capacity);
    say(kAllocated, count.allocated);
    say(kFree, count.free);
    say(kQueued, count.queued);
    say(kUnmet, count.unmet);
  }
  if (!counts.empty()) scrape.Add(kPass, {}, pass_seconds);
}

}  // namespace marea::placement
