// What /metrics says about sessions: how many there are, what they asked for, how long each stage of their
// start took, and why they stopped.
//
// Labels are bounded: a class that is not there is "(unknown)", whatever the Session calls it. Sessions and
// users are named by marea_session_info alone, for those who want that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "base/histogram.hpp"
#include "controllers/api/world.hpp"
#include "runtime/metric.hpp"

namespace marea::session {

// How long each stage of a start took; absent: not known. Never below zero, though other machines' clocks
// have their say.
struct Stages {
  std::optional<Duration> scheduling;  // from the admission until the pod has its node
  std::optional<Duration> pulling;     // until the container runs: volumes, network, image
  std::optional<Duration> starting;    // until JupyterLab answers
};

Stages StagesOf(const api::SessionStatus& status, const kube::Pod& pod);

std::span<const runtime::MetricInfo> SessionMetricList();

// Loop thread only. The world outlives it.
class SessionMetrics {
 public:
  explicit SessionMetrics(api::World& world);

  void Start() { started_ = true; }  // what changes from now on is counted: another replica counted the rest

  // Nothing before Start, so that of several replicas one speaks. `with_info`: each session by name, too.
  void Report(Time now, bool with_info, runtime::Scrape& scrape) const;

 private:
  template <class Value>
  using ByLabels = std::map<runtime::Scrape::Labels, Value>;

  void Changed(const Key& key, const api::Session* before, const api::Session& after);
  void CountRequest(const api::Session& session);
  void CountStart(const Key& key, const api::Session& session);
  void Observe(const api::Session& session, const char* stage, std::optional<Duration> taken);
  void ReportCounts(runtime::Scrape& scrape) const;
  void ReportPresent(Time now, runtime::Scrape& scrape) const;
  void ReportInfo(runtime::Scrape& scrape) const;
  std::string ClassOf(const api::Session& session) const;
  std::string DeviceOf(const std::string& accelerator_class) const;

  const api::World& world_;
  bool started_ = false;
  ByLabels<std::uint64_t> requests_, starts_, stops_, retries_;
  std::map<std::string, std::uint64_t> requested_devices_;  // by accelerator class
  ByLabels<Histogram> stages_;
};

}  // namespace marea::session
