#include "runtime/leader.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "loop/sim_process.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::runtime {

namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using nlohmann::json;

const Key kLease{"marea-system", "marea-session"};
constexpr const char* kCollection = "/apis/coordination.k8s.io/v1/namespaces/marea-system/leases";

// ---- one leader, its answers written by hand

struct Bench {
  SimLoop loop;
  testing::ScriptedTransport transport{loop};
  kube::Client client{transport};
  int led = 0, lost = 0, released = 0;
  std::string why;
  Leader leader{loop,
                client,
                kLease,
                {.identity = "host_1"},
                {[this] { ++led; },
                 [this](const std::string& reason) {
                   ++lost;
                   why = reason;
                 }}};

  void Answer(int status, const std::string& body) {
    REQUIRE(transport.pending.size() == 1);
    transport.Answer(0, http::Response{status, {}, body});
    loop.RunReady();
  }
  void AnswerLease(const std::string& holder, int version) {
    Answer(200,
           json{{"kind", "Lease"},
                {"metadata", {{"name", kLease.name}, {"resourceVersion", std::to_string(version)}}},
                {"spec", {{"holderIdentity", holder}, {"leaseDurationSeconds", 15}, {"leaseTransitions", 6}}}}
               .dump());
  }
  const http::Request& Asked() {
    REQUIRE(transport.pending.size() == 1);
    return transport.pending[0].request;
  }
  json AskedBody() { return json::parse(Asked().body); }
  void Lead() {
    leader.Start();
    AnswerLease("", 9);
    AnswerLease("host_1", 10);
    REQUIRE(led == 1);
  }
};

}  // namespace

TEST_CASE("the lease is made with name, holder, duration and times of six digits") {
  Bench bench;
  bench.leader.Start();
  CHECK(bench.Asked().method == http::Method::kGet);
  CHECK(bench.Asked().path == std::string(kCollection) + "/marea-session");
  CHECK(bench.Asked().timeout == 3s);
  bench.Answer(404, R"({"kind":"Status","reason":"NotFound"})");
  CHECK(bench.Asked().method == http::Method::kPost);
  CHECK(bench.Asked().path == std::string(kCollection) + "?fieldManager=marea");
  CHECK(bench.AskedBody() == json::parse(R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease",
    "metadata":{"name":"marea-session","namespace":"marea-system"},
    "spec":{"holderIdentity":"host_1","leaseDurationSeconds":15,"leaseTransitions":0,
      "acquireTime":"2026-01-05T08:00:00.000000Z","renewTime":"2026-01-05T08:00:00.000000Z"}})"));
  CHECK_FALSE(bench.leader.MayWrite());
  bench.AnswerLease("host_1", 10);
  CHECK(bench.led == 1);
  CHECK(bench.leader.MayWrite());
}

TEST_CASE("a renewal changes its time alone, on the version that was written last") {
  Bench bench;
  bench.Lead();
  bench.loop.RunFor(1800ms);
  CHECK(bench.Asked().method == http::Method::kPatch);
  CHECK(bench.Asked().path == std::string(kCollection) + "/marea-session?fieldManager=marea");
  CHECK(bench.Asked().content_type == "application/merge-patch+json");
  CHECK(bench.Asked().timeout == 3s);
  const json body = bench.AskedBody();
  CHECK(body["metadata"] == json{{"resourceVersion", "10"}});
  CHECK(body["spec"]["holderIdentity"] == "host_1");
  CHECK(body["spec"]["leaseTransitions"] == 6);
  CHECK_FALSE(body["spec"].contains("acquireTime"));
}

TEST_CASE("the fence shuts by the clock, whether the loop notices or not") {
  Bench bench;
  bench.Lead();
  bench.loop.RunFor(10s - 1us);  // the renewal under way is never answered
  CHECK(bench.leader.MayWrite());
  CHECK(bench.lost == 0);
  bench.loop.RunFor(1us);
  CHECK_FALSE(bench.leader.MayWrite());
  CHECK(bench.lost == 1);
  CHECK_THAT(bench.why, Contains("10s"));
  bench.loop.RunFor(1h);
  CHECK(bench.transport.pending.size() == 1);
  CHECK(bench.transport.sent.size() == 3);
}

