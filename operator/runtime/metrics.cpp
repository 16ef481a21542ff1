#include "runtime/metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <string_view>

namespace marea::runtime {

namespace {

constexpr auto kCounter = MetricKind::kCounter;
constexpr auto kGauge = MetricKind::kGauge;
constexpr auto kHistogram = MetricKind::kHistogram;

constexpr MetricInfo kBuild{kGauge, "marea_build_info", "1, with the version of this build.", {"version"}};
constexpr MetricInfo kStart{kGauge, "process_start_time_seconds",
                            "When the process started, in seconds since 1970."};
constexpr MetricInfo kResident{kGauge, "process_resident_memory_bytes", "Memory in use."};
constexpr MetricInfo kVirtual{kGauge, "process_virtual_memory_bytes", "Addresses in use."};
constexpr MetricInfo kCpu{kCounter, "process_cpu_seconds_total", "Processor time used, user and system."};
constexpr MetricInfo kFiles{kGauge, "process_open_fds", "Open file descriptors."};
constexpr MetricInfo kMostFiles{kGauge, "process_max_fds", "How many there may be."};

constexpr MetricInfo kReconciles{
    kCounter,
    "controller_runtime_reconcile_total",
    "Decisions, by how they ended: success, or error when the key was held back.",
    {"controller", "result"}};
constexpr MetricInfo kReconcileErrors{kCounter,
                                      "controller_runtime_reconcile_errors_total",
                                      "Decisions after which the key was held back.",
                                      {"controller"}};
constexpr MetricInfo kReconcileSeconds{kHistogram,
                                       "controller_runtime_reconcile_time_seconds",
                                       "From a decision to the last answer to its writes.",
                                       {"controller"}};
constexpr MetricInfo kActive{
    kGauge, "controller_runtime_active_workers", "Keys whose writes are being answered.", {"controller"}};
constexpr MetricInfo kMostActive{kGauge,
                                 "controller_runtime_max_concurrent_reconciles",
                                 "Writes that are sent at once at most.",
                                 {"controller"}};
constexpr MetricInfo kDecisionSeconds{
    kHistogram, "marea_decision_seconds", "Processor time of a decision alone.", {"controller"}};
constexpr MetricInfo kActions{
    kCounter, "marea_actions_total", "Actions that decisions asked for.", {"controller"}};
constexpr MetricInfo kFailedActions{
    kCounter, "marea_failed_actions_total", "Actions that did not have their effect.", {"controller"}};
constexpr MetricInfo kDepth{kGauge, "workqueue_depth", "Keys that are due.", {"name"}};
constexpr MetricInfo kWaiting{kGauge, "marea_workqueue_waiting", "Keys that wait for a time.", {"name"}};
constexpr MetricInfo kAdds{kCounter, "workqueue_adds_total", "Keys that became due.", {"name"}};
constexpr MetricInfo kRetries{kCounter, "workqueue_retries_total", "Keys that were held back.", {"name"}};
constexpr MetricInfo kQueueSeconds{
    kHistogram, "workqueue_queue_duration_seconds", "How long a key was due before its decision.", {"name"}};
constexpr MetricInfo kWorkSeconds{
    kHistogram, "workqueue_work_duration_seconds", "How long a key took, its writes included.", {"name"}};
constexpr MetricInfo kUnfinished{kGauge,
                                 "workqueue_unfinished_work_seconds",
                                 "Of all keys whose writes are being answered, since their decisions.",
                                 {"name"}};
constexpr MetricInfo kLongest{kGauge,
                              "workqueue_longest_running_processor_seconds",
                              "Of the key whose writes are being answered the longest.",
                              {"name"}};

constexpr MetricInfo kWatchAge{
    kGauge, "marea_watch_age_seconds", "Time since the last page, event or bookmark.", {"resource"}};
constexpr MetricInfo kWatchSynced{
    kGauge, "marea_watch_synced", "1 once a first list was complete.", {"resource"}};
constexpr MetricInfo kWatchLists{kCounter, "marea_watch_lists_total", "Complete lists.", {"resource"}};
constexpr MetricInfo kWatchEvents{
    kCounter, "marea_watch_events_total", "Events, bookmarks not counted.", {"resource"}};
constexpr MetricInfo kUndecodable{
    kCounter, "marea_watch_undecodable_total", "Objects that could not be read.", {"resource"}};
constexpr MetricInfo kObjects{kGauge, "marea_cache_objects", "Objects that are held.", {"resource"}};
constexpr MetricInfo kEpochs{
    kCounter,
    "marea_watch_epochs_total",
    "How often the API server was found to have gone back in time, as after a restore.",
    {"resource"}};

constexpr MetricInfo kRequests{kCounter,
                               "rest_client_requests_total",
                               "Requests to the API server, by status and method.",
                               {"code", "method"}};
constexpr MetricInfo kRequestSeconds{
    kHistogram,
    "rest_client_request_duration_seconds",
    "From handing a request over to its answer; of a watch to its first byte.",
    {"verb"}};

constexpr MetricInfo kLeader{kGauge, "marea_leader", "1 while this process leads and may write.", {"lease"}};

constexpr std::array kAll{kBuild,
                          kStart,
                          kResident,
                          kVirtual,
                          kCpu,
                          kFiles,
                          kMostFiles,
                          kReconciles,
                          kReconcileErrors,
                          kReconcileSeconds,
                          kActive,
                          kMostActive,
                          kDecisionSeconds,
                          kActions,
                          kFailedActions,
                          kDepth,
                          kWaiting,
                          kAdds,
                          kRetries,
                          kQueueSeconds,
                          kWorkSeconds,
                          kUnfinished,
                          kLongest,
                          kWatchAge,
                          kWatchSynced,
                          kWatchLists,
                          kWatchEvents,
                          kUndecodable,
                          kObjects,
                          kEpochs,
                          kRequests,
                          kRequestSeconds,
                          kLeader};

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t OpenFiles() {
  std::error_code error;
  std::uint64_t files = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    ++files;
  }
  return files;
}

void AddProcess(const std::string& version, Time started, Scrape& scrape) {
  scrape.Add(kBuild, {version}, std::uint64_t{1});
  scrape.Add(kStart, {}, started.time_since_epoch());
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  scrape.Add(kVirtual, {}, total * page);
  scrape.Add(kResident, {}, resident * page);
  scrape.Add(kCpu, {}, CpuSeconds());
  scrape.Add(kFiles, {}, OpenFiles());
  rlimit most{};
  ::getrlimit(RLIMIT_NOFILE, &most);
  scrape.Add(kMostFiles, {}, static_cast<std::uint64_t>(most.rlim_cur));
}

void AddController(const Controller& controller, MonotonicTime now, Scrape& scrape) {
  const ControllerCounters& counters = controller.counters();
  const std::string& name = controller.name();
  scrape.Add(kReconciles, {name, "success"}, counters.succeeded);
  scrape.Add(kReconciles, {name, "error"}, counters.retries);
  scrape.Add(kReconcileErrors, {name}, counters.retries);
  scrape.Add(kReconcileSeconds, {name}, counters.work_seconds);
  scrape.Add(kDecisionSeconds, {name}, counters.decision_seconds);
  scrape.Add(kActions, {name}, counters.actions);
  scrape.Add(kFailedActions, {name}, counters.failed_actions);
  scrape.Add(kMostActive, {name}, static_cast<std::uint64_t>(controller.max_in_flight()));
  scrape.Add(kDepth, {name}, std::uint64_t{controller.Due()});
  scrape.Add(kWaiting, {name}, std::uint64_t{controller.Depth() - controller.Due()});
  scrape.Add(kAdds, {name}, counters.adds);
  scrape.Add(kRetries, {name}, counters.retries);
  scrape.Add(kQueueSeconds, {name}, counters.queue_seconds);
  scrape.Add(kWorkSeconds, {name}, counters.work_seconds);
  Duration unfinished{}, longest{};
  for (const auto& [key, begin] : controller.Working()) {
    unfinished += now - begin;
    longest = std::max<Duration>(longest, now - begin);
  }
  scrape.Add(kActive, {name}, std::uint64_t{controller.Working().size()});
  scrape.Add(kUnfinished, {name}, unfinished);
  scrape.Add(kLongest, {name}, longest);
}

void AddWatch(const WatchHealth& health, MonotonicTime now, Scrape& scrape) {
  const Scrape::Labels labels{std::string(health.type->plural)};
  scrape.Add(kWatchAge, labels, std::chrono::duration_cast<Duration>(now - health.last_sign));
  scrape.Add(kWatchSynced, labels, std::uint64_t{health.synced});
  scrape.Add(kWatchLists, labels, health.lists);
  scrape.Add(kWatchEvents, labels, health.events);
  scrape.Add(kUndecodable, labels, health.undecodable);
  scrape.Add(kObjects, labels, health.objects);
  scrape.Add(kEpochs, labels, health.epochs);
}

void AddRequests(const kube::RequestCounts& requests, Scrape& scrape) {
  for (const auto& [what, count] : requests.Get()) {
    const auto& [method, status] = what;
    scrape.Add(kRequests, {status == 0 ? "<error>" : std::to_string(status), std::string(http::Name(method))},
               count);
  }
  for (const auto& [verb, times] : requests.GetTimes())
    scrape.Add(kRequestSeconds, {std::string(verb)}, times);
}

}  // namespace

std::span<const MetricInfo> OperatorMetrics() {
  return kAll;
}

Metrics::Metrics(std::string version, Time started) : version_(std::move(version)), started_(started) {}

std::string Metrics::Render(MonotonicTime now) const {
  Scrape scrape;
  AddProcess(version_, started_, scrape);
  for (const auto* controller : controllers_) AddController(*controller, now, scrape);
  for (const auto* reflector : reflectors_) AddWatch(reflector->Health(), now, scrape);
  if (requests_ != nullptr) AddRequests(*requests_, scrape);
  for (const auto& [gate, lease] : gates_) scrape.Add(kLeader, {lease}, std::uint64_t{gate->MayWrite()});
  for (const auto& source : sources_) source(scrape);
  return scrape.Text();
}

}  // namespace marea::runtime
