// Commands against an API server in memory: what is asked, written and said, and how they end.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/edge.hpp"
#include "cli/exit_code.hpp"
#include "cli/sample_test.hpp"
#include "json/encode.hpp"
#include "testing/fake_api.hpp"

namespace marea::cli {
namespace {

using Json = nlohmann::json;

// Answers at once, with what `before` says where it says anything.
class FakeServer final : public http::Transport {
 public:
  explicit FakeServer(testing::FakeApi& api) : api_(api) {}
  void Send(http::Request request, std::function<void(Result<http::Response>)> done) override {
    sent.push_back(request);
    auto answer = before ? before(request) : std::nullopt;
    done(answer ? std::move(*answer) : api_.Handle(request));
  }
  std::unique_ptr<http::Stream> Open(http::Request, http::StreamEvents) override { return nullptr; }

  std::function<std::optional<Result<http::Response>>(const http::Request&)> before;
  std::vector<http::Request> sent;

 private:
  testing::FakeApi& api_;
};

http::Response Refusal(int code, const std::string& reason, const std::string& message) {
  const Json status{{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", message}};
  return {.status = code, .headers = {}, .body = status.dump()};
}

struct Lab {
  Time now = kNow;
  testing::FakeApi api{[this] { return now; }};
  FakeServer server{api};
  std::ostringstream out, err;
  std::function<void(int)> each_pause;  // what happens while the command waits
  int pauses = 0;

  explicit Lab(bool installed = true) {
    if (installed) api.InstallCrds(std::string(MAREA_SOURCE_DIR) + "/crds");
    Post("/api/v1/namespaces",
         {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "demo"}}}});
  }

  int Run(Options options) {
    out.str("");
    err.str("");
    server.sent.clear();
    Edge edge{.transport = server,
              .ns = options.all_namespaces ? "" : "demo",
              .clock = {.now = [this] { return now; },
                        .sleep =
                            [this](Duration span) {
                              now += span;
                              if (each_pause) each_pause(++pauses);
                            }},
              .out = out,
              .err = err,
              .paper = {.now = now}};
    return cli::Run(options, edge);
  }

  Json Ask(http::Method method, const std::string& path, const Json& body, const char* type) {
    const auto answer =
        api.Handle({.method = method, .path = path, .body = body.dump(), .content_type = type});
    INFO(answer.body);
    REQUIRE(answer.status < 300);
    return Json::parse(answer.body);
  }
  void Post(const std::string& path, const Json& body) {
    Ask(http::Method::kPost, path, body, "application/json");
  }

  void Add(const api::Session& session) {
    const Json spec = Json::parse(json::Encode(session.spec));
    Post("/apis/marea.dev/v1alpha1/namespaces/demo/sessions",
         {{"apiVersion", "marea.dev/v1alpha1"},
          {"kind", "Session"},
          {"metadata", {{"name", session.metadata.name}}},
          {"spec", spec}});
    Record(session.metadata.name, session.status);
  }
  // As the operator does it; what is not in `status` goes.
  void Record(const std::string& name, const api::SessionStatus& status) {
    const std::string path = "/apis/marea.dev/v1alpha1/namespaces/demo/sessions/" + name + "/status";
    Ask(http::Method::kPatch, path, {{"status", nullptr}}, "application/merge-patch+json");
    const auto patch = api::StatusPatch({}, status);
    if (!patch.empty()) Ask(http::Method::kPatch, path, Json::parse(patch), "application/merge-patch+json");
  }
  void Change(const std::string& name, const Json& spec) {
    Ask(http::Method::kPatch, "/apis/marea.dev/v1alpha1/namespaces/demo/sessions/" + name, {{"spec", spec}},
        "application/merge-patch+json");
  }
  void AddClass(std::int64_t most_seconds = 14400) {
    Post("/apis/marea.dev/v1alpha1/sessionclasses", {{"apiVersion", "marea.dev/v1alpha1"},
                                                     {"kind", "SessionClass"},
                                                     {"metadata", {{"name", "default"}}},
                                                     {"spec",
                                                      {{"images", {{{"name", "lab"}, {"image", "lab:1"}}}},
                                                       {"defaultDurationSeconds", 3600},
                                                       {"maxDurationSeconds", most_seconds}}}});
  }
  Json Spec(const std::string& name) const { return api.Get("sessions", {"demo", name})->at("spec"); }

