#include "app/metrics_page.hpp"

#include <span>
#include <string_view>

#include "controllers/placement/metrics.hpp"
#include "controllers/session/metrics.hpp"
#include "runtime/metrics.hpp"

namespace marea::app {

namespace {

constexpr std::string_view kTop = R"(# Metrics

Made from the code: `MAREA_WRITE_PAGES=1 build/debug/tests/app_test "docs/metrics.md*"` writes this page anew, and a test holds it
against the code.

Each replica serves them at `https://ADDRESS:8443/metrics`, to whoever the API server lets get the non-resource URL `/metrics`:

    kubectl create clusterrolebinding marea-scraper --clusterrole=marea-metrics-reader --serviceaccount=monitoring:prometheus

```yaml
scrape_configs:
  - job_name: marea
    scheme: https
    authorization: {credentials_file: /var/run/secrets/kubernetes.io/serviceaccount/token}
    tls_config: {insecure_skip_verify: true}   # or ca_file, with serving.tlsSecret of the chart
    kubernetes_sd_configs:
      - {role: endpointslice, namespaces: {names: [marea-system]}}
    relabel_configs:
      - {source_labels: [__meta_kubernetes_service_name], regex: marea-session, action: keep}
      - {source_labels: [__meta_kubernetes_namespace], target_label: namespace}
```

With the Prometheus Operator, `serviceMonitor.enabled=true` of the chart does the same. Only the replica that leads speaks of sessions and
devices, so that sums over replicas are right. A label names what an administrator made: a class that a Session names and that is not
there is `(unknown)`. While the API server is away, who was let in within the last minute still is; others are answered 503.
)";

const char* KindOf(runtime::MetricKind kind) {
  switch (kind) {
    case runtime::MetricKind::kCounter:
      return "counter";
    case runtime::MetricKind::kGauge:
      return "gauge";
    case runtime::MetricKind::kHistogram:
      break;
  }
  return "histogram";
}

void Describe(std::string_view title, std::span<const runtime::MetricInfo> metrics, std::string& page) {
  page += "\n## " + std::string(title) + "\n\n| metric | kind | labels | what it says |\n|---|---|---|---|\n";
  for (const auto& metric : metrics) {
    std::string labels;
    for (const auto label : metric.labels) {
      if (!label.empty()) labels += (labels.empty() ? "`" : ", `") + std::string(label) + "`";
    }
    page += "| `" + std::string(metric.name) + "` | " + KindOf(metric.kind) + " | " + labels + " | " +
            std::string(metric.help) + " |\n";
  }
}

}  // namespace

std::string MetricsPage() {
  std::string page(kTop);
  Describe("Sessions", session::SessionMetricList(), page);
  Describe("Devices and placement", placement::PlacementMetricList(), page);
  Describe("The operator itself", runtime::OperatorMetrics(), page);
  return page;
}

}  // namespace marea::app
