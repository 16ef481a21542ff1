#include "runtime/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <utility>

namespace marea::runtime {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<prometheus::ClientMetric::Label>;

class Family {
 public:
  Family(MetricType type, std::string name, std::string help) {
    family_.type = type;
    family_.name = std::move(name);
    family_.help = std::move(help);
  }

  void Add(Labels labels, double value) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family_.metric.push_back(std::move(metric));
  }
  void Add(Labels labels, std::uint64_t value) { Add(std::move(labels), static_cast<double>(value)); }

  // A family that says nothing is left out.
  void Into(std::vector<MetricFamily>& all) && {
    if (!family_.metric.empty()) all.push_back(std::move(family_));
  }

 private:
  MetricFamily family_;
};

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void AddProcess(const std::string& version, Time started, std::vector<MetricFamily>& all) {
  Family build(MetricType::Gauge, "marea_build_info", "Which build this is.");
  build.Add({{"version", version}}, 1.0);
  Family start(MetricType::Gauge, "process_start_time_seconds",
               "When the process started, in seconds since 1970.");
  start.Add({}, Seconds(started.time_since_epoch()));
  Family memory(MetricType::Gauge, "process_resident_memory_bytes", "Memory in use.");
  memory.Add({}, ResidentBytes());
  Family cpu(MetricType::Counter, "process_cpu_seconds_total", "Processor time used, user and system.");
  cpu.Add({}, CpuSeconds());
  for (Family* family : {&build, &start, &memory, &cpu}) std::move(*family).Into(all);
}

void AddControllers(const std::vector<const Controller*>& controllers, std::vector<MetricFamily>& all) {
  Family reconciles(MetricType::Counter, "controller_runtime_reconcile_total",
                    "Decisions, by how they ended.");
  Family actions(MetricType::Counter, "marea_actions_total", "Actions that decisions asked for.");
  Family failed(MetricType::Counter, "marea_failed_actions_total", "Actions that did not have their effect.");
  Family depth(MetricType::Gauge, "workqueue_depth", "Keys due or waiting for a time.");
  for (const Controller* controller : controllers) {
    const ControllerCounters& counters = controller->counters();
    reconciles.Add({{"controller", controller->name()}, {"result", "success"}}, counters.succeeded);
    reconciles.Add({{"controller", controller->name()}, {"result", "error"}}, counters.retries);
    actions.Add({{"controller", controller->name()}}, counters.actions);
    failed.Add({{"controller", controller->name()}}, counters.failed_actions);
    depth.Add({{"name", controller->name()}}, static_cast<double>(controller->Depth()));
  }
  for (Family* family : {&reconciles, &actions, &failed, &depth}) std::move(*family).Into(all);
}

void AddWatches(const std::vector<const AnyReflector*>& reflectors, MonotonicTime now,
                std::vector<MetricFamily>& all) {
  Family age(MetricType::Gauge, "marea_watch_age_seconds", "Time since the last page, event or bookmark.");
  Family synced(MetricType::Gauge, "marea_watch_synced", "1 once a first list was complete.");
  Family lists(MetricType::Counter, "marea_watch_lists_total", "Complete lists.");
  Family events(MetricType::Counter, "marea_watch_events_total", "Events, bookmarks not counted.");
  Family undecodable(MetricType::Counter, "marea_watch_undecodable_total", "Objects that could not be read.");
  for (const AnyReflector* reflector : reflectors) {
    const WatchHealth health = reflector->Health();
    const Labels labels{{"resource", std::string(health.type->plural)}};
    age.Add(labels, Seconds(now - health.last_sign));
    synced.Add(labels, health.synced ? 1.0 : 0.0);
    lists.Add(labels, health.lists);
    events.Add(labels, health.events);
    undecodable.Add(labels, health.undecodable);
  }
  for (Family* family : {&age, &synced, &lists, &events, &undecodable}) std::move(*family).Into(all);
}

void AddRequests(const std::vector<const kube::RequestCounts*>& requests, std::vector<MetricFamily>& all) {
  kube::RequestCounts::Counts sum;  // calls and watches may count apart; a label set may stand only once
  for (const auto* counts : requests) {
    for (const auto& [what, count] : counts->Get()) sum[what] += count;
  }
  Family family(MetricType::Counter, "rest_client_requests_total",
                "Requests to the API server, by method and status.");
  for (const auto& [what, count] : sum) {
    const auto& [method, status] = what;
    family.Add({{"code", status == 0 ? "<error>" : std::to_string(status)}, {"method", http::Name(method)}},
               count);
  }
  std::move(family).Into(all);
}

void AddGates(const std::vector<std::pair<const Gate*, std::string>>& gates, std::vector<MetricFamily>& all) {
  Family leader(MetricType::Gauge, "marea_leader", "1 while this process leads and may write.");
  for (const auto& [gate, lease] : gates) leader.Add({{"lease", lease}}, gate->MayWrite() ? 1.0 : 0.0);
  std::move(leader).Into(all);
}

}  // namespace

Metrics::Metrics(std::string version, Time started) : version_(std::move(version)), started_(started) {}

std::string Metrics::Render(MonotonicTime now) const {
  std::vector<MetricFamily> families;
  AddProcess(version_, started_, families);
  AddControllers(controllers_, families);
  AddWatches(reflectors_, now, families);
  AddRequests(requests_, families);
  AddGates(gates_, families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace marea::runtime