  int Patches() const {
    return static_cast<int>(std::ranges::count(server.sent, http::Method::kPatch, &http::Request::method));
  }
};

Options Of(Command command, const std::string& session = "") {
  Options options;
  options.command = command;
  options.session = session;
  return options;
}

Options Waiting(Command command, const std::string& session, std::chrono::seconds timeout) {
  auto options = Of(command, session);
  options.wait = true;
  options.timeout = timeout;
  return options;
}

}  // namespace

TEST_CASE("status shows what is there, and programs can read it") {
  Lab lab;
  lab.AddClass();
  lab.Add(WaitingSession());
  CHECK(lab.Run(Of(Command::kStatus)) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("Sessions in namespace demo: 1 Queued."));
  CHECK(lab.err.str().empty());
  auto options = Of(Command::kStatus);
  options.output = Output::kJson;
  CHECK(lab.Run(options) == Exit::kDone);
  CHECK(Json::parse(lab.out.str())["queue"][0]["session"] == "ada");
  options.output = Output::kYaml;
  CHECK(lab.Run(options) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("queue:\n- namespace: \"demo\"\n  session: \"ada\"\n"));
}

TEST_CASE("lists are read to their end, whatever the number of pages") {
  Lab lab;
  for (int i = 0; i < 1003; ++i) {
    auto session = UnseenSession();
    session.metadata.name = "s" + std::to_string(i);
    lab.Add(session);
  }
  CHECK(lab.Run(Of(Command::kStatus)) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("1003 Unseen"));
}

TEST_CASE("a list that breaks off begins anew, and one that never ends is ended") {
  Lab lab;
  const auto page = [](const std::string& name, const std::string& next) {
    return http::Response{.status = 200,
                          .headers = {},
                          .body = R"({"metadata":{"continue":")" + next +
                                  R"("},"items":[{"metadata":{"name":")" + name +
                                  R"("},"status":{"summary":"Ready"}}]})"};
  };
  int asked = 0;
  lab.server.before = [&](const http::Request& request) -> std::optional<Result<http::Response>> {
    if (request.path.find("/sessions?") == request.path.npos) return {};
    switch (++asked) {
      case 1:
        return page("a", "x");
      case 2:
        return Refusal(410, "Expired", "The provided continue parameter is too old");
      case 3:
        return page("b", "y");
      default:
        return page("c", "");
    }
  };
  CHECK(lab.Run(Of(Command::kStatus)) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("2 Ready"));
  lab.server.before = [&](const http::Request&) {
    return std::optional<Result<http::Response>>(page("a", "x"));
  };
  CHECK(lab.Run(Of(Command::kTop)) == Exit::kRefused);
  CHECK_THAT(lab.err.str(), Catch::Contains("does not end"));
}

TEST_CASE("numbers beyond all reason do no harm") {
  Lab lab;
  lab.server.before = [](const http::Request& request) -> std::optional<Result<http::Response>> {
    const std::string most = "9223372036854775807",
                      object =
                          R"({"metadata":{"name":"ada","namespace":"demo","generation":)" + most +
                          R"(},"spec":{"run":)" + most + R"(,"durationSeconds":)" + most +
                          R"(,"defaultDurationSeconds":)" + most + R"(,"maxDurationSeconds":)" + most +
                          R"(},"status":{"summary":"Ready","run":)" + most + R"(,"capacity":)" + most +
                          R"(,"admission":{"count":)" + most + R"(,"durationSeconds":-)" + most +
                          R"(},"startTime":"9999-12-31T23:59:59Z","expiresTime":"0001-01-01T00:00:00Z"}})";
    const bool list = request.path.find('?') != request.path.npos && request.method == http::Method::kGet;
    return http::Response{
        .status = 200, .headers = {}, .body = list ? R"({"items":[)" + object + "," + object + "]}" : object};
  };
  for (const auto& command : CommandRows()) {
    auto options = Of(command.command, command.takes_session ? "ada" : "");
    options.by = std::chrono::hours(1);
    options.restart = true;
    INFO(command.name);
    CHECK(lab.Run(options) <= Exit::kRefused);
  }
}

