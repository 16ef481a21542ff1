#include "runtime/metric.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cassert>
#include <limits>
#include <map>
#include <utility>

namespace marea::runtime {

namespace {

prometheus::MetricType TypeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return prometheus::MetricType::Counter;
    case MetricKind::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::kHistogram:
      break;
  }
  return prometheus::MetricType::Histogram;
}

prometheus::ClientMetric Labelled(const MetricInfo& info, const Scrape::Labels& labels) {
  assert((labels.size() == info.labels.size() || info.labels[labels.size()].empty()) && "one value a label");
  prometheus::ClientMetric metric;
  for (std::size_t i = 0; i < labels.size(); ++i)
    metric.label.push_back({std::string(info.labels[i]), labels[i]});
  return metric;
}

}  // namespace

struct Scrape::Families {
  std::map<std::string_view, prometheus::MetricFamily> by_name;

  prometheus::MetricFamily& Of(const MetricInfo& info) {
    auto [found, added] = by_name.try_emplace(info.name);
    if (added) {
      found->second.name = info.name;
      found->second.help = info.help;
      found->second.type = TypeOf(info.kind);
    }
    return found->second;
  }
};

Scrape::Scrape() : families_(std::make_unique<Families>()) {}
Scrape::~Scrape() = default;

void Scrape::Add(const MetricInfo& info, const Labels& labels, double value) {
  assert(info.kind != MetricKind::kHistogram);
  auto metric = Labelled(info, labels);
  (info.kind == MetricKind::kCounter ? metric.counter.value : metric.gauge.value) = value;
  families_->Of(info).metric.push_back(std::move(metric));
}

void Scrape::Add(const MetricInfo& info, const Labels& labels, const Histogram& histogram) {
  assert(info.kind == MetricKind::kHistogram);
  auto metric = Labelled(info, labels);
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
    so_far += histogram.counts()[i];
    const bool last = i == histogram.bounds().size();
    metric.histogram.bucket.push_back(
        {so_far, last ? std::numeric_limits<double>::infinity() : histogram.bounds()[i]});
  }
  metric.histogram.sample_count = so_far;
  metric.histogram.sample_sum = histogram.sum();
  families_->Of(info).metric.push_back(std::move(metric));
}

std::string Scrape::Text() const {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& [name, family] : families_->by_name) families.push_back(family);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace marea::runtime
