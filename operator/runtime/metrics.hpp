// What /metrics says about the operator itself, under the names that dashboards for controllers know. Values
// are read when asked for; nobody has to report them.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "kube/client.hpp"
#include "runtime/controller.hpp"
#include "runtime/metric.hpp"
#include "runtime/reflector.hpp"

namespace marea::runtime {

// Every metric that Metrics itself reports.
std::span<const MetricInfo> OperatorMetrics();

// Loop thread only. What is added outlives it.
class Metrics {
 public:
  // `version` is the build's, `started` the process's start.
  Metrics(std::string version, Time started);

  void Add(const Controller& controller) { controllers_.push_back(&controller); }
  void Add(const AnyReflector& reflector) { reflectors_.push_back(&reflector); }
  // The code of a request without an answer is "<error>".
  void Add(const kube::RequestCounts& requests) { requests_ = &requests; }
  void Add(const Gate& gate, std::string lease) { gates_.emplace_back(&gate, std::move(lease)); }
  // What a domain has to say.
  void Add(std::function<void(Scrape&)> source) { sources_.push_back(std::move(source)); }

  std::string Render(MonotonicTime now) const;

 private:
  std::string version_;
  Time started_;
  std::vector<const Controller*> controllers_;
  std::vector<const AnyReflector*> reflectors_;
  const kube::RequestCounts* requests_ = nullptr;
  std::vector<std::pair<const Gate*, std::string>> gates_;
  std::vector<std::function<void(Scrape&)>> sources_;
};

}  // namespace marea::runtime