TEST_CASE("what is forbidden is left out with one line, and the rest is shown") {
  Lab lab;
  lab.AddClass();
  const auto forbid = [&](std::vector<std::string> parts) {
    lab.server.before = [parts](const http::Request& request) -> std::optional<Result<http::Response>> {
      for (const auto& part : parts) {
        if (request.path.find(part) != request.path.npos)
          return Refusal(403, "Forbidden", part + " is forbidden");
      }
      return {};
    };
  };
  forbid({"/sessions?"});
  CHECK(lab.Run(Of(Command::kStatus)) == Exit::kDone);
  CHECK_THAT(lab.out.str(),
             Catch::Contains("Sessions left out: list sessions in namespace demo: /sessions? is forbidden"));
  CHECK(lab.Run(Of(Command::kClasses)) == Exit::kDone);
  CHECK(lab.Run(Of(Command::kTop)) == Exit::kForbidden);
  forbid({"/acceleratorclasses"});
  CHECK(lab.Run(Of(Command::kClasses)) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("default") && Catch::Contains("Devices left out"));
  forbid({"/sessions?", "/sessionclasses", "/acceleratorclasses"});
  CHECK(lab.Run(Of(Command::kStatus)) == Exit::kForbidden);
  CHECK(lab.Run(Of(Command::kClasses)) == Exit::kForbidden);
  CHECK(lab.out.str().empty());
}

TEST_CASE("Projects say more where they may be read") {
  Lab lab;
  auto session = WaitingSession();
  session.status.project = "vision";
  lab.Add(session);
  const auto projects = SampleProjects();
  lab.Post("/apis/marea.dev/v1alpha1/projects", {{"apiVersion", "marea.dev/v1alpha1"},
                                                 {"kind", "Project"},
                                                 {"metadata", {{"name", "vision"}}},
                                                 {"spec", Json::object()}});
  lab.Ask(http::Method::kPatch, "/apis/marea.dev/v1alpha1/projects/vision/status",
          Json::parse(api::StatusPatch({}, projects.items.front().status)), "application/merge-patch+json");
  CHECK(lab.Run(Of(Command::kWhy, "ada")) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("\nvision    a100     4            5 "));
  CHECK(lab.Run(Of(Command::kTop)) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("\nvision    a100     4            5 "));
  auto by_project = Of(Command::kTop);
  by_project.top_by = TopBy::kProject;
  by_project.output = Output::kJson;
  CHECK(lab.Run(by_project) == Exit::kDone);
  CHECK(lab.server.sent.size() == 1);  // no sessions
  CHECK(Json::parse(lab.out.str())["projects"][0]["classes"][1]["guarantee"] == "AfterBoot");

  const auto refuse = [&](int code, const std::string& reason) {
    lab.server.before = [code,
                         reason](const http::Request& request) -> std::optional<Result<http::Response>> {
      if (request.path.find("/projects?") == request.path.npos) return {};
      return Refusal(code, reason, "projects: " + reason);
    };
  };
  refuse(403, "Forbidden");
  CHECK(lab.Run(Of(Command::kWhy, "ada")) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("Charged to Project vision.") && !Catch::Contains("left out"));
  CHECK(lab.Run(Of(Command::kTop)) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("Projects left out: list projects: projects: Forbidden"));
  CHECK(lab.Run(by_project) == Exit::kForbidden);
  refuse(404, "NotFound");  // Marea is older than the command
  CHECK(lab.Run(Of(Command::kWhy, "ada")) == Exit::kDone);
  CHECK(lab.Run(Of(Command::kTop)) == Exit::kDone);
  CHECK(lab.out.str() == "Nobody holds anything in namespace demo.\n");
  CHECK(lab.Run(by_project) == Exit::kNotFound);
  refuse(503, "ServiceUnavailable");
  CHECK(lab.Run(Of(Command::kWhy, "ada")) == Exit::kUnreachable);
  CHECK(lab.Run(Of(Command::kTop)) == Exit::kUnreachable);
}

