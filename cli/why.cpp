#include "cli/why.hpp"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "cli/remedies.hpp"

namespace marea::cli {
namespace {

constexpr std::size_t kEventsShown = 8;
constexpr int kOffersShown = 4;

const api::Condition* Find(const api::Session& session, std::string_view type) {
  return api::FindCondition(session.status.conditions, type);
}

bool Holds(const api::Condition* condition) {
  return condition != nullptr && condition->status == "True";
}

// The condition behind a gate; what is started and what is ready both show in Ready.
std::string_view ConditionOf(Step step) {
  switch (step) {
    case Step::kHome:
      return "HomeReady";
    case Step::kStarted:
      return "Ready";
    default:
      return json::Name(step);
  }
}

class Explanation {
 public:
  explicit Explanation(const WhyInput& input)
      : in_(input), session_(input.session), status_(session_.status) {}

  WhyPage Run() {
    page_.ns = session_.metadata.ns;
    page_.session = session_.metadata.name;
    page_.user = status_.user;
    page_.summary = status_.summary.empty() ? "Unseen" : status_.summary;
    page_.url = status_.url;
    page_.node = status_.node_name;
    Charge();
    page_.expires_time = status_.stop ? std::nullopt : status_.expires_time;
    if (status_.conditions.empty()) {
      Unseen();
    } else if (status_.stop) {
      Stopped();
    } else {
      Gates();
    }
    Notes();
    Events();
    return std::move(page_);
  }

 private:
  void Advise(std::string_view text) { page_.remedies.push_back(Addressed(text, in_.address)); }
  void Blame(Who who) { page_.who = json::Name(who); }

  const api::Project* ChargedTo() const {
    const auto& items = in_.projects.items;
    const auto found =
        std::ranges::find(items, status_.project, [](const auto& project) { return project.metadata.name; });
    return found == items.end() ? nullptr : &*found;
  }

  void Charge() {
    page_.project = status_.project;
    if (status_.admission) page_.kind = status_.admission->kind;
    if (!status_.admission && !status_.stop) page_.position = status_.queue.position;
    const auto* project = ChargedTo();
    if (project == nullptr) return;
    page_.shares = SumOf(*project);
    const auto matters = [&](const api::ProjectClassStatus& row) {
      const auto& asked = session_.spec.accelerator.alternatives;
      if (status_.admission && row.class_name == status_.admission->accelerator_class) return true;
      if (asked.empty()) return row.class_name == api::kCpuClass;
      return std::ranges::find(asked, row.class_name, &api::Alternative::class_name) != asked.end();
    };
    std::erase_if(page_.shares->classes, std::not_fn(matters));
  }

  void Unseen() {
    page_.reason = "NotSeen";
    page_.message = "Marea has not looked at this session.";
    page_.since = session_.metadata.creation_time;
    Blame(Who::kAdministrator);
    Advise(
        "It takes a moment after the session was created. If it stays so, the operator does not run: an "
        "administrator looks at its Deployment (`kubectl get deployments -A -l "
        "app.kubernetes.io/name=marea`).");
  }

  void Stopped() {
    const auto& stop = *status_.stop;
    const auto* ready = Find(session_, "Ready");
    const bool ends = status_.summary == "Stopping";
    page_.reason = json::Name(stop.reason);
    page_.message = stop.message;
    page_.since = stop.time;
    if (ends && ready != nullptr) {
      page_.reason = ready->reason;
      page_.message = ready->message;
      if (const auto* remedy = FindRemedy(ready->reason, true)) {
        Blame(Holds(Find(session_, "Stalled")) ? Who::kAdministrator : remedy->who);
        return Advise(remedy->text);
      }
      Blame(Who::kNobody);
      return Advise("Nothing: its pod is ending.");
    }
    Advise(StopRemedy(json::Name(stop.reason)));
    if (stop.reason != api::StopReason::kFailed) return;
    Blame(Who::kYou);
    page_.remedies.insert(page_.remedies.begin(),
                          "The message says what was seen last; the events below say more.");
  }

