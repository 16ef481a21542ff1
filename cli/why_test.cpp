#include "cli/why.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "cli/remedies.hpp"
#include "cli/sample_test.hpp"

namespace marea::cli {
namespace {

WhyPage Explain(const api::Session& session, const Seen<SessionEvent>& events = {},
                const Seen<api::Project>& projects = {}) {
  const auto classes = SampleClasses();
  const auto devices = SampleDevices();
  return Why({session, classes, devices, projects, events, "ada -n demo"});
}

// "Accepted:Passed Admitted:Waiting Home:Ahead ..."
std::string States(const WhyPage& page) {
  std::string states;
  for (const auto& gate : page.gates)
    states += (states.empty() ? "" : " ") + gate.name + ":" + std::string(json::Name(gate.state));
  return states;
}

const Gate& GateNamed(const WhyPage& page, Step step) {
  return page.gates.at(static_cast<std::size_t>(step));
}

// Each remedy, for a session that has exactly that trouble.
api::Session SessionIn(const Remedy& remedy, bool stalled) {
  const std::string reason(remedy.reason), message = "Words about " + reason + ".";
  if (remedy.step == Step::kAccepted) return RefusedSession(reason, message);
  if (remedy.step == Step::kAdmitted) {
    auto session = WaitingSession();
    session.status.queue.reason = reason;
    session.status.queue.message = message;
    Put(session, "Admitted", "False", reason, message);
    if (stalled) Put(session, "Stalled", "True", reason, message);
    return session;
  }
  return StartingSession(reason, message, stalled);
}

}  // namespace

TEST_CASE("every reason stands at its gate, with its words, what helps, and who") {
  for (const auto& remedy : Remedies()) {
    for (const bool stalled : {false, true}) {
      const auto page = Explain(SessionIn(remedy, stalled));
      INFO(remedy.reason << (stalled ? ", stalled" : ""));
      REQUIRE(page.gates.size() == 6);
      const auto& gate = GateNamed(page, remedy.step);
      const bool blocked = remedy.step == Step::kAccepted || stalled;
      const bool never = stalled && !remedy.if_never.empty();
      CHECK(gate.state == (blocked ? GateState::kBlocked : GateState::kWaiting));
      CHECK(gate.reason == remedy.reason);
      CHECK(gate.message == "Words about " + std::string(remedy.reason) + ".");
      CHECK(gate.since);
      CHECK(page.reason == gate.reason);
      for (std::size_t i = 0; i < page.gates.size(); ++i) {
        const auto step = static_cast<Step>(i);
        if (step < remedy.step) CHECK(page.gates[i].state == GateState::kPassed);
        if (step > remedy.step) CHECK(page.gates[i].state == GateState::kAhead);
      }
      REQUIRE_FALSE(page.remedies.empty());
      CHECK(page.remedies.front() == Addressed(never ? remedy.if_never : remedy.text, "ada -n demo"));
      CHECK_THAT(page.remedies.front(), !Catch::Contains("SESSION"));
      if (blocked) CHECK(page.who != "Nobody");
      CHECK_THAT(WhyText(page, PlainPaper()), Catch::Contains(gate.message));
    }
  }
}

TEST_CASE("a session that waits for a device says since when, and what else is free") {
  const auto page = Explain(WaitingSession());
  CHECK(States(page) ==
        "Accepted:Passed Admitted:Waiting Home:Ahead Scheduled:Ahead Started:Ahead Ready:Ahead");
  CHECK(page.since == MinutesAgo(4));
  CHECK(page.who == "Nobody");
  CHECK(page.remedies.size() == 2);
  CHECK_THAT(page.remedies.back(),
             Catch::StartsWith("Free now: a30 (2). "));  // t4 was asked for, and is not free
  const auto text = WhyText(page, PlainPaper());
  CHECK_THAT(text, Catch::StartsWith("demo/ada: Queued, for 4m\nWaiting for 1 a100; all 8 are in use.\n"));
  CHECK_THAT(text, Catch::Contains("Admitted    waiting   4m      NoFreeDevice: Waiting for 1 a100"));
}

TEST_CASE("a session without devices is offered none") {
  auto session = WaitingSession();
  session.spec.accelerator.alternatives.clear();
  CHECK(Explain(session).remedies.size() == 1);
}

TEST_CASE("a session that waits and was told nothing waits to be placed") {
  auto session = WaitingSession();
  session.status.queue.reason.clear();
  session.status.queue.message.clear();
  Put(session, "Admitted", "False", "Queued", "Waiting to be placed.");
  const auto page = Explain(session);
  CHECK(GateNamed(page, Step::kAdmitted).message == "Waiting to be placed.");
  CHECK(page.remedies.front() == "Nothing: it goes on by itself.");
}

TEST_CASE("a session that starts stands where its conditions say") {
  auto session = StartingSession("Starting", "The pod is starting.");
  CHECK(States(Explain(session)) ==
        "Accepted:Passed Admitted:Passed Home:Passed Scheduled:Passed Started:Waiting Ready:Ahead");
  CHECK(GateNamed(Explain(session), Step::kStarted).since == MinutesAgo(3));
  Put(session, "Scheduled", "Unknown", "Waiting", "The scheduler has not answered yet.");
  CHECK(GateNamed(Explain(session), Step::kScheduled).state == GateState::kWaiting);
  Put(session, "HomeReady", "False", "Pending", "PersistentVolumeClaim claim-ada waits for a volume.");
  CHECK(GateNamed(Explain(session), Step::kHome).state == GateState::kWaiting);
}

TEST_CASE("a reason of a newer operator is shown with its words") {
  const auto page = Explain(StartingSession("MoonPhase", "The moon is in the wrong phase.", true));
  CHECK(GateNamed(page, Step::kStarted).state == GateState::kBlocked);
  CHECK(page.message == "The moon is in the wrong phase.");
  CHECK(page.who == "You");
  CHECK_FALSE(page.remedies.empty());
}

TEST_CASE("a session that is ready has passed all gates and says how to open it") {
  const auto page = Explain(ReadySession());
  CHECK(States(page) ==
        "Accepted:Passed Admitted:Passed Home:Passed Scheduled:Passed Started:Passed Ready:Passed");
  CHECK(page.who.empty());
  CHECK(page.remedies == std::vector<std::string>{"Open it: `kubectl marea open ada -n demo`."});
  CHECK_THAT(WhyText(page, PlainPaper()),
             Catch::StartsWith("demo/ada: Ready, for 2m; its time is over in 117m\n"
                               "JupyterLab answers at http://10.0.7.12:8888/\n\n"));
}

TEST_CASE("a session whose end is near says how to go on") {
  auto session = ReadySession();
  session.status.expires_time = kNow + std::chrono::minutes(8);
  Put(session, "Ready", "True", "ExpiresSoon", "Its time is over at 2026-11-21T12:08:00Z.");
  const auto page = Explain(session);
  CHECK(page.who == "You");
  CHECK_THAT(page.remedies.front(), Catch::Contains("`kubectl marea extend ada -n demo 2h`"));
  CHECK_THAT(WhyText(page, PlainPaper()),
             Catch::Contains("its time is over in 8m") && Catch::Contains("\nhttp://10.0.7.12:8888/\n"));
  session.status.expires_time = kNow;
  CHECK_THAT(WhyText(Explain(session), PlainPaper()), Catch::Contains("its time is over\n"));
}

TEST_CASE("a session that has stopped says why, since when, and how it runs again") {
  const auto [reason, says] = GENERATE(table<api::StopReason, std::string>({
      {api::StopReason::kUserRequest, "runs it again"},
      {api::StopReason::kExpired, "new run with its full time"},
      {api::StopReason::kFailed, "seen last"},
      {api::StopReason::kShutDown, "begins a new run"},
  }));
  const auto page = Explain(StoppedSession(reason, "So it was."));
  CHECK(page.gates.empty());
  CHECK(page.reason == json::Name(reason));
  CHECK(page.message == "So it was.");
  CHECK(page.since == MinutesAgo(30));
  CHECK_THAT(page.remedies.front(), Catch::Contains(says));
  CHECK_THAT(page.remedies.back(), Catch::Contains("`kubectl marea start ada -n demo`"));
  CHECK(page.who == (reason == api::StopReason::kFailed ? "You" : ""));
}

TEST_CASE("a pod that does not end holds a stopped session up") {
  auto session = StartingSession("Stopping", "Stopped as desiredState asks.");
  session.status.summary = "Stopping";
  session.status.stop = api::Stop{.run = 1,
                                  .reason = api::StopReason::kUserRequest,
                                  .message = "Stopped as desiredState asks.",
                                  .time = kNow};
  CHECK(Explain(session).who == "Nobody");
  Put(session, "Ready", "False", "NodeNotReady", "Node gpu-1 does not answer.");
  Put(session, "Stalled", "True", "NodeNotReady", "Node gpu-1 does not answer.");
  const auto page = Explain(session);
  CHECK(page.who == "Administrator");
  CHECK(page.reason == "NodeNotReady");
  CHECK_THAT(page.remedies.front(), Catch::Contains("taint"));
}

TEST_CASE("a session nobody has looked at says that the operator may not run") {
  const auto page = Explain(UnseenSession());
  CHECK(page.summary == "Unseen");
  CHECK(page.gates.empty());
  CHECK(page.since == MinutesAgo(10));
  CHECK(page.who == "Administrator");
}

TEST_CASE(
    "a session that waits says to which Project it is charged, its place in line, and what the Project has") {
  auto session = WaitingSession();
  session.status.project = "vision";
  session.status.queue.message = "Waiting for 1 a100; all 8 are in use. Number 3 in line.";
  session.status.queue.position = 3;
  const auto page = Explain(session, {}, SampleProjects());
  CHECK(page.project == "vision");
  CHECK(page.position == 3);
  REQUIRE(page.shares);
  CHECK(page.shares->classes.size() == 2);  // it asks for both
  const auto text = WhyText(page, PlainPaper());
  CHECK_THAT(text, Catch::StartsWith("demo/ada: Queued, for 4m\n"
                                     "Waiting for 1 a100; all 8 are in use. Number 3 in line.\n"
                                     "Charged to Project vision.\n\nGATE"));
  CHECK_THAT(text,
             Catch::Contains("\nPROJECT   DEVICE   GUARANTEED   USED   BORROWED   WAITING   GUARANTEE\n"
                             "vision    a100     4            5      1          2         Now\n"
                             "vision    t4       4            0      0          0         AfterBoot\n"));
  session.spec.accelerator.alternatives = {{"t4", 1}};
  CHECK(Explain(session, {}, SampleProjects()).shares->classes.size() == 1);
  session.spec.accelerator.alternatives.clear();  // nobody was promised sessions without devices
  CHECK(Explain(session, {}, SampleProjects()).shares->classes.empty());
}

TEST_CASE("a session that has its place says as what it holds it") {
  struct Row {
    std::string project;
    api::AdmissionKind kind;
    std::string says;  // empty: nothing
  };
  const auto row = GENERATE(values<Row>({
      {"vision", api::AdmissionKind::kGuaranteed, "Charged to Project vision, within its guarantee.\n"},
      {"vision", api::AdmissionKind::kBorrowed,
       "Charged to Project vision, beyond its guarantee: others lend it, and it may be ended for them.\n"},
      {"vision", api::AdmissionKind::kNone, "Charged to Project vision.\n"},
      {"gone", api::AdmissionKind::kGuaranteed, "Charged to Project gone, within its guarantee.\n"},
      {"", api::AdmissionKind::kNone, ""},
  }));
  auto session = ReadySession();
  session.status.project = row.project;
  session.status.admission->kind = row.kind;
  const auto page = Explain(session, {}, SampleProjects());
  CHECK(page.kind == row.kind);
  CHECK_FALSE(page.position);
  const auto text = WhyText(page, PlainPaper());
  if (row.says.empty()) {
    CHECK_THAT(text, !Catch::Contains("Project"));
  } else {
    CHECK_THAT(text, Catch::Contains("\n" + row.says));
  }
}

TEST_CASE("where nobody divides the devices, Projects are not spoken of") {
  for (auto session : {WaitingSession(), ReadySession()}) {
    session.status.project = "default";
    if (session.status.admission) session.status.admission->kind = api::AdmissionKind::kGuaranteed;
    CHECK_THAT(WhyText(Explain(session), PlainPaper()), !Catch::Contains("Project"));
    CHECK_THAT(WhyText(Explain(session, {}, SampleProjects()), PlainPaper()),
               Catch::Contains("\nCharged to Project default"));
  }
}

TEST_CASE("who may borrow and does not say so is told how, where it would help") {
  struct Row {
    std::string message;
    bool preemptible, forbidden, stalled;
    int at;  // of the remedies; -1: not said
  };
  const std::string yes = "Project vision was promised 4 a100. With preemptible: true it may borrow.";
  const auto row = GENERATE_COPY(values<Row>({
      {yes, false, false, false, 1},
      {yes, false, false, true, 0},
      {yes, true, false, false, -1},
      {yes, false, true, false, -1},
      {"Project vision holds 7 a100 and may not hold more.", false, false, false, -1},
  }));
  auto session = WaitingSession();
  session.status.project = "vision";
  session.spec.preemptible = row.preemptible;
  session.status.queue.reason = "ProjectLimit";
  session.status.queue.message = row.message;
  if (row.stalled) Put(session, "Stalled", "True", "ProjectLimit", row.message);
  auto projects = SampleProjects();
  if (row.forbidden) projects.items.front().spec.borrowing.policy = api::BorrowingPolicy::kForbidden;
  const auto remedies = Explain(session, {}, projects).remedies;
  const auto said = std::ranges::find_if(remedies, [](const auto& text) {
    return text.find(
               "kubectl patch session ada -n demo --type=merge "
               "--patch='{\"spec\":{\"preemptible\":true}}'") != text.npos;
  });
  CHECK((said == remedies.end() ? -1 : said - remedies.begin()) == row.at);
}

TEST_CASE("what else matters stands in notes") {
  auto session = ReadySession();
  session.metadata.generation = 3;
  session.status.pending_change = "image, resources";
  session.status.retries = 1;
  session.status.refused_places = 2;
  const auto notes = Explain(session).notes;
  REQUIRE(notes.size() == 4);
  CHECK_THAT(notes[0], Catch::Contains("edited just now"));
  CHECK_THAT(notes[1], Catch::Contains("image, resources") && Catch::Contains("start ada -n demo --restart"));
  CHECK_THAT(notes[2], Catch::Contains("lost once"));
  CHECK_THAT(notes[3], Catch::Contains("refused its node 2 times"));
}

TEST_CASE("what needs a person beside the gate is said too") {
  auto session = WaitingSession();
  Put(session, "Stalled", "True", "HomeLost", "The volume behind the home is gone.");
  const auto page = Explain(session);
  CHECK(GateNamed(page, Step::kAdmitted).state == GateState::kWaiting);
  CHECK(page.notes == std::vector<std::string>{"A person must act: The volume behind the home is gone."});
  CHECK(page.who == "Administrator");
}

TEST_CASE("the newest events are shown, the last one last") {
  Seen<SessionEvent> events;
  for (int i = 0; i < 12; ++i) {
    SessionEvent event;
    event.type = i == 3 ? "Warning" : "Normal";
    event.reason = "Event" + std::to_string(i);
    event.last_time = MinutesAgo(i);
    events.items.push_back(event);
  }
  const auto page = Explain(ReadySession(), events);
  REQUIRE(page.events.size() == 8);
  CHECK(page.events.front().reason == "Event7");
  CHECK(page.events.back().reason == "Event0");
}

TEST_CASE("what users wrote cannot move the cursor") {
  auto session = StartingSession("CrashLoop", "exit code 1, \x1b[2J\n\xE2\x80\xAEgnp.exe");
  session.status.url = "http://a/\x1b[0m";
  const auto text = WhyText(Explain(session), PlainPaper());
  CHECK_THAT(text, !Catch::Contains("\x1b") && !Catch::Contains("\xE2\x80\xAE"));
  CHECK_THAT(text, Catch::Contains("\\u001b[2J\\n\\u202egnp.exe"));
}

}  // namespace marea::cli
