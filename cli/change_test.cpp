#include "cli/change.hpp"

#include <catch2/catch.hpp>

#include "cli/sample_test.hpp"

namespace marea::cli {

using namespace std::chrono_literals;
using api::DesiredState;
using api::StopReason;
using Way = Standing::Way;

namespace {

const api::SessionClass& Limits() {  // four hours at most, one by default
  static const api::SessionClass kLimits = SampleClasses().items.front();
  return kLimits;
}

}  // namespace

TEST_CASE("start writes a new run where a stop lasts, and Running alone where it does not") {
  auto session = StoppedSession(StopReason::kUserRequest, "Stopped.");
  CHECK(StartOf(session, false)->patch ==
        R"({"metadata":{"resourceVersion":"7"},"spec":{"desiredState":"Running"}})");
  CHECK(StartOf(session, false)->run == 1);
  const auto reason = GENERATE(StopReason::kExpired, StopReason::kFailed, StopReason::kShutDown);
  session = StoppedSession(reason, "Ended.");
  session.status.run = 4;
  session.spec.run = 2;  // a manifest that was applied again
  CHECK(StartOf(session, false)->patch ==
        R"({"metadata":{"resourceVersion":"7"},"spec":{"desiredState":"Running","run":5}})");
  CHECK(StartOf(session, false)->run == 5);
}

TEST_CASE("start counts from what is asked when that is ahead") {
  auto session = StoppedSession(StopReason::kExpired, "Ended.");
  session.spec.run = 9;  // asked for already, and not honoured: nothing to add
  CHECK(StartOf(session, false)->patch.empty());
  CHECK(StartOf(session, false)->run == 9);
  CHECK_THAT(StartOf(session, true)->patch, Catch::Contains("\"run\":10"));
}

TEST_CASE("a session that runs or waits is not started again unless that is asked for") {
  const auto session = GENERATE(ReadySession(), WaitingSession(), UnseenSession());
  CHECK(StartOf(session, false)->patch.empty());
  CHECK_THAT(StartOf(session, false)->said, Catch::Contains("already"));
  CHECK_THAT(StartOf(session, true)->patch, Catch::Contains("\"run\":2"));
}

TEST_CASE("stop asks for Stopped, once") {
  auto session = ReadySession();
  CHECK(StopOf(session)->patch ==
        R"({"metadata":{"resourceVersion":"7"},"spec":{"desiredState":"Stopped"}})");
  session.spec.desired_state = DesiredState::kStopped;
  CHECK(StopOf(session)->patch.empty());
}

TEST_CASE("extend raises the duration that was recorded, and says the new end") {
  const auto session = ReadySession();  // two hours, since 11:57
  const auto change = ExtensionOf(session, &Limits(), 90min, kNow);
  CHECK(change->patch == R"({"metadata":{"resourceVersion":"7"},"spec":{"durationSeconds":12600}})");
  CHECK(change->said == "ada is extended by 1h30m. Its time is over at 2026-11-21T15:27:00Z, in 3h27m.");
}

TEST_CASE("a session that waits is extended from what it asked for, else from its class's default") {
  auto session = WaitingSession();
  CHECK(ExtensionOf(session, &Limits(), 1h, kNow)->duration_seconds == 7200);
  session.spec.duration_seconds = 1800;
  CHECK(ExtensionOf(session, &Limits(), 1h, kNow)->duration_seconds == 5400);
  CHECK(ExtensionOf(session, nullptr, 1h, kNow)->duration_seconds == 5400);
  session.spec.duration_seconds.reset();
  CHECK_FALSE(ExtensionOf(session, nullptr, 1h, kNow));
}

TEST_CASE("what is above the class is refused with what is left") {
  const auto session = ReadySession();
  CHECK(ExtensionOf(session, &Limits(), 2h, kNow)->duration_seconds == 4 * 3600);
  const auto above = ExtensionOf(session, &Limits(), 2h + 1s, kNow);
  REQUIRE_FALSE(above);
  CHECK(above.error().message ==
        "class default allows 4h, and ada has 2h already; it can be extended by 2h at most");
  auto full = session;
  full.status.admission->duration_seconds = 4 * 3600;
  CHECK_THAT(ExtensionOf(full, &Limits(), 1s, kNow).error().message,
             Catch::EndsWith("cannot be extended any more"));
  CHECK(
      ExtensionOf(session, nullptr, 100h, kNow));  // a class one may not read: the operator holds it to that
}

TEST_CASE("a stopped session is not extended") {
  const auto refused = ExtensionOf(StoppedSession(StopReason::kExpired, "Over."), &Limits(), 1h, kNow);
  CHECK_THAT(refused.error().message,
             Catch::Contains("Expired") && Catch::Contains("kubectl marea start ada"));
}

TEST_CASE("a start has come about when the run that was asked for is Ready") {
  const Change change{.patch = {}, .said = {}, .run = 2};
  auto session = ReadySession();
  CHECK(StandingOfStart(session, change).way == Way::kGoing);  // of the run before
  session.status.run = 2;
  CHECK(StandingOfStart(session, change).way == Way::kReached);
  session = StartingSession("PullingImage", "The node is pulling the image.");
  session.status.run = 2;
  CHECK(StandingOfStart(session, change).way == Way::kGoing);
  CHECK_THAT(StandingOfStart(session, change).said, Catch::Contains("pulling"));
}

TEST_CASE("a start that needs a person, has failed or was stopped will not come about") {
  const Change change{.patch = {}, .said = {}, .run = 1};
  auto session = StartingSession("ImageNotFound", "The registry has no such image.", true);
  CHECK(StandingOfStart(session, change).way == Way::kFailed);
  CHECK(StandingOfStart(session, change).said == "The registry has no such image.");
  session.metadata.generation = 3;  // Marea has not looked at what was written since
  CHECK(StandingOfStart(session, change).way == Way::kGoing);
  CHECK(StandingOfStart(StoppedSession(StopReason::kFailed, "It failed."), change).said == "It failed.");
  CHECK(StandingOfStart(StoppedSession(StopReason::kUserRequest, "x"), change).way == Way::kFailed);
  auto resumed = StoppedSession(StopReason::kUserRequest, "x");
  resumed.spec.desired_state = DesiredState::kRunning;
  CHECK(StandingOfStart(resumed, change).way == Way::kGoing);
}

TEST_CASE("a stop has come about when nothing is held") {
  auto session = ReadySession();
  CHECK(StandingOfStop(session, {}).way == Way::kFailed);  // somebody wants it to run
  session.spec.desired_state = DesiredState::kStopped;
  CHECK(StandingOfStop(session, {}).way == Way::kGoing);
  session.status.stop = api::Stop{.run = 1, .reason = StopReason::kUserRequest, .message = {}, .time = kNow};
  CHECK(StandingOfStop(session, {}).way == Way::kGoing);
  CHECK(StandingOfStop(StoppedSession(StopReason::kUserRequest, "x"), {}).way == Way::kReached);
}

TEST_CASE("an extension has come about when it is recorded, or nothing is to be recorded") {
  const Change change{.patch = {}, .said = {}, .run = 0, .duration_seconds = 9000};
  auto session = ReadySession();
  CHECK(StandingOfExtension(session, change).way == Way::kGoing);
  session.status.admission->duration_seconds = 9000;
  CHECK(StandingOfExtension(session, change).way == Way::kReached);
  CHECK(StandingOfExtension(WaitingSession(), change).way == Way::kReached);
  CHECK(StandingOfExtension(StoppedSession(StopReason::kExpired, "Over."), change).way == Way::kFailed);
}

}  // namespace marea::cli
