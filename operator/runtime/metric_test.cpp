#include "runtime/metric.hpp"

#include <catch2/catch.hpp>

namespace marea::runtime {

namespace {

constexpr MetricInfo kSeen{MetricKind::kCounter, "seen_total", "What was seen.", {"who"}};
constexpr MetricInfo kNow{MetricKind::kGauge, "now_seconds", "When it is."};
constexpr MetricInfo kWaits{MetricKind::kHistogram, "waits_seconds", "How long.", {"who"}};

}  // namespace

TEST_CASE("a scrape says families in the order of their names, each once, with type and help") {
  static constexpr double kBounds[] = {1, 5};
  Histogram waits(kBounds);
  waits.Observe(0.5);
  waits.Observe(3);
  waits.Observe(7);
  Scrape scrape;
  scrape.Add(kWaits, {"ada"}, waits);
  scrape.Add(kSeen, {"ada"}, std::uint64_t{2});
  scrape.Add(kNow, {}, Duration{2'500'000});
  scrape.Add(kSeen, {"bob \"the\\builder\"\n"}, std::uint64_t{1});
  CHECK(scrape.Text() ==
        "# HELP now_seconds When it is.\n"
        "# TYPE now_seconds gauge\n"
        "now_seconds 2.5\n"
        "# HELP seen_total What was seen.\n"
        "# TYPE seen_total counter\n"
        "seen_total{who=\"ada\"} 2\n"
        "seen_total{who=\"bob \\\"the\\\\builder\\\"\\n\"} 1\n"
        "# HELP waits_seconds How long.\n"
        "# TYPE waits_seconds histogram\n"
        "waits_seconds_count{who=\"ada\"} 3\n"
        "waits_seconds_sum{who=\"ada\"} 10.5\n"
        "waits_seconds_bucket{who=\"ada\",le=\"1\"} 1\n"
        "waits_seconds_bucket{who=\"ada\",le=\"5\"} 2\n"
        "waits_seconds_bucket{who=\"ada\",le=\"+Inf\"} 3\n");
}

TEST_CASE("what says nothing is not there") {
  CHECK(Scrape().Text().empty());
}

}  // namespace marea::runtime