TEST_CASE("a cluster without Marea is told from one without sessions") {
  Lab bare(false);
  const auto command = GENERATE(Command::kStatus, Command::kTop, Command::kClasses);
  CHECK(bare.Run(Of(command)) == Exit::kNotFound);
  CHECK_THAT(bare.err.str(), Catch::Contains("Marea is not installed on this cluster"));
}

TEST_CASE("an API server that is away or talks nonsense ends every command with words") {
  Lab lab;
  struct Row {
    Result<http::Response> answer;
    int code;
    std::string says;
  };
  const auto row = GENERATE(values<Row>({
      {Fail(ErrorKind::kUnavailable, "connection refused"), Exit::kUnreachable, "connection refused"},
      {Fail(ErrorKind::kTimeout, "no answer"), Exit::kUnreachable, "no answer"},
      {http::Response{.status = 503, .headers = {}, .body = "<html>\x1b[2J"}, Exit::kUnreachable, "503"},
      {http::Response{.status = 401, .headers = {}, .body = "{\"message\":\"Unauthorized\"}"},
       Exit::kForbidden, "Unauthorized"},
      {http::Response{.status = 200, .headers = {}, .body = "<html>"}, Exit::kRefused, "error: "},
      {http::Response{.status = 200, .headers = {}, .body = "[]"}, Exit::kRefused, "error: "},
      {http::Response{.status = 200, .headers = {}, .body = R"({"metadata":7,"items":7})"}, Exit::kRefused,
       "error: "},
  }));
  lab.server.before = [&](const http::Request&) { return std::optional(row.answer); };
  for (const auto& command : CommandRows()) {
    auto options = Of(command.command, command.takes_session ? "ada" : "");
    options.by = std::chrono::hours(1);
    INFO(command.name << ": " << row.says);
    CHECK(lab.Run(options) == row.code);
    CHECK_THAT(lab.err.str(), Catch::Contains(row.says) && !Catch::Contains("\x1b"));
  }
}

TEST_CASE("an object that cannot be read costs a line, not the others") {
  Lab lab;
  lab.server.before = [](const http::Request& request) -> std::optional<Result<http::Response>> {
    if (request.path.find("/sessions?") == request.path.npos) return {};
    return http::Response{
        .status = 200,
        .headers = {},
        .body = R"({"items":[{"metadata":{"name":"bad","namespace":"demo"},"spec":7},)"
                R"({"metadata":{"name":"good","namespace":"demo"},"status":{"summary":"Ready"}}]})"};
  };
  CHECK(lab.Run(Of(Command::kStatus)) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("1 Ready") && Catch::Contains("Session demo/bad cannot be read"));
}

TEST_CASE("why tells of this session's events and of no namesake's") {
  Lab lab;
  lab.Add(StartingSession("ImageNotFound", "No such image.", true));
  const auto uid = lab.api.Get("sessions", {"demo", "ada"})->at("metadata").at("uid");
  const auto event = [&](const std::string& name, const Json& of, const std::string& reason) {
    lab.Post("/api/v1/namespaces/demo/events",
             {{"apiVersion", "v1"},
              {"kind", "Event"},
              {"metadata", {{"name", name}}},
              {"involvedObject", {{"kind", "Session"}, {"namespace", "demo"}, {"name", "ada"}, {"uid", of}}},
              {"reason", reason},
              {"type", "Warning"},
              {"lastTimestamp", FormatTime(MinutesAgo(2))}});
  };
  event("a", uid, "ImageNotFound");
  event("b", "another", "Expired");
  auto options = Of(Command::kWhy, "ada");
  CHECK(lab.Run(options) == Exit::kDone);
  CHECK_THAT(lab.out.str(), Catch::Contains("Started     blocked   3m      ImageNotFound: No such image."));
  CHECK_THAT(lab.out.str(), Catch::Contains("ImageNotFound   2m") && !Catch::Contains("Expired"));
  options.output = Output::kJson;
  CHECK(lab.Run(options) == Exit::kDone);
  const auto page = Json::parse(lab.out.str());
  CHECK(page["gates"][4]["state"] == "Blocked");
  CHECK(page["gates"][4]["since"] == "2026-11-21T11:57:00Z");
  CHECK(page["events"].size() == 1);
  CHECK(lab.Run(Of(Command::kWhy, "nobody")) == Exit::kNotFound);
  CHECK_THAT(lab.err.str(), Catch::Contains("\"nobody\" not found"));
}