TEST_CASE("a release gives the lease back and says so; a lost one has nothing to give back") {
  Bench bench;
  bench.Lead();
  bench.loop.RunFor(500ms);
  const auto release = [&] { bench.leader.Release([&] { ++bench.released; }); };
  SECTION("held") {
    release();
    CHECK_FALSE(bench.leader.MayWrite());
    CHECK(bench.AskedBody()["spec"]["holderIdentity"] == "");
    CHECK(bench.AskedBody()["spec"]["leaseDurationSeconds"] == 1);
    CHECK(bench.AskedBody()["metadata"]["resourceVersion"] == "10");
    bench.loop.RunFor(1s);
    CHECK(bench.released == 0);
    bench.AnswerLease("", 11);
  }
  SECTION("lost while it was released") {
    bench.loop.RunFor(9s);
    release();
    bench.Answer(409, R"({"kind":"Status","reason":"Conflict"})");
    bench.AnswerLease("other", 12);
  }
  SECTION("lost before") {
    bench.loop.RunFor(10s);
    release();
    CHECK(bench.released == 0);
    bench.loop.RunReady();
  }
  CHECK(bench.released == 1);
  bench.loop.RunFor(1h);
  CHECK(bench.transport.pending.size() == (bench.lost == 1 ? 1 : 0));
}

TEST_CASE("a Lease of a wrong shape, or none at all, makes nobody a leader and is asked for again") {
  Bench bench;
  const std::string body = GENERATE(
      as<std::string>{}, "", "null", "[]", "17", "<html>", "{", R"({"spec":{"holderIdentity":""}})",
      R"({"metadata":{"resourceVersion":""},"spec":{}})", R"({"metadata":{"resourceVersion":7}})",
      R"({"metadata":[],"spec":7})", R"({"metadata":{"resourceVersion":"7"},"spec":{"holderIdentity":{}}})",
      R"({"metadata":{"resourceVersion":"7"},"spec":{"leaseDurationSeconds":"15"}})",
      R"({"metadata":{"resourceVersion":"7"},"spec":{"leaseDurationSeconds":1e300}})",
      R"({"metadata":{"resourceVersion":"7"},"spec":{"leaseTransitions":99999999999999999999}})");
  bench.leader.Start();
  bench.Answer(200, body);
  CHECK(bench.transport.pending.empty());
  bench.loop.RunFor(1800ms);
  CHECK(bench.Asked().method == http::Method::kGet);
  CHECK(bench.led == 0);
}

TEST_CASE("numbers at the ends of their range and a holder of any text are waited for") {
  Bench bench;
  const std::string holder = std::string(100'000, 'x') + "\\u0000\\n\\\"\\ud83d\\ude00";
  const std::string seconds = GENERATE(as<std::string>{}, "-9223372036854775808", "9223372036854775807", "0");
  bench.leader.Start();
  bench.Answer(200, R"({"metadata":{"resourceVersion":"7"},"spec":{"holderIdentity":")" + holder +
                        R"(","leaseDurationSeconds":)" + seconds + R"(,"leaseTransitions":)" + seconds +
                        R"(,"renewTime":"the day before yesterday"}})");
  bench.loop.RunFor(1800ms);
  CHECK(bench.Asked().method == http::Method::kGet);
}

TEST_CASE("a leader that goes leaves nothing behind that would call it") {
  SimLoop loop;
  testing::ScriptedTransport transport{loop};
  kube::Client client{transport};
  int called = 0;
  {
    Leader leader(loop, client, kLease, {.identity = "host_1"},
                  {[&] { ++called; }, [&](const std::string&) { ++called; }});
    leader.Start();
    transport.Answer(0, http::Response{200, {}, R"({"metadata":{"resourceVersion":"7"},"spec":{}})"});
    loop.RunReady();
    REQUIRE(transport.pending.size() == 1);
  }
  transport.Answer(
      0,
      http::Response{200, {}, R"({"metadata":{"resourceVersion":"8"},"spec":{"holderIdentity":"host_1"}})"});
  loop.RunFor(1min);
  CHECK(called == 0);
  CHECK(loop.Idle());
}