  // Which gate it stands at, and for which reason.
  std::pair<Step, std::string> Place() const {
    const auto* accepted = Find(session_, "Accepted");
    const auto* ready = Find(session_, "Ready");
    if (accepted != nullptr && accepted->status == "False") return {Step::kAccepted, accepted->reason};
    if (!status_.admission) {
      const auto* admitted = Find(session_, "Admitted");
      const std::string reason = !status_.queue.reason.empty() ? status_.queue.reason
                                 : admitted != nullptr         ? admitted->reason
                                                               : "Queued";
      return {Step::kAdmitted, reason};
    }
    if (Holds(ready)) return {Step::kReady, ready->reason};
    const std::string reason = ready == nullptr ? "" : ready->reason;
    if (const auto* remedy = FindRemedy(reason, true)) return {remedy->step, reason};
    for (const Step step : {Step::kHome, Step::kScheduled}) {
      if (!Holds(Find(session_, ConditionOf(step)))) return {step, reason};
    }
    return {Step::kStarted, reason};
  }

  void Gates() {
    const auto [at, reason] = Place();
    const auto* ready = Find(session_, "Ready");
    // Something else may need a person while it waits for its turn: Notes tells of that.
    const auto* needs = Find(session_, "Stalled");
    const bool stalled = Holds(needs) && !Holds(ready) && needs->reason == reason;
    for (const Step step :
         {Step::kAccepted, Step::kAdmitted, Step::kHome, Step::kScheduled, Step::kStarted, Step::kReady}) {
      page_.gates.push_back(GateAt(step, at, reason, stalled));
    }
    const Gate& here = page_.gates[static_cast<std::size_t>(at)];
    page_.reason = here.reason;
    page_.message = here.message;
    page_.since = here.since;
    if (Holds(ready)) return IsRunning(*ready);
    Help(at, reason, stalled);
  }

  Gate GateAt(Step step, Step at, const std::string& reason, bool stalled) const {
    Gate gate{.name = std::string(json::Name(step)),
              .state = GateState::kAhead,
              .reason = {},
              .message = {},
              .since = {}};
    const auto* condition = Find(session_, ConditionOf(step));
    const bool done = step == at && at == Step::kReady;
    if (step < at || done) {
      gate.state = GateState::kPassed;
      gate.since = PassedSince(step, condition);
      const bool itself = step != Step::kStarted && condition != nullptr && condition->status == "True";
      if (itself) {
        gate.reason = condition->reason;
        gate.message = condition->message;
      }
      return gate;
    }
    if (step > at) return gate;
    gate.state = stalled ? GateState::kBlocked : GateState::kWaiting;
    gate.reason = reason;
    gate.message = MessageAt(step, condition);
    gate.since = WaitingSince(step, condition);
    return gate;
  }

  std::string MessageAt(Step step, const api::Condition* condition) const {
    if (step == Step::kAdmitted && !status_.queue.message.empty()) return status_.queue.message;
    const auto* ready = Find(session_, "Ready");
    const bool own = step <= Step::kAdmitted || ready == nullptr || ready->message.empty();
    if (!own) return ready->message;
    return condition == nullptr ? "" : condition->message;
  }

  std::optional<Time> PassedSince(Step step, const api::Condition* condition) const {
    if (step == Step::kAdmitted && status_.admission) return status_.admission->time;
    if (step == Step::kScheduled && status_.start_time) return status_.start_time;
    if (step == Step::kStarted || step == Step::kReady) return status_.ready_time;
    return condition == nullptr ? std::nullopt : condition->last_transition_time;
  }

  std::optional<Time> WaitingSince(Step step, const api::Condition* condition) const {
    if (step == Step::kAdmitted && status_.queue.since_time) return status_.queue.since_time;
    if (step == Step::kScheduled || step == Step::kHome)
      return status_.admission ? status_.admission->time : std::nullopt;
    if (step == Step::kStarted && status_.start_time) return status_.start_time;
    return condition == nullptr ? std::nullopt : condition->last_transition_time;
  }

  void IsRunning(const api::Condition& ready) {
    page_.since = status_.ready_time;
    if (ready.reason == "ExpiresSoon") {
      Blame(Who::kYou);
      Advise("To go on: `kubectl marea extend SESSION 2h`. What is in the home is kept in any case.");
    } else {
      Advise("Open it: `kubectl marea open SESSION`.");
    }
  }

  void Help(Step at, const std::string& reason, bool stalled) {
    const auto* remedy = FindRemedy(reason, at > Step::kAdmitted);
    if (remedy != nullptr) {
      // The table says who it is as a rule; Stalled, whether it has come to that.
      const bool never = stalled && !remedy->if_never.empty();
      const bool grown = stalled && remedy->who == Who::kNobody;
      Blame(never                              ? Who::kYou
            : grown                            ? Who::kAdministrator
            : !stalled && at > Step::kAdmitted ? Who::kNobody
                                               : remedy->who);
      Advise(never ? remedy->if_never : remedy->text);
    } else {
      Blame(stalled ? Who::kYou : Who::kNobody);
      Advise(stalled ? "The message says what is wrong; correct it, or ask an administrator."
                     : "Nothing: it goes on by itself.");
    }
    if (at != Step::kAdmitted || remedy == nullptr || reason.starts_with("Home")) return;
    if (reason == "ProjectLimit") OfferBorrowing(stalled);
    OfferAlternatives();
  }