TEST_CASE("stop and start write what they say, once") {
  Lab lab;
  lab.Add(ReadySession());
  CHECK(lab.Run(Of(Command::kStop, "ada")) == Exit::kDone);
  CHECK(lab.Spec("ada")["desiredState"] == "Stopped");
  CHECK(lab.out.str() == "ada stops; the home is kept.\n");
  CHECK(lab.Run(Of(Command::kStop, "ada")) == Exit::kDone);
  CHECK(lab.Patches() == 0);
  lab.Record("ada", StoppedSession(api::StopReason::kUserRequest, "Stopped.").status);
  CHECK(lab.Run(Of(Command::kStart, "ada")) == Exit::kDone);
  CHECK(lab.Spec("ada")["desiredState"] == "Running");
  CHECK_FALSE(lab.Spec("ada").contains("run"));
  lab.Record("ada", StoppedSession(api::StopReason::kExpired, "Over.").status);
  CHECK(lab.Run(Of(Command::kStart, "ada")) == Exit::kDone);
  CHECK(lab.Spec("ada")["run"] == 2);
  CHECK(lab.out.str() == "ada begins run 2.\n");
}

TEST_CASE("a write that meets another's is decided anew") {
  Lab lab;
  lab.Add(ReadySession());
  int meetings = 0;
  lab.server.before = [&](const http::Request& request) -> std::optional<Result<http::Response>> {
    if (request.method == http::Method::kPatch && meetings++ < 3)
      lab.Change("ada", {{"durationSeconds", 600 + meetings}});
    return {};
  };
  CHECK(lab.Run(Of(Command::kStop, "ada")) == Exit::kDone);
  CHECK(lab.Patches() == 4);
  CHECK(lab.Spec("ada")["desiredState"] == "Stopped");
  CHECK(lab.Spec("ada")["durationSeconds"] == 603);
}

TEST_CASE("a write that always meets another's gives up with the server's words") {
  Lab lab;
  lab.Add(ReadySession());
  int meetings = 0;
  lab.server.before = [&](const http::Request& request) -> std::optional<Result<http::Response>> {
    if (request.method == http::Method::kPatch) lab.Change("ada", {{"durationSeconds", 600 + ++meetings}});
    return {};
  };
  CHECK(lab.Run(Of(Command::kStop, "ada")) == Exit::kRefused);
  CHECK(meetings == 6);
  CHECK_THAT(lab.err.str(), Catch::Contains("the object has been modified"));
}

TEST_CASE("the server's refusal reaches people as it is") {
  Lab lab;
  lab.Add(ReadySession());
  lab.server.before = [](const http::Request& request) -> std::optional<Result<http::Response>> {
    if (request.method != http::Method::kPatch) return {};
    return Refusal(422, "Invalid", "sessions.marea.dev \"ada\" is forbidden: ask \"ops\", it's their call");
  };
  CHECK(lab.Run(Of(Command::kStop, "ada")) == Exit::kRefused);
  CHECK(lab.err.str() ==
        "error: patch sessions demo/ada: sessions.marea.dev \"ada\" is forbidden: ask \"ops\", it's their "
        "call\n");
}

