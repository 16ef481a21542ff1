#include "controllers/session/projection.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "controllers/session/acceptance.hpp"
#include "controllers/session/claims.hpp"
#include "controllers/session/diagnosis.hpp"
#include "controllers/session/pending.hpp"
#include "controllers/session/routes.hpp"

namespace marea::session {
namespace {

struct Finding {
  const char* status;  // "True", "False", "Unknown"
  std::string reason;
  std::string message;
};

constexpr std::size_t kMaxMessage = 1000;  // bytes; the schema allows 1024

std::string Capped(std::string text) {
  if (text.size() <= kMaxMessage) return text;
  std::size_t end = kMaxMessage;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not inside a character
  return text.substr(0, end) + "…";
}

class Projector {
 public:
  Projector(const View& view, api::SessionStatus records)
      : view_(view),
        next_(std::move(records)),
        problem_(next_.admission || next_.stop ? std::nullopt : FindProblem(view)),
        trouble_(TroubleOf()) {}

  api::SessionStatus Run() {
    Queue();
    Places();
    Set("Accepted", Accepted());
    Set("Admitted", Admitted());
    Set("HomeReady", HomeReady());
    Set("Scheduled", Scheduled());
    const Finding ready = Ready();
    Set("Ready", ready);
    Set("Stalled", Stalled());
    next_.summary = Summary(ready);
    return std::move(next_);
  }

 private:
  // A session that is Ready has none, and one that is stopped only when its pod does not go.
  std::optional<Trouble> TroubleOf() const {
    if (next_.stop) return DiagnoseEnding(view_);
    if (!next_.admission || (view_.pod != nullptr && PodReady(*view_.pod))) return {};
    return Diagnose(view_);
  }

  bool Waits() const { return !next_.admission && !next_.stop; }

  // Without a fresh proposal (at start, or between two) the last word stands: no write just to say "unknown".
  void Queue() {
    if (!Waits() || problem_) {
      const auto since = next_.queue.since_time;
      next_.queue = {};
      next_.queue.since_time = since;
    } else if (view_.told != nullptr) {
      next_.queue.reason = view_.told->reason;
      next_.queue.message = Capped(view_.told->message);
      next_.queue.position = view_.told->position;
      next_.queue.shape = view_.told->shape;
    }
  }

  void Places() {
    next_.pod_name = view_.pod ? view_.pod->metadata.name : "";
    next_.node_name = view_.pod ? view_.pod->spec.node_name : "";
    next_.home_claim_name = api::HomeClaimName(view_.session.spec, next_.user);
    next_.token_secret_name = next_.admission && HasToken(view_)
                                  ? api::SecretKey(view_.session, next_.attempt, TokenKeyId(view_)).name
                                  : "";
    next_.url = Url();
    next_.pending_change = PendingChange(view_);
    // It is of an attempt, and compared with no other time: clocks jump.
    if (!next_.admission) next_.ready_time.reset();
    if (!next_.ready_time && next_.admission && view_.pod && PodReady(*view_.pod))
      next_.ready_time = view_.now;
  }

  std::string Url() const {
    if (!next_.admission || next_.stop || view_.service == nullptr || view_.service->spec.ports.empty())
      return "";
    const std::string& ip = view_.service->spec.cluster_ip;
    if (ip.empty() || ip == "None") return "";
    const std::string host = ip.find(':') == std::string::npos ? ip : "[" + ip + "]";
    if (auto url = RouteUrl(view_); !url.empty()) return url;
    return "http://" + host + ":" + std::to_string(view_.service->spec.ports.front().port) +
           ServedPath(view_);
  }

  Finding Accepted() const {
    if (problem_) return {"False", problem_->reason, problem_->message};
    return {"True", "Accepted", "The session can be served as it is asked for."};
  }

  Finding Admitted() const {
    if (next_.admission) {
      const auto& a = *next_.admission;
      const std::string what = a.accelerator_class == api::kCpuClass
                                   ? "Processor and memory"
                                   : std::to_string(a.count) + " " + a.accelerator_class;
      const bool borrowed = a.kind == api::AdmissionKind::kBorrowed;
      return {
          "True", borrowed ? "Borrowed" : "Admitted",
          what + " on node " + a.node_name + "." +
              (borrowed ? " Beyond what Project " + next_.project + " was promised, lent by others." : "")};
    }
    if (next_.stop) return {"False", "Stopped", "The session is stopped and holds nothing."};
    if (problem_) return {"False", "NotAccepted", problem_->message};
    if (next_.queue.reason.empty()) return {"False", "Queued", "Waiting to be placed."};
    return {"False", next_.queue.reason, next_.queue.message};
  }

  Finding HomeReady() const {
    const std::string name = "PersistentVolumeClaim " + next_.home_claim_name;
    if (view_.home == nullptr)
      return {"False", "NotCreated", name + " is made when the session is admitted."};
    if (view_.home->metadata.deletion_time)
      return {"False", "Deleting", name + " is being deleted by someone."};
    if (view_.home->status.phase == "Bound") {
      const auto growth = GrowthMessage(view_);
      return {"True", growth.empty() ? "Bound" : "Growing", Capped(name + " is bound. " + growth)};
    }
    if (view_.home->status.phase == "Lost")
      return {"False", "Lost", name + " has lost its volume; an administrator must act."};
    const auto& class_name = view_.home->spec.storage_class_name;
    const auto storage = class_name ? view_.world.storage_classes.Get({"", *class_name}) : nullptr;
    if (storage && storage->volume_binding_mode == "WaitForFirstConsumer") {
      return {"True", "BindsOnStart", name + " gets its volume when the pod is scheduled."};
    }
    return {"False", "Pending", name + " waits for a volume."};
  }

