#include <catch2/catch.hpp>

#include "cli/classes_page.hpp"
#include "cli/sample_test.hpp"
#include "cli/status_page.hpp"
#include "cli/structured.hpp"
#include "cli/top_page.hpp"
#include "json/encode.hpp"

namespace marea::cli {
namespace {

api::Session Named(api::Session session, const std::string& ns, const std::string& name,
                   const std::string& user) {
  session.metadata.ns = ns;
  session.metadata.name = name;
  session.metadata.uid = "uid-" + name;
  session.status.user = user;
  return session;
}

Seen<api::Session> Some() {
  auto late = Named(WaitingSession(), "demo", "late", "grace");
  late.status.queue.since_time = MinutesAgo(1);
  auto cpu = Named(ReadySession(), "demo", "small", "grace");
  cpu.status.admission->accelerator_class = api::kCpuClass;
  cpu.status.admission->count = 0;
  cpu.status.expires_time = kNow + std::chrono::minutes(30);
  return {.items = {late, Named(WaitingSession(), "demo", "early", "ada"),
                    Named(ReadySession(), "demo", "big", "ada"), cpu,
                    Named(StartingSession("ImageNotFound", "No such image.", true), "demo", "bad", "ada"),
                    Named(StoppedSession(api::StopReason::kExpired, "Over."), "demo", "old", "ada"),
                    Named(StoppedSession(api::StopReason::kFailed, "It failed."), "demo", "broken", "ada"),
                    UnseenSession()},
          .left_out = {},
          .error = {}};
}

template <class T>
Seen<T> Forbidden(const std::string& line) {
  return {.items = {}, .left_out = {line}, .error = Error{ErrorKind::kForbidden, line, {}}};
}

}  // namespace

TEST_CASE("the status page counts, queues in order, and names problems") {
  const auto page = MakeStatusPage("demo", Some(), SampleClasses(), SampleDevices(), kNow);
  const auto text = StatusText(page, PlainPaper());
  CHECK_THAT(text,
             Catch::StartsWith("Sessions in namespace demo: 2 Ready, 1 Starting, 2 Queued, 1 Stopped, 1 "
                               "Failed, 1 Unseen.\n"));
  REQUIRE(page.queue->size() == 2);
  CHECK(page.queue->front().session == "early");
  CHECK(page.queue->front().wants == "1 a100 or 2 t4");
  CHECK_THAT(text, Catch::Contains("early   ada     1 a100 or 2 t4   4m      Waiting for 1 a100"));
  CHECK_THAT(text, Catch::Contains("a30      2      2      4     0        2"));
  REQUIRE(page.problems->size() == 3);
  CHECK(page.problems->at(0).reason == "ImageNotFound");
  CHECK(page.problems->at(1).message == "It failed.");
  CHECK(page.problems->at(2).reason == "NotSeen");
}

TEST_CASE("a session that is not accepted stands in no queue") {
  const auto page =
      MakeStatusPage("demo", {{RefusedSession("ClassNotFound", "There is no such class.")}, {}, {}},
                     SampleClasses(), SampleDevices(), kNow);
  CHECK(page.queue->empty());
  CHECK(page.problems->at(0).reason == "ClassNotFound");
}

TEST_CASE("a session that was made just now is no problem") {
  auto session = UnseenSession();
  session.metadata.creation_time = kNow - std::chrono::seconds(59);
  CHECK(
      MakeStatusPage("demo", {{session}, {}, {}}, SampleClasses(), SampleDevices(), kNow).problems->empty());
}

TEST_CASE("devices that nobody offers, that overlap, or that a class offers in vain are problems") {
  auto devices = SampleDevices();
  const auto add = [&](std::size_t at, const char* type, const char* status, const char* reason) {
    devices.items[at].status.conditions.push_back({.type = type,
                                                   .status = status,
                                                   .reason = reason,
                                                   .message = "Words.",
                                                   .last_transition_time = kNow});
  };
  add(0, "Ready", "False", "NotOffered");
  add(1, "Stalled", "True", "Overlap");
  add(2, "Ready", "True", "Offered");
  auto classes = SampleClasses();
  classes.items.front().spec.accelerators.push_back({"fpga", 1});
  const auto problems = *MakeStatusPage("demo", {}, classes, devices, kNow).problems;
  REQUIRE(problems.size() == 3);
  CHECK(problems[0].reason == "NotOffered");
  CHECK(problems[1].reason == "Overlap");
  CHECK(problems[2].reason == "UnknownDevice");
  CHECK_THAT(problems[2].message, Catch::Contains("fpga"));
}

TEST_CASE("what is forbidden is left out, with one line, and nothing is concluded from it") {
  const auto page =
      MakeStatusPage("demo", Forbidden<api::Session>("Sessions left out: you may not"), SampleClasses(),
                     Forbidden<api::AcceleratorClass>("Devices left out: you may not"), kNow);
  CHECK_FALSE(page.sessions);
  CHECK_FALSE(page.queue);
  CHECK_FALSE(page.devices);
  CHECK(page.problems->empty());
  CHECK(StatusText(page, PlainPaper()) ==
        "\nSessions left out: you may not\nDevices left out: you may not\n");
}

TEST_CASE("an empty platform says so") {
  const auto page = MakeStatusPage("", {}, {}, {}, kNow);
  CHECK(StatusText(page, PlainPaper()) == "No sessions in all namespaces.\n");
}

TEST_CASE("a long queue is cut to one page, and wide shows all of it") {
  Seen<api::Session> sessions;
  for (int i = 0; i < 14; ++i)
    sessions.items.push_back(Named(WaitingSession(), "demo", "s" + std::to_string(i), "u"));
  const auto page = MakeStatusPage("", sessions, {}, {}, kNow);
  CHECK_THAT(StatusText(page, PlainPaper()), Catch::Contains("… and 4 more: -o wide"));
  Paper wide = PlainPaper();
  wide.wide = true;
  CHECK_THAT(StatusText(page, wide), Catch::Contains("s9") && !Catch::Contains("more"));
  CHECK_THAT(StatusText(page, wide), Catch::Contains("NAMESPACE   QUEUE"));
}

TEST_CASE("top shows who holds what, those that end first first") {
  const auto page = MakeTopPage("demo", Some(), {}, TopBy::kSession);
  REQUIRE(page.holders->size() == 3);
  CHECK(page.holders->front().session == "small");
  CHECK(TopText(page, PlainPaper()) ==
        "SESSION   USER    DEVICES   SINCE   LEFT\n"
        "small     grace   cpu       4m      30m\n"
        "bad       ada     1 a100    4m      117m\n"
        "big       ada     1 a100    4m      117m\n");
  Paper wide = PlainPaper();
  wide.wide = true;
  CHECK_THAT(TopText(page, wide), Catch::Contains("gpu-1"));
}

TEST_CASE("top by user sums up, most devices first") {
  const auto page = MakeTopPage("", Some(), SampleProjects(), TopBy::kUser);
  CHECK(TopText(page, PlainPaper()) ==
        "USER    SESSIONS   DEVICES\n"
        "ada     2          2 a100\n"
        "grace   1          -\n");
  CHECK(TopText(MakeTopPage("demo", {}, {}, TopBy::kUser), PlainPaper()) ==
        "Nobody holds anything in namespace demo.\n");
}

TEST_CASE("top tells to which Project each is charged, what is borrowed, and what each was promised") {
  auto sessions = Some();
  for (auto& session : sessions.items) session.status.project = "default";
  sessions.items[2].status.project = "vision";
  sessions.items[2].status.admission->kind = api::AdmissionKind::kBorrowed;
  const auto page = MakeTopPage("demo", sessions, SampleProjects(), TopBy::kSession);
  CHECK(TopText(page, PlainPaper()) ==
        "SESSION   USER    PROJECT   DEVICES            SINCE   LEFT\n"
        "small     grace   default   cpu                4m      30m\n"
        "bad       ada     default   1 a100             4m      117m\n"
        "big       ada     vision    1 a100, borrowed   4m      117m\n"
        "\n"
        "PROJECT   DEVICE   GUARANTEED   USED   BORROWED   WAITING   GUARANTEE\n"
        "default   -        -            -      -          -         -\n"
        "vision    a100     4            5      1          2         Now\n"
        "vision    t4       4            0      0          0         AfterBoot\n");
  const auto json = json::Encode(page);
  CHECK_THAT(json, Catch::Contains(R"("project":"vision","device":"a100","count":1,"kind":"Borrowed")"));
  CHECK_THAT(json, Catch::Contains(R"("parent":"physics","sessions":3,"waiting":2,"classes":[{"className":)"
                                   R"("a100","guaranteed":4,"used":5,"borrowed":1,"waiting":2,)"
                                   R"("guarantee":"Now"})"));
}

TEST_CASE("where all is charged to default, its name is no news") {
  auto sessions = Some();
  for (auto& session : sessions.items) session.status.project = "default";
  const auto text = TopText(MakeTopPage("demo", sessions, {}, TopBy::kSession), PlainPaper());
  CHECK_THAT(text, Catch::StartsWith("SESSION   USER    DEVICES ") && !Catch::Contains("PROJECT"));
}

TEST_CASE("top by project shows the Projects alone") {
  Paper wide = PlainPaper();
  wide.wide = true;
  const auto page = MakeTopPage("", {}, SampleProjects(), TopBy::kProject);
  CHECK_FALSE(page.holders);
  CHECK_THAT(TopText(page, wide), Catch::StartsWith("PROJECT   PARENT    DEVICE") &&
                                      Catch::Contains("\nvision    physics   a100     4"));
  CHECK(TopText(MakeTopPage("", {}, {}, TopBy::kProject), PlainPaper()) ==
        "There are no Projects: all devices are everybody's.\n");
}

TEST_CASE("a queue of several Projects stands in the order in which they are told their place") {
  Seen<api::Session> sessions;
  for (const auto& [name, minutes, position] :
       {std::tuple("first-asked", 9, 3), {"promised", 2, 1}, {"untold", 10, 0}, {"fair", 5, 2}}) {
    auto session = Named(WaitingSession(), "demo", name, "u");
    session.status.project = "vision";
    session.status.queue.since_time = MinutesAgo(minutes);
    if (position > 0) session.status.queue.position = position;
    sessions.items.push_back(session);
  }
  const auto page = MakeStatusPage("demo", sessions, {}, {}, kNow);
  std::vector<std::string> order;
  for (const auto& row : *page.queue) order.push_back(row.session);
  CHECK(order == std::vector<std::string>{"promised", "fair", "first-asked", "untold"});
  CHECK_THAT(json::Encode(page),
             Catch::Contains(R"("project":"vision")") && Catch::Contains(R"("position":2)"));
}

TEST_CASE("classes show what one may ask for and what is free") {
  const auto page = MakeClassesPage(SampleClasses(), SampleDevices(), {});
  const auto text = ClassesText(page, PlainPaper());
  CHECK_THAT(
      text,
      Catch::Contains("default   1 (16)       2Gi             1h (4h)       lab, torch   a100, 4 t4, 2 a30"));
  CHECK_THAT(text, Catch::Contains("DEVICE   FREE   HELD   ALL   QUEUED   NODES"));
  CHECK(page.classes->front().devices[2].free == 2);
  CHECK(MakeClassesPage(SampleClasses(), SampleDevices(), {"other"}).classes->empty());
  CHECK(MakeClassesPage(SampleClasses(), SampleDevices(), {"other"}).devices->empty());
  CHECK(MakeClassesPage(SampleClasses(), SampleDevices(), {"default"}).devices->size() == 3);
}

TEST_CASE("what nobody has counted is a dash, and absent for programs") {
  auto devices = SampleDevices();
  devices.items.resize(1);
  devices.items.front().status = {};
  const auto page = MakeClassesPage({}, devices, {});
  CHECK_THAT(ClassesText(page, PlainPaper()), Catch::Contains("a100     -      -      -     -        -"));
  CHECK_THAT(json::Encode(page), !Catch::Contains("free"));
}

TEST_CASE("programs get exact times and all sections") {
  const auto json = json::Encode(MakeStatusPage("demo", Some(), SampleClasses(), SampleDevices(), kNow));
  CHECK_THAT(json, Catch::Contains(R"("since":"2026-11-21T11:56:00Z")"));
  CHECK_THAT(json, Catch::Contains(R"("sessions":[{"summary":"Ready","count":2})"));
  CHECK_THAT(json::Encode(MakeStatusPage("", {}, {}, {}, kNow)),
             Catch::Contains(R"("sessions":[],"queue":[],"devices":[],"problems":[])"));
}

}  // namespace marea::cli