// ---- several processes, one server, and what may happen between them

namespace {

// One Lease, as the API server keeps it.
class LeaseServer {
 public:
  http::Response Handle(const http::Request& request) {
    if (request.method == http::Method::kGet) return stored_ ? Answer(200) : Refuse(404, "NotFound");
    const json body = json::parse(request.body);
    if (request.method == http::Method::kPost) {
      if (stored_) return Refuse(409, "AlreadyExists");
      stored_ = body;
    } else {
      if (!stored_) return Refuse(404, "NotFound");
      if (body.at("metadata").at("resourceVersion") != stored_->at("metadata").at("resourceVersion")) {
        return Refuse(409, "Conflict");
      }
      stored_->merge_patch(body);
    }
    (*stored_)["metadata"]["resourceVersion"] = std::to_string(++version_);
    return Answer(request.method == http::Method::kPost ? 201 : 200);
  }
  std::string Holder() const { return stored_ ? (*stored_)["spec"]["holderIdentity"] : json(""); }

 private:
  http::Response Answer(int status) const { return {status, {}, stored_->dump()}; }
  static http::Response Refuse(int status, const std::string& reason) {
    return {status, {}, json{{"kind", "Status"}, {"code", status}, {"reason", reason}}.dump()};
  }

  std::optional<json> stored_;
  int version_ = 100;
};

struct Network {
  Duration slowest = 5ms;  // each way
  double loss = 0;         // each way
  double trouble = 0;      // of a request: answered with a 500
};

class Line final : public http::Transport {
 public:
  Line(SimLoop& world, LeaseServer& server, const Network& network, const SimProcess& process)
      : world_(world), server_(server), network_(network), process_(process) {}

  void Send(http::Request request, std::function<void(Result<http::Response>)> done) override {
    if (!process_.Alive()) return;
    const auto once = std::make_shared<std::function<void(Result<http::Response>)>>(std::move(done));
    const auto answer = [once](Result<http::Response> result) {
      if (auto first = std::exchange(*once, nullptr)) first(std::move(result));
    };
    world_.After(request.timeout, [answer] { answer(Fail(ErrorKind::kTimeout, "no answer")); });
    if (Chance(network_.loss)) return;
    const bool trouble = Chance(network_.trouble);
    world_.After(Delay(), [this, request = std::move(request), answer, trouble] {
      const http::Response response =
          trouble ? http::Response{500, {}, "out of order"} : server_.Handle(request);
      if (Chance(network_.loss)) return;
      world_.After(Delay(), [answer, response] { answer(response); });
    });
  }
  std::unique_ptr<http::Stream> Open(http::Request, http::StreamEvents) override { return nullptr; }

 private:
  bool Chance(double p) const { return static_cast<double>(world_.Random() >> 11) * 0x1p-53 < p; }
  Duration Delay() const {
    return Duration{static_cast<Duration::rep>(world_.Random() %
                                               static_cast<std::uint64_t>(network_.slowest.count() + 1))};
  }

  SimLoop& world_;
  LeaseServer& server_;
  const Network& network_;
  const SimProcess& process_;
};

struct Process {
  SimProcess loop;
  Line line;
  kube::Client client{line};
  bool led = false, lost = false, released = false;
  Leader leader;

  Process(SimLoop& world, LeaseServer& server, const Network& network, std::string identity,
          std::function<void()> look)
      : loop(world),
        line(world, server, network, loop),
        leader(loop, client, kLease, {.identity = std::move(identity)},
               {[this, look = std::move(look)] {
                  led = true;
                  look();
                },
                [this](const std::string&) { lost = true; }}) {
    loop.SetDrift(static_cast<std::int64_t>(world.Random() % 2001) - 1000);
    leader.Start();
  }
  // What stands still sends nothing; what matters is whether it might when it goes on.
  bool MayWrite() const { return loop.Alive() && leader.MayWrite(); }
  void StandStill(SimLoop& world, Duration span) {
    loop.Pause();
    world.After(span, [this] { loop.Resume(); });
  }
};

// Some replicas, each a process that is replaced when it ends. Processes that ended stay, as their late
// requests do.
struct Platform {
  SimLoop world;
  LeaseServer server;
  Network network;
  std::vector<std::unique_ptr<Process>> all;
  std::vector<Process*> replicas;
  int both = 0;  // moments at which two could write