  Finding Scheduled() const {
    if (view_.pod == nullptr) return {"False", "NoPod", "There is no pod."};
    const auto* scheduled = kube::FindCondition(view_.pod->status.conditions, "PodScheduled");
    if (!view_.pod->spec.node_name.empty())
      return {"True", "Scheduled", "The pod is on node " + view_.pod->spec.node_name + "."};
    if (scheduled == nullptr || scheduled->status != "False")
      return {"Unknown", "Waiting", "The scheduler has not answered yet."};
    return {"False", scheduled->reason.empty() ? "Unschedulable" : scheduled->reason,
            Capped(scheduled->message)};
  }

  Finding Ready() const {
    const bool holds = view_.pod != nullptr || next_.admission;
    if (next_.stop) {
      const std::string reason{json::Name(next_.stop->reason)};
      if (holds && view_.world.nothing_deleted_until) {
        return {
            "False", "Stopping",
            next_.stop->message + " It ends after " + FormatTime(*view_.world.nothing_deleted_until) +
                ": the cluster's database was restored from a backup, and nothing is deleted until people "
                "have had time to look."};
      }
      if (trouble_) return {"False", trouble_->reason, Capped(trouble_->message)};
      return {"False", holds ? "Stopping" : reason, next_.stop->message};
    }
    if (problem_) return {"False", problem_->reason, problem_->message};
    if (!next_.admission)
      return {"False", "Queued", next_.queue.message.empty() ? "Waiting to be placed." : next_.queue.message};
    if (view_.pod != nullptr && PodReady(*view_.pod)) return Answers();
    if (trouble_) return {"False", trouble_->reason, Capped(trouble_->message)};
    if (view_.pod == nullptr) {
      return {"False", "Starting",
              view_.foreign_pod != nullptr ? "The pod of an earlier session of this name is still ending."
                                           : "The pod is being created."};
    }
    return {"False", "Starting",
            view_.pod->spec.node_name.empty() ? "The pod waits for the scheduler." : "The pod is starting."};
  }

  Finding Answers() const {
    const std::string where = "JupyterLab answers" + (next_.url.empty() ? "." : " at " + next_.url);
    const auto warning = ExpiryWarning(next_);
    if (!warning || view_.now < *warning) return {"True", "Ready", where};
    return {"True", "ExpiresSoon",
            "Its time is over at " + FormatTime(*next_.expires_time) +
                "; raise spec.durationSeconds to go on. The home is kept."};
  }

  Finding Stalled() const {
    if (problem_) return {"True", problem_->reason, problem_->message};
    if (Waits() && view_.told != nullptr && view_.told->stalled)
      return {"True", view_.told->reason, Capped(view_.told->message)};
    const auto* held = api::FindCondition(next_.conditions, "Stalled");
    const bool last_word = Waits() && view_.told == nullptr && held != nullptr && held->status == "True" &&
                           held->reason == next_.queue.reason;
    if (last_word) return {"True", held->reason, held->message};
    if (trouble_ && trouble_->stalled) return {"True", trouble_->reason, Capped(trouble_->message)};
    if (view_.home != nullptr && view_.home->status.phase == "Lost")
      return {"True", "HomeLost", HomeReady().message};
    return {"False", "Progressing", "Nobody needs to act."};
  }

  std::string Summary(const Finding& ready) const {
    const bool holds = view_.pod != nullptr || next_.admission;
    if (next_.stop) {
      if (holds) return "Stopping";
      return next_.stop->reason == api::StopReason::kFailed ? "Failed" : "Stopped";
    }
    if (!next_.admission) return "Queued";
    return std::string_view(ready.status) == "True" ? "Ready" : "Starting";
  }

  void Set(const char* type, const Finding& finding) {
    auto condition = std::ranges::find(next_.conditions, type, &api::Condition::type);
    if (condition == next_.conditions.end()) {
      next_.conditions.push_back(
          {.type = type, .status = {}, .reason = {}, .message = {}, .last_transition_time = {}});
      condition = std::prev(next_.conditions.end());
    }
    if (condition->status != finding.status) condition->last_transition_time = view_.now;
    condition->status = finding.status;
    condition->reason = finding.reason;
    condition->message = finding.message;
    condition->observed_generation = view_.session.metadata.generation;
  }

  const View& view_;
  api::SessionStatus next_;
  std::optional<Problem> problem_;
  std::optional<Trouble> trouble_;
};

}  // namespace

std::optional<Time> ExpiryWarning(const api::SessionStatus& records) {
  if (!records.expires_time || !records.start_time) return {};
  const auto quarter = (*records.expires_time - *records.start_time) / 4;
  return *records.expires_time - std::min<Duration>(std::chrono::minutes{10}, quarter);
}

api::SessionStatus Project(const View& view, api::SessionStatus records) {
  return Projector(view, std::move(records)).Run();
}

}  // namespace marea::session
