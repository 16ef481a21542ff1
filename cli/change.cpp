#include "cli/change.hpp"

#include <algorithm>
#include <optional>

#include "cli/text.hpp"
#include "cli/why.hpp"
#include "json/encode.hpp"

namespace marea::cli {
namespace {

using std::chrono::seconds;
using Way = Standing::Way;

constexpr std::int64_t kMostRuns = 1'000'000'000;

struct PatchMeta {
  std::string resource_version;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"resourceVersion", &PatchMeta::resource_version});
  }
};
struct PatchSpec {
  std::optional<api::DesiredState> desired_state;
  std::optional<std::int64_t> run, duration_seconds;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"desiredState", &PatchSpec::desired_state},
                      json::Field{"run", &PatchSpec::run},
                      json::Field{"durationSeconds", &PatchSpec::duration_seconds});
  }
};
struct Patch {
  PatchMeta metadata;
  PatchSpec spec;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &Patch::metadata}, json::Field{"spec", &Patch::spec});
  }
};

std::string PatchOf(const api::Session& session, const PatchSpec& spec) {
  return json::Encode(Patch{{session.metadata.resource_version}, spec});
}

const std::string& NameOf(const api::Session& session) {
  return session.metadata.name;
}

std::string SummaryOf(const api::Session& session) {
  return session.status.summary.empty() ? "not seen by Marea" : session.status.summary;
}

std::int64_t AskedRun(const api::Session& session) {
  return session.spec.run.value_or(1);
}

const api::Condition* Find(const api::Session& session, std::string_view type) {
  return api::FindCondition(session.status.conditions, type);
}

std::string ReadyMessage(const api::Session& session) {
  const auto* ready = Find(session, "Ready");
  return ready == nullptr || ready->message.empty() ? SummaryOf(session) : ready->message;
}

// How long the present run lasts, or the next: as recorded, else as asked, else as its class says.
std::optional<std::int64_t> DurationOf(const api::Session& session, const api::SessionClass* limits) {
  const auto& admission = session.status.admission;
  if (admission) return Bounded(admission->duration_seconds).count();
  if (session.spec.duration_seconds) return Bounded(*session.spec.duration_seconds).count();
  if (limits == nullptr) return {};
  return Bounded(limits->spec.default_duration_seconds).count();
}

std::string EndOf(const api::Session& session, std::int64_t duration, Time now) {
  if (!session.status.start_time) return "It will last " + Span(Bounded(duration)) + " from its start.";
  const Time end = *session.status.start_time + Bounded(duration);
  return "Its time is over at " + FormatTime(end) + ", in " + Span(end - now) + ".";
}

}  // namespace

Result<Change> StartOf(const api::Session& session, bool restart) {
  const auto& stop = session.status.stop;
  // Beyond its bound the API server refuses it.
  const std::int64_t next = std::min(std::max(AskedRun(session), session.status.run), kMostRuns) + 1;
  const bool wanted = session.spec.desired_state == api::DesiredState::kRunning;
  // A stop that lasts until a new run; one on request ends by itself once Running is wanted again.
  const bool sticky =
      stop && stop->reason != api::StopReason::kUserRequest && AskedRun(session) <= session.status.run;
  Change change{.patch = {},
                .said = {},
                .run = sticky || restart ? next : std::max<std::int64_t>(AskedRun(session), 1)};
  if (wanted && !sticky && !restart) {
    change.said = NameOf(session) + " is to run already: " + SummaryOf(session) + ".";
    return change;
  }
  PatchSpec spec{.desired_state = api::DesiredState::kRunning, .run = {}, .duration_seconds = {}};
  if (sticky || restart) spec.run = next;
  change.patch = PatchOf(session, spec);
  change.said = NameOf(session) + (spec.run ? " begins run " + std::to_string(next) : " runs again") + ".";
  return change;
}

