// Sessions in the states that people meet, for the tests of this folder; it is 12:00 on a Saturday.
#pragma once

#include <string>

#include "cli/objects.hpp"
#include "cli/text.hpp"

namespace marea::cli {

inline const Time kNow = ParseTime("2026-11-21T12:00:00Z").value();

inline Time MinutesAgo(int minutes) {
  return kNow - std::chrono::minutes(minutes);
}

inline Paper PlainPaper() {
  return {.now = kNow};
}

inline void Put(api::Session& session, std::string type, std::string status, std::string reason,
                std::string message, int minutes_ago = 5) {
  std::erase_if(session.status.conditions, [&](const auto& condition) { return condition.type == type; });
  session.status.conditions.push_back({.type = std::move(type),
                                       .status = std::move(status),
                                       .reason = std::move(reason),
                                       .message = std::move(message),
                                       .observed_generation = session.metadata.generation,
                                       .last_transition_time = MinutesAgo(minutes_ago)});
}

// Created ten minutes ago by ada, and no operator looked.
inline api::Session UnseenSession() {
  api::Session session;
  session.metadata.name = "ada";
  session.metadata.ns = "demo";
  session.metadata.uid = "uid-ada";
  session.metadata.resource_version = "7";
  session.metadata.generation = 2;
  session.metadata.creation_time = MinutesAgo(10);
  session.spec.class_name = "default";
  session.spec.accelerator.alternatives = {{"a100", 1}, {"t4", 2}};
  return session;
}

inline api::Session WaitingSession() {
  auto session = UnseenSession();
  session.status.user = "ada";
  session.status.run = 1;
  session.status.summary = "Queued";
  session.status.queue.since_time = MinutesAgo(4);
  session.status.queue.reason = "NoFreeDevice";
  session.status.queue.message = "Waiting for 1 a100; all 8 are in use.";
  Put(session, "Accepted", "True", "Accepted", "The session can be served as it is asked for.", 10);
  Put(session, "Admitted", "False", "NoFreeDevice", "Waiting for 1 a100; all 8 are in use.", 10);
  Put(session, "HomeReady", "False", "NotCreated",
      "PersistentVolumeClaim claim-ada is made when it is admitted.");
  Put(session, "Scheduled", "False", "NoPod", "There is no pod.");
  Put(session, "Ready", "False", "Queued", "Waiting for 1 a100; all 8 are in use.");
  Put(session, "Stalled", "False", "Progressing", "Nobody needs to act.");
  return session;
}

// Refused as it is asked for.
inline api::Session RefusedSession(const std::string& reason, const std::string& message) {
  auto session = WaitingSession();
  session.status.queue.reason.clear();
  session.status.queue.message.clear();
  Put(session, "Accepted", "False", reason, message);
  Put(session, "Admitted", "False", "NotAccepted", message);
  Put(session, "Ready", "False", reason, message);
  Put(session, "Stalled", "True", reason, message);
  return session;
}

// On its node since three minutes, and not ready for this reason.
inline api::Session StartingSession(const std::string& reason, const std::string& message,
                                    bool stalled = false) {
  auto session = WaitingSession();
  session.status.summary = "Starting";
  session.status.queue.reason.clear();
  session.status.queue.message.clear();
  session.status.attempt = 1;
  session.status.admission = api::Admission{.accelerator_class = "a100",
                                            .count = 1,
                                            .node_name = "gpu-1",
                                            .kind = api::AdmissionKind::kNone,
                                            .duration_seconds = 7200,
                                            .time = MinutesAgo(4)};
  session.status.start_time = MinutesAgo(3);
  session.status.expires_time = MinutesAgo(3) + std::chrono::hours(2);
  session.status.pod_name = "ada";
  session.status.node_name = "gpu-1";
  Put(session, "Admitted", "True", "Admitted", "1 a100 on node gpu-1.", 4);
  Put(session, "HomeReady", "True", "Bound", "PersistentVolumeClaim claim-ada is bound.", 4);
  Put(session, "Scheduled", "True", "Scheduled", "The pod is on node gpu-1.", 3);
  Put(session, "Ready", "False", reason, message, 10);
  if (stalled) Put(session, "Stalled", "True", reason, message, 2);
  return session;
}

inline api::Session ReadySession() {
  auto session = StartingSession("", "");
  session.status.summary = "Ready";
  session.status.ready_time = MinutesAgo(2);
  session.status.url = "http://10.0.7.12:8888/";
  session.status.token_secret_name = "ada-1-20261121";
  Put(session, "Ready", "True", "Ready", "JupyterLab answers at http://10.0.7.12:8888/", 2);
  return session;
}

// Ended, and its pod is gone.
inline api::Session StoppedSession(api::StopReason reason, const std::string& message) {
  auto session = WaitingSession();
  session.status.queue.reason.clear();
  session.status.queue.message.clear();
  session.status.summary = reason == api::StopReason::kFailed ? "Failed" : "Stopped";
  session.status.stop = api::Stop{.run = 1, .reason = reason, .message = message, .time = MinutesAgo(30)};
  if (reason == api::StopReason::kUserRequest) session.spec.desired_state = api::DesiredState::kStopped;
  Put(session, "Admitted", "False", "Stopped", "The session is stopped and holds nothing.");
  Put(session, "Ready", "False", std::string(json::Name(reason)), message);
  return session;
}

inline Seen<api::SessionClass> SampleClasses() {
  api::SessionClass item;
  item.metadata.name = "default";
  item.spec.images = {{"lab", "registry.example.org/lab:1", "IfNotPresent"}, {"torch", "x", "Always"}};
  item.spec.accelerators = {{"a100", 1}, {"t4", 4}, {"a30", 2}};
  item.spec.default_duration_seconds = 3600;
  item.spec.max_duration_seconds = 4 * 3600;
  item.spec.resources.default_resources = {Quantity::Parse("1").value(), Quantity::Parse("2Gi").value()};
  item.spec.resources.max = {Quantity::Parse("16").value(), {}};
  item.spec.home.size = Quantity::Parse("10Gi").value();
  return {.items = {item}, .left_out = {}, .error = {}};
}

inline Seen<api::AcceleratorClass> SampleDevices() {
  const auto device = [](const std::string& name, std::int64_t all, std::int64_t free, std::int64_t queued) {
    api::AcceleratorClass item;
    item.metadata.name = name;
    item.spec.device.extended_resource.name = "nvidia.com/gpu";
    item.status.nodes = 2;
    item.status.capacity = all;
    item.status.free = free;
    item.status.allocated = all - free;
    item.status.queued = queued;
    return item;
  };
  return {.items = {device("a100", 8, 0, 3), device("a30", 4, 2, 0), device("t4", 16, 0, 0)},
          .left_out = {},
          .error = {}};
}

// Of physics, which was promised four A100 and borrows a fifth while two sessions wait; `default` has what is
// left.
inline Seen<api::Project> SampleProjects() {
  api::Project vision, rest;
  vision.metadata.name = "vision";
  vision.spec.parent_name = "physics";
  vision.status.sessions = 3;
  vision.status.waiting = 2;
  vision.status.classes = {{"a100", 4, 5, 1, 2, api::Availability::kNow},
                           {"t4", 4, 0, 0, 0, api::Availability::kAfterBoot}};
  rest.metadata.name = "default";
  return {.items = {vision, rest}, .left_out = {}, .error = {}};
}

}  // namespace marea::cli