  explicit Platform(std::uint64_t seed, int count) : world(seed) {
    log::SetLevel(log::Level::kError);
    replicas.resize(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < replicas.size(); ++i) Begin(i);
  }
  ~Platform() { log::SetLevel(log::Level::kInfo); }

  void Begin(std::size_t replica) {
    all.push_back(std::make_unique<Process>(world, server, network, "host_" + std::to_string(all.size()),
                                            [this] { Look(); }));
    replicas[replica] = all.back().get();
  }
  void Kill(std::size_t replica) { replicas[replica]->loop.Kill(); }
  void Replace() {  // what ended, as a Deployment does
    for (std::size_t i = 0; i < replicas.size(); ++i) {
      if (replicas[i]->loop.Alive() && !replicas[i]->lost) continue;
      Kill(i);
      Begin(i);
    }
  }

  void Look() {
    if (std::ranges::count_if(all, &Process::MayWrite) > 1) ++both;
  }
  // Whoever may write from now on is noticed when it begins to lead; looking often finds the rest.
  void RunFor(Duration span) {
    constexpr Duration kOften = 50ms;
    for (; span > kOften; span -= kOften) {
      world.RunFor(kOften);
      Look();
    }
    world.RunFor(span);
    Look();
  }
  Process* Writer() const {
    const auto found = std::ranges::find_if(all, &Process::MayWrite);
    return found == all.end() ? nullptr : found->get();
  }
  std::size_t Index(const Process* process) const {
    return static_cast<std::size_t>(std::ranges::find(replicas, process) - replicas.begin());
  }
  // How long until somebody else than `before` may write.
  Duration TimeToNext(const Process* before) {
    const MonotonicTime start = world.Monotonic();
    while (world.Monotonic() - start < 1min) {
      Process* writer = Writer();
      if (writer != nullptr && writer != before) break;
      RunFor(1ms);
    }
    return world.Monotonic() - start;
  }
};

}  // namespace

TEST_CASE("of two replicas one leads, and steadily") {
  Platform platform(GENERATE(1u, 2u, 3u), 2);
  CHECK(platform.TimeToNext(nullptr) < 100ms);
  const Process* first = platform.Writer();
  for (int i = 0; i < 600; ++i) {
    platform.RunFor(1s);
    REQUIRE(platform.Writer() == first);
  }
  CHECK(platform.both == 0);
}

TEST_CASE("after a death the next one leads within lease + 2 s, after a release within 2 s") {
  Platform platform(GENERATE(range(1u, 40u)), 2);
  platform.RunFor(20s + Duration{static_cast<Duration::rep>(platform.world.Random() % 2'000'000)});
  Process* first = platform.Writer();
  REQUIRE(first != nullptr);
  SECTION("killed") {
    platform.Kill(platform.Index(first));
    const Duration took = platform.TimeToNext(first);
    CHECK(took > 13s);
    CHECK(took <= 17s);
  }
  SECTION("released") {
    first->leader.Release([first] { first->released = true; });
    CHECK_FALSE(first->MayWrite());
    CHECK(platform.TimeToNext(first) <= 2s);
    CHECK(first->released);
  }
  CHECK(platform.both == 0);
}

TEST_CASE("a leader that stood still past its lease may not write when it goes on, and knows it is lost") {
  Platform platform(GENERATE(1u, 2u, 3u), 2);
  platform.RunFor(20s);
  Process* first = platform.Writer();
  REQUIRE(first != nullptr);
  first->StandStill(platform.world, 30s);
  platform.RunFor(30s - 1us);
  REQUIRE(platform.Writer() != nullptr);
  CHECK(platform.Writer() != first);
  CHECK_FALSE(first->lost);
  platform.RunFor(10ms);
  CHECK(first->lost);
  CHECK(platform.both == 0);
}

