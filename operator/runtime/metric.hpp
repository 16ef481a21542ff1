// What a metric is, and the text that a scrape gets of many. Metrics are declared as constants, in one list a
// folder: the text and docs/metrics.md follow from them. prometheus-cpp stays in metric.cpp.
//
// Labels are bounded: what people write (names of sessions, users, classes that are not there) is no label,
// but for marea_session_info, which is asked for.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.hpp"
#include "base/time.hpp"

namespace marea::runtime {

enum class MetricKind { kCounter, kGauge, kHistogram };

struct MetricInfo {
  MetricKind kind;
  std::string_view name;  // with its unit, as the field writes it: "_seconds", "_bytes", "_total"
  std::string_view help;  // one sentence
  std::array<std::string_view, 8> labels = {};  // the first empty one ends them
};

// One answer to one scrape. Families come in the order of their names; one that says nothing is left out.
class Scrape {
 public:
  Scrape();
  ~Scrape();
  Scrape(const Scrape&) = delete;
  Scrape& operator=(const Scrape&) = delete;

  using Labels = std::vector<std::string>;  // the values, in the order of MetricInfo::labels
  void Add(const MetricInfo& metric, const Labels& labels, double value);
  void Add(const MetricInfo& metric, const Labels& labels, std::uint64_t value) {
    Add(metric, labels, static_cast<double>(value));
  }
  void Add(const MetricInfo& metric, const Labels& labels, const Histogram& histogram);
  void Add(const MetricInfo& metric, const Labels& labels, Duration duration) {
    Add(metric, labels, std::chrono::duration<double>(duration).count());
  }

  std::string Text() const;  // the Prometheus text format, 0.0.4

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace marea::runtime
