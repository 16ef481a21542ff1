#include "controllers/session/answers.hpp"

#include <algorithm>
#include <iterator>

#include "controllers/session/projection.hpp"

namespace marea::session {

using runtime::Action;
using runtime::Decision;

namespace {

constexpr std::int64_t kMaxRetries = 3;

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
  if (after->status == "True" && (before == nullptr || before->status != "True")) {
    actions.push_back(EventOf(view, false, "Ready", after->message, Occurrence(view)));
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

Decision Requeue(const View& view, const std::string& reason, const std::string& message) {
  if (view.status.retries >= kMaxRetries) {
    return StopFor(view, api::StopReason::kFailed,
                   message + " It was tried again " + std::to_string(kMaxRetries) +
                       " times; start a new run to try once more.");
  }
  auto records = view.status;
  records.admission.reset();
  records.start_time.reset();
  records.expires_time.reset();
  records.retries += 1;
  return Record(view, std::move(records), "requeue: " + reason,
                {EventOf(view, true, reason, message, Occurrence(view))});
}

}  // namespace marea::session
