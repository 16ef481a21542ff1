#include "controllers/session/plan.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "controllers/session/acceptance.hpp"
#include "controllers/session/answers.hpp"
#include "controllers/session/claims.hpp"
#include "controllers/session/creation.hpp"
#include "controllers/session/diagnosis.hpp"
#include "controllers/session/projection.hpp"
#include "controllers/session/view.hpp"

namespace marea::session {
namespace {

using runtime::Action;
using runtime::Decision;
using std::chrono::seconds;

constexpr seconds kUnschedulablePatience{15};
constexpr seconds kShortestNotice{600};  // lowering the duration never ends a run sooner than this

// The steps, in order.

std::optional<Decision> ReadAfterUnansweredWrite(const View& view) {
  if (!view.memory->unknown_write) return {};
  return Effect({runtime::ReadFresh{&api::kSessions, view.key}}, "a status write got no answer");
}

std::optional<Decision> FirstVisit(const View& view) {
  if (!view.status.user.empty()) return {};
  // The namespace may name the user: its event can come after the session's.
  if (view.session.spec.user.empty() && !view.world.namespaces.Get({"", view.key.ns})) return Decision{};
  api::SessionStatus
      records;  // a status without its records is no status: the attempt begins anew, the home stays
  records.user = view.user;
  records.project = ProjectOf(view).project;
  records.run = view.session.spec.run.value_or(1);
  records.queue.since_time = view.session.metadata.creation_time.value_or(view.now);
  return Record(view, std::move(records), "first visit");
}

// To whom it is charged could not be told before; or it was admitted before there were Projects.
std::optional<Decision> ChargeProject(const View& view) {
  if (!view.status.project.empty() || view.status.stop) return {};
  auto choice = ProjectOf(view);
  if (choice.project.empty()) return {};
  auto records = view.status;
  records.project = std::move(choice.project);
  const std::string reason = "charged to Project " + records.project;
  return Record(view, std::move(records), reason);
}

std::optional<Decision> StopOnRequest(const View& view) {
  if (view.session.spec.desired_state != api::DesiredState::kStopped) return {};
  if (view.status.stop && view.status.stop->reason == api::StopReason::kUserRequest) return {};
  return StopFor(view, api::StopReason::kUserRequest, "Stopped as desiredState asks.");
}

// A new run was asked for while the old one still holds its place: end that first.
std::optional<Decision> StopForNewRun(const View& view) {
  const bool new_run = view.session.spec.run.value_or(1) > view.status.run;
  if (!new_run || view.status.stop || !view.status.admission) return {};
  return StopFor(view, api::StopReason::kUserRequest, "A new run was asked for.");
}

std::optional<Decision> StartAgain(const View& view) {
  const std::int64_t asked = view.session.spec.run.value_or(1);
  const bool new_run = asked > view.status.run;
  const bool resumed = view.status.stop && view.status.stop->reason == api::StopReason::kUserRequest;
  if (view.session.spec.desired_state != api::DesiredState::kRunning || view.status.admission) return {};
  if (!new_run && !resumed) return {};
  if (view.pod != nullptr && view.status.stop) return {};  // the old pod ends first
  auto records = view.status;
  records.run = std::max(records.run, asked);
  if (records.stop) {  // who was only waiting keeps the place
    records.queue.since_time = view.now;
    if (auto choice = ProjectOf(view); !choice.project.empty()) records.project = std::move(choice.project);
  }
  records.stop.reset();
  records.retries = records.refused_places = 0;
  records.start_time.reset();
  records.expires_time.reset();
  return Record(view, std::move(records), "run " + std::to_string(std::max(view.status.run, asked)));
}

Decision DeletePod(const View& view, std::string reason) {
  return Effect({runtime::Delete{&kube::kPods,
                                 KeyOf(view.pod->metadata),
                                 view.pod->metadata.uid,
                                 view.pod->metadata.resource_version,
                                 {}}},
                std::move(reason));
}

// Stopped: pod, then token, then the place; each only after the one before is gone.
std::optional<Decision> WindDown(const View& view) {
  if (!view.status.stop) return {};
  if (view.pod != nullptr) {
    if (Terminating(*view.pod) || view.world.nothing_deleted_until) return Decision{};
    return DeletePod(view, "stopped");
  }
  if (!view.status.admission || view.world.nothing_deleted_until) return Decision{};
  const Key secret = api::SecretKey(view.session, view.status.attempt, TokenKeyId(view));
  if (!view.memory->deleted.contains(secret.name)) {
    std::vector<Action> deletes;
    for (const auto& [id, key] : view.settings.keys.by_id) {
      deletes.push_back(runtime::Delete{
          &kube::kSecrets, api::SecretKey(view.session, view.status.attempt, id), {}, {}, {}});
    }
    return Effect(std::move(deletes), "stopped: the token ends with the run");
  }
  auto records = view.status;
  records.admission.reset();
  return Record(view, std::move(records), "stopped: the device is free");
}

// A pod no record stands behind: of an attempt that was given up, or of a status that was lost.
std::optional<Decision> DeleteStrayPod(const View& view) {
  if (view.pod == nullptr) return {};
  const auto attempt = view.pod->metadata.annotations.find(std::string(api::kAttemptAnnotation));
  const bool current = view.status.admission && attempt != view.pod->metadata.annotations.end() &&
                       attempt->second == std::to_string(view.status.attempt);
  if (current) return {};
  if (Terminating(*view.pod) || view.world.nothing_deleted_until) return Decision{};
  return DeletePod(view, "a pod of an earlier attempt");
}

std::optional<Decision> Expire(const View& view) {
  if (!view.status.admission || !view.status.expires_time || *view.status.expires_time > view.now) return {};
  return StopFor(view, api::StopReason::kExpired,
                 "Its time of " + FormatDuration(seconds{view.status.admission->duration_seconds}) +
                     " is over; the home is kept.");
}

// What a person would ask next: as what it has them, and instead of what.
std::string AboutAdmission(const View& view, const api::Admit& admit) {
  std::string text;
  const auto& asked = view.session.spec.accelerator.alternatives;
  if (!asked.empty() &&
      (asked.front().class_name != admit.accelerator_class || asked.front().count != admit.count))
    text += " It preferred " + std::to_string(asked.front().count) + " " + asked.front().class_name + ".";
  if (admit.kind == api::AdmissionKind::kBorrowed)
    text += " Borrowed: beyond what Project " + view.status.project + " was promised.";
  if (admit.reclaims) text += " The scheduler ends pods of lower priority there first.";
  return text;
}

std::optional<Decision> AdmitOrWait(const View& view) {
  if (view.status.admission) return {};
  const auto* admit = view.proposal == nullptr ? nullptr : std::get_if<api::Admit>(view.proposal);
  if (admit == nullptr || FindProblem(view) || !view.world.nodes.Get({"", admit->node_name}))
    return Decision{};
  auto records = view.status;
  records.admission = api::Admission{.accelerator_class = admit->accelerator_class,
                                     .count = admit->count,
                                     .node_name = admit->node_name,
                                     .kind = admit->kind,
                                     .duration_seconds = EffectiveDuration(view),
                                     .time = view.now};
  records.attempt += 1;
  records.start_time.reset();
  records.expires_time.reset();
  const std::string what = admit->accelerator_class == api::kCpuClass
                               ? "a place"
                               : std::to_string(admit->count) + " " + admit->accelerator_class;
  return Record(
      view, std::move(records), "admit: " + what + " on " + admit->node_name,
      {EventOf(view, false, "Admitted",
               "Given " + what + " on node " + admit->node_name + "." + AboutAdmission(view, *admit),
               std::to_string(view.status.run) + "/" + std::to_string(view.status.attempt + 1))});
}

// From here on the session is admitted and runs or is about to.

std::optional<Decision> PodEnded(const View& view) {
  if (view.pod == nullptr) return {};
  const auto& status = view.pod->status;
  if (status.phase == "Succeeded") {
    return StopFor(view, api::StopReason::kShutDown,
                   "JupyterLab was shut down from inside; the home is kept.");
  }
  if (status.phase != "Failed") return {};
  const std::string why = status.message.empty() ? "." : ": " + Quoted(status.message, 300) + ".";
  if (status.reason == "Evicted")
    return Retry(view, "Evicted", "Node " + view.pod->spec.node_name + " ran short and ended the pod" + why);
  if (status.reason == "Terminated" || status.reason == "NodeShutdown" || status.reason == "NodeLost")
    return Retry(view, "NodeLost", "Node " + view.pod->spec.node_name + " was shut down" + why);
  return Retry(view, "PodFailed", "The pod failed" + why);
}

// It was bound to a node and is gone: someone or something deleted it.
std::optional<Decision> PodLost(const View& view) {
  if (view.pod != nullptr || !view.status.start_time) return {};
  const auto& node = view.status.admission->node_name;
  if (!NodeAnswers(view, node))
    return Retry(view, "NodeLost", "Node " + node + " was lost, and the pod with it.");
  return Retry(view, "PodLost", "The pod is gone and Marea did not delete it.");
}

// An admission for a class or a device that is gone holds a place nobody can use.
std::optional<Decision> GiveBackWithoutClass(const View& view) {
  if (view.pod != nullptr) return {};
  const auto& device = view.status.admission->accelerator_class;
  const bool known = device == api::kCpuClass || view.world.accelerator_classes.Get({"", device});
  if (known && view.session_class != nullptr) return {};
  auto records = view.status;
  records.admission.reset();
  return Record(view, std::move(records), "its class is gone: back to the queue");
}

// The pod is pinned to one node. When the scheduler refuses that node, it is better to choose again than to
// wait; a pod that waits for its volume is not late.
std::optional<Time> UnschedulableUntil(const View& view) {
  if (view.pod == nullptr || Terminating(*view.pod) || !view.pod->spec.node_name.empty()) return {};
  const auto* scheduled = kube::FindCondition(view.pod->status.conditions, "PodScheduled");
  if (scheduled == nullptr || scheduled->status != "False" || scheduled->reason != "Unschedulable") return {};
  if (MakesRoom(view)) return {};
  if (view.home == nullptr ||
      (view.home->status.phase != "Bound" &&
       view.home->metadata.annotations.contains("volume.kubernetes.io/selected-node"))) {
    return {};
  }
  return scheduled->last_transition_time.value_or(view.now) + kUnschedulablePatience;
}

std::optional<Decision> ChooseAnotherNode(const View& view) {
  const auto until = UnschedulableUntil(view);
  if (!until || *until > view.now || view.status.refused_places >= kMaxUnschedulable) return {};
  const auto* scheduled = kube::FindCondition(view.pod->status.conditions, "PodScheduled");
  return Requeue(view, &api::SessionStatus::refused_places, "Unschedulable",
                 "The scheduler refused node " + view.status.admission->node_name + ": " +
                     Quoted(scheduled->message, 300) + ".");
}

std::optional<Decision> RecordStart(const View& view) {
  if (view.pod == nullptr || view.status.start_time || view.pod->spec.node_name.empty()) return {};
  const auto* scheduled = kube::FindCondition(view.pod->status.conditions, "PodScheduled");
  if (scheduled == nullptr || scheduled->status != "True") return {};
  auto records = view.status;
  records.start_time = scheduled->last_transition_time.value_or(view.now);
  records.expires_time = *records.start_time + seconds{records.admission->duration_seconds};
  return Record(view, std::move(records), "bound: the duration counts from now");
}

// Only the session's own edit counts: a class that changes neither shortens nor extends what runs.
std::optional<Decision> ChangeDuration(const View& view) {
  if (!view.session.spec.duration_seconds) return {};
  const std::int64_t recorded = view.status.admission->duration_seconds;
  const std::int64_t asked = *view.session.spec.duration_seconds;
  const std::int64_t wanted = asked < recorded ? asked : std::max(recorded, EffectiveDuration(view));
  if (wanted == recorded) return {};
  auto records = view.status;
  records.admission->duration_seconds = wanted;
  if (records.start_time && records.expires_time) {
    const Time end = *records.start_time + seconds{wanted};
    const Time soonest = std::min(*records.expires_time, view.now + kShortestNotice);
    records.expires_time = wanted > recorded ? end : std::max(end, soonest);
  }
  return Record(view, std::move(records), "the duration was changed to " + FormatDuration(seconds{wanted}));
}

std::optional<Time> StartDeadline(const View& view) {
  if (view.session_class == nullptr || view.status.ready_time || !view.status.admission->time) return {};
  if (view.pod != nullptr && PodReady(*view.pod)) return {};
  return *view.status.admission->time + seconds{view.session_class->spec.start_deadline_seconds};
}

std::optional<Decision> FailAtStartDeadline(const View& view) {
  const auto deadline = StartDeadline(view);
  if (!deadline || *deadline > view.now) return {};
  const auto seen = Project(view, view.status);
  const auto* ready = api::FindCondition(seen.conditions, "Ready");
  return StopFor(view, api::StopReason::kFailed,
                 "It did not answer within " +
                     FormatDuration(seconds{view.session_class->spec.start_deadline_seconds}) +
                     " of being admitted. Last seen: " + Quoted(ready->message, 500));
}

std::optional<Decision> LetHomeGrow(const View& view) {
  auto patch = GrowHome(view);
  if (!patch) return {};
  return Effect({std::move(*patch)}, "the home grows");
}

using Step = std::optional<Decision> (*)(const View&);
constexpr std::array<Step, 21> kSteps{ReadAfterUnansweredWrite,
                                      FirstVisit,
                                      ChargeProject,
                                      LetHomeGrow,
                                      StopOnRequest,
                                      StopForNewRun,
                                      StartAgain,
                                      WindDown,
                                      DeleteStrayPod,
                                      Expire,
                                      AdmitOrWait,
                                      PodEnded,
                                      PodLost,
                                      GiveBackWithoutClass,
                                      FailAtStartDeadline,
                                      ChooseAnotherNode,
                                      ChangeDuration,
                                      RecordStart,
                                      MakeHomeAnew,
                                      CreateObjects,
                                      [](const View&) -> std::optional<Decision> { return Decision{}; }};

// Around the steps.

bool WritesStatus(const Decision& decision) {
  return std::ranges::any_of(decision.actions,
                             [](const Action& a) { return std::holds_alternative<runtime::Patch>(a); });
}

// What is seen has changed while no record has: the projection follows, beside the effects.
void Publish(const View& view, Decision& decision) {
  const auto next = Project(view, view.status);
  auto writes = WriteStatus(view, next);
  if (!writes.empty() && decision.reason.empty()) decision.reason = "status: " + next.summary;
  std::ranges::move(writes, std::back_inserter(decision.actions));
}

// When to look again though nothing changes, and what for.
void WakeAtNextDeadline(const View& view, Decision& decision) {
  if (!view.status.admission || view.status.stop) return;
  const std::array<std::pair<std::optional<Time>, const char*>, 5> deadlines{
      {{view.status.expires_time, "until its time is over"},
       {ExpiryWarning(view.status), "until its time is nearly over"},
       {StartDeadline(view), "until it must have answered"},
       {RefusalRetry(view), "until the API server is asked again"},
       {UnschedulableUntil(view), "until the scheduler has had its time"}}};
  for (const auto& [when, what] : deadlines) {
    if (!when || *when <= view.now || (decision.wake_at && *decision.wake_at <= *when)) continue;
    decision.wake_at = when;
    if (decision.actions.empty()) decision.reason = what;
  }
}

// Somebody's finalizer may hold a deleted session for as long as it likes, but not its device. Who asked for
// orphans gets them.
Decision EndWithSession(const View& view) {
  const auto& finalizers = view.session.metadata.finalizers;
  const bool orphan = std::ranges::find(finalizers, "orphan") != finalizers.end();
  if (view.pod == nullptr || Terminating(*view.pod) || orphan || view.world.nothing_deleted_until) return {};
  return DeletePod(view, "its session is being deleted");
}

}  // namespace

Decision Decide(const api::World& world, const Settings& settings, const Key& key,
                const runtime::Context& context) {
  const auto session = world.sessions.Get(key);
  if (!session) return {};  // its objects go with it, by their owner references
  const View view = Look(world, settings, *session, context.now);
  if (session->metadata.deletion_time) return EndWithSession(view);

  Decision decision;
  for (const auto step : kSteps) {
    if (auto answer = step(view)) {
      decision = std::move(*answer);
      break;
    }
  }
  const bool known = !view.status.user.empty() && !view.memory->unknown_write;
  if (known && !WritesStatus(decision)) Publish(view, decision);
  WakeAtNextDeadline(view, decision);
  return decision;
}

std::optional<api::Request> RequestOf(const api::World& world, const Settings& settings, const Key& key,
                                      const runtime::Context& context) {
  const auto session = world.sessions.Get(key);
  if (!session || session->metadata.deletion_time) return {};
  const View view = Look(world, settings, *session, context.now);
  const bool waits = !view.status.user.empty() && !view.status.stop && !view.status.admission &&
                     view.pod == nullptr && session->spec.desired_state == api::DesiredState::kRunning;
  if (!waits || view.status.project.empty() || FindProblem(view)) return {};
  return api::Request{.uid = session->metadata.uid,
                      .user = view.status.user,
                      .project = view.status.project,
                      .since = view.status.queue.since_time.value_or(view.now),
                      .priority = session->spec.priority,
                      .preemptible = session->spec.preemptible,
                      .patience = seconds{view.session_class->spec.alternative_patience_seconds},
                      .alternatives = session->spec.accelerator.alternatives,
                      .cpu = AskedCpu(view),
                      .memory = AskedMemory(view),
                      .node_selector = view.session_class->spec.pod.node_selector,
                      .tolerations = view.session_class->spec.pod.tolerations,
                      .claims = ClaimNeeds(view)};
}

}  // namespace marea::session
