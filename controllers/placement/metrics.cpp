#include "controllers/placement/metrics.hpp"

#include <array>
#include <optional>
#include <string>

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

constexpr MetricInfo kArrival{
    MetricKind::kHistogram, "marea_placement_arrival_seconds",
    "How long it took to decide on a session that came when nobody else could be placed."};
constexpr MetricInfo kGuaranteed{MetricKind::kGauge,
                                 "marea_project_guaranteed",
                                 "Devices the project was promised, with what its parts lend it.",
                                 {"project", "accelerator_class"}};
constexpr MetricInfo kGuaranteeNow{
    MetricKind::kGauge,
    "marea_project_guarantee_now",
    "1 when what it does not use of its guarantee could be had from devices that are online, 0 when not.",
    {"project", "accelerator_class"}};
constexpr MetricInfo kUsed{MetricKind::kGauge,
                           "marea_project_used",
                           "Devices that sessions of the project and its parts hold; of cpu, sessions.",
                           {"project", "accelerator_class"}};
constexpr MetricInfo kBorrowed{MetricKind::kGauge,
                               "marea_project_borrowed",
                               "Of these, those beyond the guarantee.",
                               {"project", "accelerator_class"}};
constexpr MetricInfo kWaiting{MetricKind::kGauge,
                              "marea_project_queued",
                              "Devices that waiting sessions of the project and its parts ask for first.",
                              {"project", "accelerator_class"}};
constexpr MetricInfo kHeldCredits{MetricKind::kGauge,
                                  "marea_project_held_credits",
                                  "Credits of the devices that the project's own sessions hold.",
                                  {"project"}};
constexpr MetricInfo kUsedCredits{
    MetricKind::kGauge,
    "marea_project_used_credit_seconds",
    "What the project's own sessions have used, half of it forgotten in every week; by this it has its turn.",
    {"project"}};

constexpr std::array kAll{kNodes,       kUnready,     kCapacity,     kAllocated, kFree,     kQueued,
                          kUnmet,       kGuaranteed,  kGuaranteeNow, kUsed,      kBorrowed, kWaiting,
                          kHeldCredits, kUsedCredits, kPass,         kArrival};

void ReportProject(const std::string& name, const ProjectCount& count, runtime::Scrape& scrape) {
  for (const auto& c : count.classes) {
    const auto say = [&](const MetricInfo& metric, const std::optional<std::int64_t>& value) {
      if (value) scrape.Add(metric, {name, c.class_name}, static_cast<double>(*value));
    };
    say(kGuaranteed, c.guaranteed);
    say(kUsed, c.used);
    say(kBorrowed, c.borrowed);
    say(kWaiting, c.waiting);
    if (c.guarantee != api::Availability::kNone)
      say(kGuaranteeNow, c.guarantee == api::Availability::kNow ? 1 : 0);
  }
  scrape.Add(kHeldCredits, {name}, static_cast<double>(count.credits));
}

}  // namespace

std::span<const MetricInfo> PlacementMetricList() {
  return kAll;
}

void Report(const StatusController& counts, const Controller& placement, Time now, runtime::Scrape& scrape) {
  for (const auto& [name, count] : counts.device_counts()) {
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
  for (const auto& [name, count] : counts.project_counts()) {
    ReportProject(name, count, scrape);
    scrape.Add(kUsedCredits, {name},
               static_cast<double>(placement.state().known_sharing().UseOf(name, now)) / 1000);
  }
  if (counts.project_counts().empty()) return;
  scrape.Add(kPass, {}, placement.pass_seconds());
  scrape.Add(kArrival, {}, placement.arrival_seconds());
}

}  // namespace marea::placement