TEST_CASE("extend holds to the class, and goes on where it may not be read") {
  Lab lab;
  lab.Add(ReadySession());
  auto options = Of(Command::kExtend, "ada");
  options.by = std::chrono::hours(3);
  CHECK(lab.Run(options) == Exit::kDone);  // there is no such class: the operator has the last word
  lab.Change("ada", {{"durationSeconds", nullptr}});
  lab.AddClass();
  CHECK(lab.Run(options) == Exit::kRefused);
  CHECK_THAT(lab.err.str(), Catch::Contains("class default allows 4h"));
  CHECK_FALSE(lab.Spec("ada").contains("durationSeconds"));
  options.by = std::chrono::hours(2);
  CHECK(lab.Run(options) == Exit::kDone);
  CHECK(lab.Spec("ada")["durationSeconds"] == 14400);
  CHECK_THAT(lab.out.str(), Catch::Contains("Its time is over at 2026-11-21T15:57:00Z, in 3h57m."));
}

TEST_CASE("start --wait tells how it goes and ends when the session is Ready") {
  Lab lab;
  lab.Add(StoppedSession(api::StopReason::kExpired, "Over."));
  lab.each_pause = [&](int pause) {
    auto session =
        pause < 3 ? StartingSession("PullingImage", "The node is pulling the image.") : ReadySession();
    session.status.run = 2;
    if (pause > 1) lab.Record("ada", session.status);
  };
  CHECK(lab.Run(Waiting(Command::kStart, "ada", std::chrono::minutes(5))) == Exit::kDone);
  CHECK(lab.out.str() == "ada is Ready.\n");
  CHECK(lab.err.str() ==
        "ada begins run 2.\nMarea has not begun the run.\nStarting: The node is pulling the image.\n");
  auto options = Waiting(Command::kStart, "ada", std::chrono::minutes(5));
  options.output = Output::kJson;
  CHECK(lab.Run(options) == Exit::kDone);  // it is so already
  CHECK(Json::parse(lab.out.str())["url"] == "http://10.0.7.12:8888/");
}

TEST_CASE("waiting ends with the time-out, and says what was seen last") {
  Lab lab;
  lab.Add(WaitingSession());
  const Time began = lab.now;
  CHECK(lab.Run(Waiting(Command::kStart, "ada", std::chrono::seconds(90))) == Exit::kTimeout);
  CHECK(lab.now - began == std::chrono::seconds(90));
  CHECK_THAT(lab.err.str(),
             Catch::EndsWith("error: not within 90s: Queued: Waiting for 1 a100; all 8 are in use.\n"));
}

TEST_CASE("waiting ends when a person must act, and says where to look") {
  Lab lab;
  lab.Add(WaitingSession());
  lab.each_pause = [&](int) {
    lab.Record("ada", StartingSession("ImageNotFound", "The registry has no such image.", true).status);
  };
  CHECK(lab.Run(Waiting(Command::kStart, "ada", std::chrono::minutes(5))) == Exit::kWillNotCome);
  CHECK_THAT(lab.err.str(),
             Catch::EndsWith("error: The registry has no such image.\nSee `kubectl marea why ada`.\n"));
}

TEST_CASE("waiting outlasts an API server that is away, and not the session") {
  Lab lab;
  lab.Add(WaitingSession());
  bool away = false;
  lab.server.before = [&](const http::Request&) -> std::optional<Result<http::Response>> {
    if (!away) return {};
    return Fail(ErrorKind::kUnavailable, "connection refused");
  };
  lab.each_pause = [&](int pause) {
    away = pause < 4;
    if (pause == 6)
      lab.Ask(http::Method::kDelete, "/apis/marea.dev/v1alpha1/namespaces/demo/sessions/ada", Json::object(),
              "application/json");
  };
  CHECK(lab.Run(Waiting(Command::kStart, "ada", std::chrono::minutes(5))) == Exit::kNotFound);
  CHECK(lab.pauses == 6);
}