TEST_CASE("a leader that stood still for a while only goes on") {
  Platform platform(GENERATE(1u, 2u, 3u), 2);
  platform.RunFor(20s);
  Process* first = platform.Writer();
  REQUIRE(first != nullptr);
  first->StandStill(platform.world, 7s);
  platform.RunFor(1min);
  CHECK(platform.Writer() == first);
}

TEST_CASE("a replica that slept through many renewals does not take the lease for expired") {
  Platform platform(GENERATE(1u, 2u, 3u), 2);
  platform.RunFor(20s);
  Process* first = platform.Writer();
  REQUIRE(first != nullptr);
  platform.replicas[1 - platform.Index(first)]->StandStill(platform.world, 10min);
  platform.RunFor(20min);
  CHECK(platform.Writer() == first);
  CHECK(platform.both == 0);
}

TEST_CASE("the wall clock may say what it wants") {
  Platform platform(GENERATE(1u, 2u, 3u), 2);
  platform.RunFor(20s);
  const Process* first = platform.Writer();
  REQUIRE(first != nullptr);
  for (const Duration jump : {Duration{1h}, Duration{-48h}, Duration{10'000h}}) {
    for (Process* process : platform.replicas) {
      process->loop.MoveWallClock(jump);
      platform.RunFor(1min);
      CHECK(platform.Writer() == first);
    }
  }
}

TEST_CASE("a process that comes anew waits for its own old lease like for any other") {
  Platform platform(1, 1);
  platform.RunFor(20s);
  Process* first = platform.Writer();
  REQUIRE(first != nullptr);
  platform.Kill(0);
  platform.Begin(0);
  CHECK(platform.TimeToNext(first) > 14s);
}

TEST_CASE("an API server that refuses everything for a while: short is survived, long is not") {
  Platform platform(GENERATE(1u, 2u, 3u), 2);
  platform.RunFor(20s);
  Process* first = platform.Writer();
  REQUIRE(first != nullptr);
  platform.network.trouble = 1;
  SECTION("short") {
    platform.RunFor(6s);
    platform.network.trouble = 0;
    platform.RunFor(30s);
    CHECK(platform.Writer() == first);
  }
  SECTION("long") {
    platform.RunFor(10s);
    CHECK(platform.Writer() == nullptr);
    CHECK(first->lost);
    platform.network.trouble = 0;
    CHECK(platform.TimeToNext(first) <=
          17s);  // from the first answer on: it may show a renewal nobody saw yet
  }
  CHECK(platform.both == 0);
}

TEST_CASE("never may two write, whatever stands still, ends, is lost or comes late; and it heals") {
  const std::uint64_t seed = GENERATE(range(1u, 101u));
  CAPTURE(seed);
  Platform platform(seed, 3);
  SimLoop& world = platform.world;
  const auto upto = [&](Duration most) {
    return Duration{static_cast<Duration::rep>(world.Random() % static_cast<std::uint64_t>(most.count()))};
  };
  while (world.Monotonic() < MonotonicTime{1h} + 4min) {
    platform.RunFor(upto(6s));
    const std::size_t one = world.Random() % 3;
    Process& process = *platform.replicas[one];
    switch (world.Random() % 8) {
      case 0:
      case 1:
        process.StandStill(world, upto(40s));
        break;
      case 2:
        platform.Kill(one);
        break;
      case 3:
        process.leader.Release([&process] { process.loop.Kill(); });
        break;
      case 4:
        process.loop.MoveWallClock(upto(48h) - Duration{24h});
        break;
      case 5:
        platform.network = {.slowest = upto(20s), .loss = 0.3, .trouble = 0.2};
        break;
      default:
        platform.network = {};
    }
    platform.Replace();
    REQUIRE(platform.both == 0);
  }
  platform.network = {};
  for (int second = 0; second < 60; ++second) {
    platform.RunFor(1s);
    platform.Replace();
  }
  REQUIRE(platform.both == 0);
  REQUIRE(platform.Writer() != nullptr);
  CHECK(std::ranges::count_if(platform.all, &Process::led) >= 3);
}

}  // namespace marea::runtime
