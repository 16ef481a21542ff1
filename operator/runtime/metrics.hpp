// What /metrics shows about the operator itself, in the Prometheus text format, under the names that
// dashboards for controllers know. Values are read when asked for; nobody has to report them. prometheus-cpp
// stays in metrics.cpp.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "kube/client.hpp"
#include "runtime/controller.hpp"
#include "runtime/reflector.hpp"

namespace marea::runtime {

// Loop thread only. What is added outlives it.
class Metrics {
 public:
  // `version` is the build's, `started` the process's start.
  Metrics(std::string version, Time started);

  // controller_runtime_reconcile_total{controller,result}, workqueue_depth{name},
  // marea_actions_total{controller}, marea_failed_actions_total{controller}
  void Add(const Controller& controller) { controllers_.push_back(&controller); }
  // marea_watch_age_seconds{resource}, marea_watch_synced{resource}, and
  // marea_watch_{lists,events,undecodable}_total
  void Add(const AnyReflector& reflector) { reflectors_.push_back(&reflector); }
  // rest_client_requests_total{code,method}; the code of a request without an answer is "<error>"
  void Add(const kube::RequestCounts& requests) { requests_.push_back(&requests); }
  // marea_leader{lease}: 1 while writes may leave
  void Add(const Gate& gate, std::string lease) { gates_.emplace_back(&gate, std::move(lease)); }

  std::string Render(MonotonicTime now) const;

 private:
  std::string version_;
  Time started_;
  std::vector<const Controller*> controllers_;
  std::vector<const AnyReflector*> reflectors_;
  std::vector<const kube::RequestCounts*> requests_;
  std::vector<std::pair<const Gate*, std::string>> gates_;
};

}  // namespace marea::runtime