TEST_CASE("a stop is waited for until nothing is held, an extension until it is recorded") {
  Lab lab;
  lab.Add(ReadySession());
  lab.each_pause = [&](int) {
    auto session = ReadySession();
    session.status.admission->duration_seconds = 10800;
    session.status.expires_time = kNow + std::chrono::hours(1);
    lab.Record("ada", session.status);
  };
  auto options = Waiting(Command::kExtend, "ada", std::chrono::minutes(1));
  options.by = std::chrono::hours(1);
  CHECK(lab.Run(options) == Exit::kDone);
  CHECK(lab.out.str() == "ada has its time until 2026-11-21T13:00:00Z.\n");
  lab.each_pause = [&](int) { lab.Record("ada", StoppedSession(api::StopReason::kUserRequest, "x").status); };
  CHECK(lab.Run(Waiting(Command::kStop, "ada", std::chrono::minutes(1))) == Exit::kDone);
  CHECK(lab.out.str() == "ada is stopped and holds nothing.\n");
}

TEST_CASE("what cannot be opened is said, with where to look") {
  Lab lab;
  lab.Add(WaitingSession());
  CHECK(lab.Run(Of(Command::kOpen, "ada")) == Exit::kRefused);
  CHECK(lab.err.str() ==
        "error: ada is Queued: Waiting for 1 a100; all 8 are in use. (`kubectl marea why ada`)\n");
  CHECK(lab.Run(Of(Command::kLogs, "ada")) == Exit::kRefused);
  CHECK_THAT(lab.err.str(), Catch::StartsWith("error: there is no pod to have a log: ada is Queued"));
  auto session = ReadySession();
  session.metadata.name = "hub";
  session.spec.auth = api::Auth::kHub;
  session.spec.credentials = api::Credentials::kRequired;
  lab.Add(session);
  CHECK(lab.Run(Of(Command::kOpen, "hub")) == Exit::kRefused);
  CHECK_THAT(lab.err.str(), Catch::Contains("belongs to a JupyterHub"));
}

TEST_CASE("a session with an address of its own is opened by that, and its token is not shown") {
  Lab lab;
  auto session = ReadySession();
  session.status.url = "https://lab.example.org/session/demo/ada/";
  lab.Add(session);
  lab.Post("/api/v1/namespaces/demo/secrets", {{"apiVersion", "v1"},
                                               {"kind", "Secret"},
                                               {"metadata", {{"name", "ada-1-20261121"}}},
                                               {"data", {{"token", "c2VzYW1l"}}}});
  CHECK(lab.Run(Of(Command::kOpen, "ada")) == Exit::kDone);
  CHECK(lab.out.str() == "https://lab.example.org/session/demo/ada/\n");
  CHECK_THAT(lab.err.str(), Catch::Contains("--browser") && !Catch::Contains("sesame"));
  lab.server.before = [](const http::Request& request) -> std::optional<Result<http::Response>> {
    if (request.path.find("/secrets/") == request.path.npos) return {};
    return Refusal(403, "Forbidden", "secrets is forbidden");
  };
  CHECK(lab.Run(Of(Command::kOpen, "ada")) == Exit::kDone);
  CHECK_THAT(lab.err.str(), Catch::Contains("which you may not read"));
}

TEST_CASE("names for completion come with a word, and without an answer there are none") {
  Lab lab;
  lab.Add(ReadySession());
  lab.AddClass();
  Edge edge{.transport = lab.server, .ns = "demo", .clock = {}, .out = lab.out, .err = lab.err, .paper = {}};
  CHECK(SessionNames(edge) == std::vector<NameAndWord>{{"ada", "Ready"}});
  CHECK(ClassNames(edge) == std::vector<NameAndWord>{{"default", ""}});
  lab.server.before = [](const http::Request&) -> std::optional<Result<http::Response>> {
    return Fail(ErrorKind::kUnavailable, "away");
  };
  CHECK(SessionNames(edge).empty());
  CHECK(ClassNames(edge).empty());
}

}  // namespace marea::cli