Result<Change> StopOf(const api::Session& session) {
  Change change;
  if (session.spec.desired_state == api::DesiredState::kStopped) {
    change.said = NameOf(session) + " is to be stopped already: " + SummaryOf(session) + ".";
    return change;
  }
  change.patch =
      PatchOf(session, {.desired_state = api::DesiredState::kStopped, .run = {}, .duration_seconds = {}});
  change.said = NameOf(session) + " stops; the home is kept.";
  return change;
}

Result<Change> ExtensionOf(const api::Session& session, const api::SessionClass* limits, seconds by,
                           Time now) {
  const std::string& name = NameOf(session);
  if (session.status.stop)
    return Fail(ErrorKind::kInvalid, name + " is stopped (" +
                                         std::string(json::Name(session.status.stop->reason)) +
                                         "); a new run has its full time: kubectl marea start " + name);
  const auto present = DurationOf(session, limits);
  if (!present) {
    return Fail(ErrorKind::kInvalid, "how long " + name + " lasts is not known: its class " +
                                         Quoted(session.spec.class_name) + " cannot be read");
  }
  const std::int64_t wanted = *present + by.count();
  if (limits != nullptr && wanted > limits->spec.max_duration_seconds) {
    const std::int64_t most = Bounded(limits->spec.max_duration_seconds).count();
    const std::string rest =
        most > *present ? "; it can be extended by " + FormatDuration(Bounded(most - *present)) + " at most"
                        : "; it cannot be extended any more";
    return Fail(ErrorKind::kInvalid, "class " + session.spec.class_name + " allows " +
                                         FormatDuration(Bounded(most)) + ", and " + name + " has " +
                                         FormatDuration(Bounded(*present)) + " already" + rest);
  }
  Change change;
  change.duration_seconds = wanted;
  change.patch = PatchOf(session, {.desired_state = {}, .run = {}, .duration_seconds = wanted});
  change.said = name + " is extended by " + FormatDuration(by) + ". " + EndOf(session, wanted, now);
  return change;
}

Standing StandingOfStart(const api::Session& session, const Change& change) {
  const auto& status = session.status;
  const auto* ready = Find(session, "Ready");
  const auto* stalled = Find(session, "Stalled");
  if (status.run < change.run) return {Way::kGoing, "Marea has not begun the run."};
  if (session.spec.desired_state == api::DesiredState::kStopped)
    return {Way::kFailed, "Somebody stopped it meanwhile."};
  const bool ended = status.stop && status.stop->run >= change.run;
  if (ended && status.stop->reason != api::StopReason::kUserRequest)
    return {Way::kFailed, status.stop->message};
  if (status.stop) return {Way::kGoing, "The former run is ending."};
  if (ready != nullptr && ready->status == "True") return {Way::kReached, NameOf(session) + " is Ready."};
  if (stalled != nullptr && stalled->status == "True" && IsObserved(session))
    return {Way::kFailed, stalled->message};
  return {Way::kGoing, SummaryOf(session) + ": " + ReadyMessage(session)};
}

Standing StandingOfStop(const api::Session& session, const Change&) {
  const auto& status = session.status;
  if (session.spec.desired_state == api::DesiredState::kRunning)
    return {Way::kFailed, "Somebody started it again meanwhile."};
  if (!status.stop) return {Way::kGoing, "Marea has not seen it."};
  if (status.admission || !status.pod_name.empty()) return {Way::kGoing, ReadyMessage(session)};
  return {Way::kReached, NameOf(session) + " is stopped and holds nothing."};
}

Standing StandingOfExtension(const api::Session& session, const Change& change) {
  const auto& status = session.status;
  if (status.stop) return {Way::kFailed, status.stop->message};
  if (!status.admission)
    return {Way::kReached, NameOf(session) + " waits; the duration counts from its start."};
  if (status.admission->duration_seconds >= change.duration_seconds) {
    const std::string end = status.expires_time ? " until " + FormatTime(*status.expires_time) : "";
    return {Way::kReached, NameOf(session) + " has its time" + end + "."};
  }
  return {Way::kGoing, "Marea has not recorded the new duration."};
}

}  // namespace marea::cli
