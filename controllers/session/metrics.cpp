#include "controllers/session/metrics.hpp"

#include <algorithm>
#include <array>

#include "controllers/session/view.hpp"

namespace marea::session {

namespace {

using runtime::MetricInfo;
using runtime::MetricKind;

constexpr MetricInfo kSessions{MetricKind::kGauge,
                               "marea_sessions",
                               "Sessions there are, by their class and summary.",
                               {"session_class", "summary"}};
constexpr MetricInfo kStalled{MetricKind::kGauge,
                              "marea_sessions_stalled",
                              "Sessions for which a person must act, by the reason in docs/troubles.md.",
                              {"session_class", "reason"}};
constexpr MetricInfo kQueued{
    MetricKind::kGauge,
    "marea_sessions_queued",
    "Sessions that wait to be placed, by what they ask for first and what they wait for.",
    {"accelerator_class", "reason"}};
constexpr MetricInfo kOldest{MetricKind::kGauge,
                             "marea_queue_oldest_seconds",
                             "How long the session that has waited longest has waited.",
                             {"accelerator_class"}};
constexpr MetricInfo kRequests{MetricKind::kCounter,
                               "marea_session_requests_total",
                               "Runs that were asked for, by class and the device that is asked for first.",
                               {"session_class", "accelerator_class"}};
constexpr MetricInfo kDevices{MetricKind::kCounter,
                              "marea_accelerator_requests_total",
                              "Devices that were asked for first, of runs: the demand.",
                              {"accelerator_class"}};
constexpr MetricInfo kStarts{MetricKind::kCounter,
                             "marea_session_starts_total",
                             "Sessions that became Ready, by class and the device they got.",
                             {"session_class", "accelerator_class"}};
constexpr MetricInfo kStops{MetricKind::kCounter,
                            "marea_session_stops_total",
                            "Runs that ended, by class and reason.",
                            {"session_class", "reason"}};
constexpr MetricInfo kRetries{
    MetricKind::kCounter,
    "marea_session_retries_total",
    "Attempts that came to nothing through no fault of the user: the pod was lost, or "
    "the scheduler refused its place.",
    {"session_class", "cause"}};
constexpr MetricInfo kStages{
    MetricKind::kHistogram,
    "marea_session_stage_seconds",
    "How long each stage of a start took: queued, scheduling, pulling (volumes and image), "
    "starting (until JupyterLab answers).",
    {"session_class", "stage"}};
constexpr MetricInfo kInfo{
    MetricKind::kGauge,
    "marea_session_info",
    "1 for each session, with its names; only with --session-info-metric.",
    {"namespace", "session", "user", "session_class", "accelerator_class", "node", "summary"}};

constexpr std::array kAll{kSessions, kStalled, kQueued,  kOldest, kRequests, kDevices,
                          kStarts,   kStops,   kRetries, kStages, kInfo};

constexpr const char* kUnknown = "(unknown)";
constexpr std::array kSummaries{"Queued", "Starting", "Ready", "Stopping", "Stopped", "Failed"};
constexpr std::array kCauses{"PodLost", "PlaceRefused"};
constexpr const char *kQueue = "queued", *kScheduling = "scheduling", *kPulling = "pulling",
                     *kStarting = "starting";
// Seconds; times in the API are whole ones, and people wait for a device for hours.
constexpr std::array kStageBounds{1.0,   2.0,   5.0,   10.0,   20.0,   30.0,    60.0,
                                  120.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0, 86400.0};

std::optional<Duration> Between(const std::optional<Time>& begin, const std::optional<Time>& end) {
  if (!begin || !end) return {};
  return std::max(Duration{}, *end - *begin);
}

// What it asks for first.
api::Alternative Preferred(const api::Session& session) {
  const auto& alternatives = session.spec.accelerator.alternatives;
  return alternatives.empty() ? api::Alternative{std::string(api::kCpuClass), 0} : alternatives.front();
}

void Say(const MetricInfo& metric, const std::map<runtime::Scrape::Labels, std::uint64_t>& values,
         runtime::Scrape& scrape) {
  for (const auto& [labels, value] : values) scrape.Add(metric, labels, value);
}

// New sessions have no summary yet.
std::string SummaryOf(const api::SessionStatus& status) {
  return status.summary.empty() ? "Queued" : status.summary;
}

}  // namespace

Stages StagesOf(const api::SessionStatus& status, const kube::Pod& pod) {
  Stages stages;
  if (!status.admission) return stages;
  const auto* scheduled = kube::FindCondition(pod.status.conditions, "PodScheduled");
  if (scheduled == nullptr || scheduled->status != "True") return stages;
  stages.scheduling = Between(status.admission->time, scheduled->last_transition_time);
  const auto notebook = std::ranges::find(pod.status.containers, "notebook", &kube::ContainerStatus::name);
  if (notebook == pod.status.containers.end() || !notebook->state.running) return stages;
  const auto& running = notebook->state.running->started_time;
  stages.pulling = Between(scheduled->last_transition_time, running);
  stages.starting = Between(running, status.ready_time);
  return stages;
}

std::span<const MetricInfo> SessionMetricList() {
  return kAll;
}

SessionMetrics::SessionMetrics(api::World& world) : world_(world) {
  world.sessions.Listen([this](const Key& key, const auto& before, const auto& after) {
    if (!started_ || !after) return;
    const bool same = before && before->metadata.uid == after->metadata.uid;
    Changed(key, same ? before.get() : nullptr, *after);
  });
}

void SessionMetrics::Changed(const Key& key, const api::Session* before, const api::Session& after) {
  static const api::SessionStatus kNothing;
  const api::SessionStatus& old = before != nullptr ? before->status : kNothing;
  const api::SessionStatus& now = after.status;
  const std::string session_class = ClassOf(after);
  if (now.queue.since_time && now.queue.since_time != old.queue.since_time) CountRequest(after);
  if (now.admission && !old.admission && now.retries + now.refused_places == 0)
    Observe(after, kQueue, Between(now.queue.since_time, now.admission->time));
  if (now.ready_time && !old.ready_time) CountStart(key, after);
  if (now.stop && now.stop != old.stop && (!old.stop || old.stop->run != now.stop->run))
    ++stops_[{session_class, std::string(json::Name(now.stop->reason))}];
  // A new run begins to count anew.
  if (now.retries > old.retries) ++retries_[{session_class, kCauses[0]}];
  if (now.refused_places > old.refused_places) ++retries_[{session_class, kCauses[1]}];
}

void SessionMetrics::CountRequest(const api::Session& session) {
  const auto preferred = Preferred(session);
  const std::string device = DeviceOf(preferred.class_name);
  ++requests_[{ClassOf(session), device}];
  if (preferred.count > 0) requested_devices_[device] += static_cast<std::uint64_t>(preferred.count);
}

void SessionMetrics::CountStart(const Key& key, const api::Session& session) {
  if (!session.status.admission) return;
  ++starts_[{ClassOf(session), DeviceOf(session.status.admission->accelerator_class)}];
  const auto pod = world_.pods.Get(key);
  if (!pod) return;
  const Stages stages = StagesOf(session.status, *pod);
  Observe(session, kScheduling, stages.scheduling);
  Observe(session, kPulling, stages.pulling);
  Observe(session, kStarting, stages.starting);
}

void SessionMetrics::Observe(const api::Session& session, const char* stage, std::optional<Duration> taken) {
  if (taken) stages_.try_emplace({ClassOf(session), stage}, kStageBounds).first->second.Observe(*taken);
}

std::string SessionMetrics::ClassOf(const api::Session& session) const {
  const std::string& name = session.spec.class_name;
  return world_.session_classes.Get({"", name}) ? name : kUnknown;
}

std::string SessionMetrics::DeviceOf(const std::string& accelerator_class) const {
  const bool known =
      accelerator_class == api::kCpuClass || world_.accelerator_classes.Get({"", accelerator_class});
  return known ? accelerator_class : kUnknown;
}

void SessionMetrics::Report(Time now, bool with_info, runtime::Scrape& scrape) const {
  if (!started_) return;
  ReportCounts(scrape);
  ReportPresent(now, scrape);
  if (with_info) ReportInfo(scrape);
}

// What never was is said to be nothing, so that a first time is seen as a change.
void SessionMetrics::ReportCounts(runtime::Scrape& scrape) const {
  auto requests = requests_, starts = starts_, stops = stops_, retries = retries_;
  auto stages = stages_;
  auto devices = requested_devices_;
  for (const auto& [key, device] : world_.accelerator_classes.All()) devices.try_emplace(key.name);
  for (const auto& [key, session_class] : world_.session_classes.All()) {
    for (const char* cause : kCauses) retries.try_emplace({key.name, cause});
    for (const char* stage : {kQueue, kScheduling, kPulling, kStarting})
      stages.try_emplace({key.name, stage}, kStageBounds);
    for (const auto reason : json::EnumNames<api::StopReason>::names) {
      if (!reason.empty()) stops.try_emplace({key.name, std::string(reason)});
    }
    for (auto* counts : {&requests, &starts}) {
      counts->try_emplace({key.name, std::string(api::kCpuClass)});
      for (const auto& offered : session_class->spec.accelerators) {
        if (DeviceOf(offered.class_name) != kUnknown) counts->try_emplace({key.name, offered.class_name});
      }
    }
  }
  Say(kRequests, requests, scrape);
  Say(kStarts, starts, scrape);
  Say(kStops, stops, scrape);
  Say(kRetries, retries, scrape);
  for (const auto& [device, count] : devices) scrape.Add(kDevices, {device}, count);
  for (const auto& [labels, histogram] : stages) scrape.Add(kStages, labels, histogram);
}

void SessionMetrics::ReportPresent(Time now, runtime::Scrape& scrape) const {
  ByLabels<std::uint64_t> sessions, stalled, queued;
  std::map<std::string, Duration> oldest{{std::string(api::kCpuClass), {}}};
  for (const auto& [key, device] : world_.accelerator_classes.All()) oldest.try_emplace(key.name);
  for (const auto& [key, session_class] : world_.session_classes.All()) {
    for (const char* summary : kSummaries) sessions[{key.name, summary}] = 0;
  }
  for (const auto& [key, session] : world_.sessions.All()) {
    const auto& status = session->status;
    ++sessions[{ClassOf(*session), SummaryOf(status)}];
    const auto* needs_people = api::FindCondition(status.conditions, "Stalled");
    if (needs_people != nullptr && needs_people->status == "True")
      ++stalled[{ClassOf(*session), needs_people->reason}];
    if (status.admission || status.stop || status.queue.reason.empty()) continue;
    const std::string device = DeviceOf(Preferred(*session).class_name);
    ++queued[{device, status.queue.reason}];
    Duration& longest = oldest[device];
    longest = std::max(longest, Between(status.queue.since_time, now).value_or(Duration{}));
  }
  Say(kSessions, sessions, scrape);
  Say(kStalled, stalled, scrape);
  Say(kQueued, queued, scrape);
  for (const auto& [device, waited] : oldest) scrape.Add(kOldest, {device}, waited);
}

void SessionMetrics::ReportInfo(runtime::Scrape& scrape) const {
  for (const auto& [key, session] : world_.sessions.All()) {
    const auto& status = session->status;
    const std::string device = status.admission ? DeviceOf(status.admission->accelerator_class) : "";
    scrape.Add(
        kInfo,
        {key.ns, key.name, status.user, ClassOf(*session), device, status.node_name, SummaryOf(status)},
        std::uint64_t{1});
  }
}

}  // namespace marea::session