  // The operator's words say whether it would help.
  void OfferBorrowing(bool first) {
    const auto* project = ChargedTo();
    if (page_.message.find("preemptible: true") == page_.message.npos || session_.spec.preemptible) return;
    if (project != nullptr && project->spec.borrowing.policy == api::BorrowingPolicy::kForbidden) return;
    const auto at = first ? page_.remedies.begin() : page_.remedies.end();
    page_.remedies.insert(
        at, "If it may be ended when others want back what they lend: `kubectl patch session " + in_.address +
                " --type=merge --patch='{\"spec\":{\"preemptible\":true}}'`.");
  }

  // Devices of the session's class that are free now and that it did not ask for.
  void OfferAlternatives() {
    const auto& asked = session_.spec.accelerator.alternatives;
    const auto known = std::ranges::find(in_.classes.items, session_.spec.class_name,
                                         [](const auto& item) { return item.metadata.name; });
    if (asked.empty() || known == in_.classes.items.end()) return;
    std::string free;
    int left = kOffersShown;
    for (const auto& offered : known->spec.accelerators) {
      if (std::ranges::find(asked, offered.class_name, &api::Alternative::class_name) != asked.end())
        continue;
      for (const auto& device : in_.devices.items) {
        if (device.metadata.name != offered.class_name || device.status.free.value_or(0) < 1 || left-- <= 0)
          continue;
        free += (free.empty() ? "" : ", ") + offered.class_name + " (" + std::to_string(*device.status.free) +
                ")";
      }
    }
    if (free.empty()) return;
    page_.remedies.push_back(
        "Free now: " + free +
        ". Name one as a further alternative in spec.accelerator: `kubectl edit session " + in_.address +
        "`.");
  }

  void Notes() {
    const auto* needs = Find(session_, "Stalled");
    if (Holds(needs) && !page_.gates.empty() && needs->reason != page_.reason) {
      page_.notes.push_back("A person must act: " + needs->message);
      Blame(Who::kAdministrator);
    }
    if (!status_.conditions.empty() && !IsObserved(session_))
      page_.notes.push_back("The session was edited just now; Marea has not looked at it since.");
    if (!status_.pending_change.empty()) {
      page_.notes.push_back(
          "Changed since it started, and waiting for the next run: " + status_.pending_change +
          " (`kubectl marea start " + in_.address + " --restart` begins one).");
    }
    if (status_.retries > 0 && !status_.stop)
      page_.notes.push_back("Its pod was lost " + Times(status_.retries) + " in this run.");
    if (status_.refused_places > 0 && !status_.stop)
      page_.notes.push_back("The scheduler refused its node " + Times(status_.refused_places) +
                            " in this run.");
    for (const auto* list : {&in_.classes.left_out, &in_.devices.left_out, &in_.events.left_out})
      std::ranges::copy(*list, std::back_inserter(page_.left_out));
  }

  static std::string Times(std::int64_t count) {
    return count == 1 ? "once" : std::to_string(count) + " times";
  }

  void Events() {
    for (const auto& event : in_.events.items) {
      page_.events.push_back({.time = event.last_time    ? event.last_time
                                      : event.event_time ? event.event_time
                                                         : event.metadata.creation_time,
                              .type = event.type,
                              .reason = event.reason,
                              .message = event.message});
    }
    std::ranges::sort(page_.events, {}, [](const Happening& event) {
      return std::tie(event.time, event.reason, event.message);
    });
    if (page_.events.size() > kEventsShown)
      page_.events.erase(page_.events.begin(), page_.events.end() - kEventsShown);
  }

  const WhyInput& in_;
  const api::Session& session_;
  const api::SessionStatus& status_;
  WhyPage page_;
};

}  // namespace

bool IsObserved(const api::Session& session) {
  const auto* accepted = Find(session, "Accepted");
  return accepted != nullptr && accepted->observed_generation >= session.metadata.generation;
}

WhyPage Why(const WhyInput& input) {
  return Explanation(input).Run();
}

}  // namespace marea::cli
