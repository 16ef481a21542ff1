#include "app/metrics_page.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include <catch2/catch.hpp>

#include "controllers/placement/metrics.hpp"
#include "controllers/session/metrics.hpp"
#include "runtime/metrics.hpp"

namespace marea::app {

namespace {

std::vector<runtime::MetricInfo> All() {
  std::vector<runtime::MetricInfo> all;
  for (const auto list :
       {session::SessionMetricList(), placement::PlacementMetricList(), runtime::OperatorMetrics()}) {
    all.insert(all.end(), list.begin(), list.end());
  }
  return all;
}

}  // namespace

TEST_CASE("docs/metrics.md is what the code says") {
  const std::string path = MAREA_SOURCE_DIR "/docs/metrics.md";
  if (std::getenv("MAREA_WRITE_PAGES") != nullptr) std::ofstream(path) << MetricsPage();
  std::ifstream file(path);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  CHECK(page == MetricsPage());
}

TEST_CASE("metrics are named once, as Prometheus and Kubernetes name theirs") {
  std::set<std::string_view> names;
  for (const auto& metric : All()) {
    const std::string name(metric.name);
    INFO(name);
    CHECK(names.insert(metric.name).second);
    CHECK(std::regex_match(name,
                           std::regex("(marea|process|controller_runtime|workqueue|rest_client)(_[a-z]+)+")));
    CHECK(name.ends_with("_total") == (metric.kind == runtime::MetricKind::kCounter));
    if (metric.kind == runtime::MetricKind::kHistogram) CHECK(name.ends_with("_seconds"));
    CHECK(metric.help.ends_with("."));
    CHECK(metric.help.find('|') == std::string_view::npos);  // it stands in a table
    for (const auto label : metric.labels)
      CHECK((label.empty() || std::regex_match(std::string(label), std::regex("[a-z]+(_[a-z]+)*"))));
  }
}

TEST_CASE("no label but those of marea_session_info takes what people write") {
  for (const auto& metric : All()) {
    if (metric.name == "marea_session_info") continue;
    INFO(metric.name);
    for (const auto* name : {"session", "user", "namespace", "pod", "uid"})
      CHECK(std::ranges::find(metric.labels, std::string_view(name)) == metric.labels.end());
  }
}

}  // namespace marea::app
