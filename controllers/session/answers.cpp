#include "controllers/session/answers.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "controllers/session/projection.hpp"

namespace marea::session {

using runtime::Action;
using runtime::Decision;

namespace {

// What everybody sees in passing, or is told by an event of its own.
bool IsNews(const std::string& reason) {
  static constexpr std::array<std::string_view, 12> kCalm{
      "Queued",   "Starting",  "Stopping",     "UserRequest", "Expired",       "Failed",
      "ShutDown", "PodEnding", "PullingImage", "NotAccepted", "Unschedulable", "Waiting"};
  return std::ranges::find(kCalm, reason) == kCalm.end();
}

}  // namespace

runtime::Emit EventOf(const View& view, bool warning, std::string reason, std::string message,
                      std::string once) {
  return {&api::kSessions,    view.key,       view.session.metadata.uid, warning, std::move(reason),
          std::move(message), std::move(once)};
}

std::string Occurrence(const View& view) {
  return std::to_string(view.status.run) + "/" + std::to_string(view.status.attempt);
}

std::vector<Action> WriteStatus(const View& view, const api::SessionStatus& next) {
  const auto patch = api::StatusPatch(view.status, next);
  if (patch.empty()) return {};
  std::vector<Action> actions{
      runtime::Patch{&api::kSessions, view.key, "status", view.session.metadata.resource_version, patch}};
  const auto* before = api::FindCondition(view.status.conditions, "Ready");
  const auto* after = api::FindCondition(next.conditions, "Ready");
  const bool same = before != nullptr && before->status == after->status && before->reason == after->reason;
  if (!same && IsNews(after->reason)) {
    const bool warning = after->status != "True" || after->reason == "ExpiresSoon";
    actions.push_back(
        EventOf(view, warning, after->reason, after->message, Occurrence(view) + "/" + after->reason));
  }
  return actions;
}

Decision Record(const View& view, api::SessionStatus records, std::string reason,
                std::vector<Action> events) {
  auto actions = WriteStatus(view, Project(view, std::move(records)));
  std::ranges::move(events, std::back_inserter(actions));
  return {.actions = std::move(actions), .wake_at = {}, .reason = std::move(reason)};
}

Decision Effect(std::vector<Action> actions, std::string reason) {
  return {.actions = std::move(actions), .wake_at = {}, .reason = std::move(reason)};
}

Decision StopFor(const View& view, api::StopReason reason, std::string message) {
  auto records = view.status;
  records.stop = api::Stop{.run = records.run, .reason = reason, .message = message, .time = view.now};
  const bool warning = reason == api::StopReason::kFailed || reason == api::StopReason::kExpired;
  const std::string name(json::Name(reason));
  return Record(view, std::move(records), "stop: " + name,
                {EventOf(view, warning, reason == api::StopReason::kUserRequest ? "Stopped" : name,
                         std::move(message), Occurrence(view) + "/" + name)});
}

Decision Requeue(const View& view, std::int64_t api::SessionStatus::* counter, const std::string& reason,
                 const std::string& message) {
  auto records = view.status;
  records.admission.reset();
  records.start_time.reset();
  records.expires_time.reset();
  records.*counter += 1;
  return Record(view, std::move(records), "requeue: " + reason,
                {EventOf(view, true, reason, message, Occurrence(view))});
}

Decision Retry(const View& view, const std::string& reason, const std::string& message) {
  if (view.status.retries < kMaxRetries) return Requeue(view, &api::SessionStatus::retries, reason, message);
  return StopFor(view, api::StopReason::kFailed,
                 message + " It was tried again " + std::to_string(kMaxRetries) +
                     " times; start a new run to try once more.");
}

}  // namespace marea::session
