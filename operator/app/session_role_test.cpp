// The session role beside another replica: what it does while it stands by, leads, ends, and has lost.
#include "app/session_role.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "loop/sim_loop.hpp"
#include "testing/fake_api.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::app {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string kLeases = "/apis/coordination.k8s.io/v1/namespaces/marea-system/leases";
const std::string kSessions = "/apis/marea.dev/v1alpha1/namespaces/team-a/sessions";

// A role before an API server with one Session that was not visited yet. Watches stay silent.
struct Bench {
  SimLoop loop;
  testing::FakeApi api{[this] { return loop.Now(); }};
  bool answers_writes = true, answers_leases = true, answers_lists = true;
  testing::ScriptedTransport* calls = nullptr;
  testing::ScriptedTransport* watches = nullptr;
  testing::ScriptedTransport* leases = nullptr;
  int lost = 0, stopped = 0;
  std::unique_ptr<SessionRole> role;

  Bench() {
    api.InstallCrds(MAREA_SOURCE_DIR "/crds");
    Make("/api/v1/namespaces", json{{"metadata", {{"name", "team-a"}}}});
    Make("/api/v1/namespaces", json{{"metadata", {{"name", "marea-system"}}}});
    MakeSession("ada");
  }
  void MakeSession(const std::string& name) {
    Make(kSessions, json{{"apiVersion", "marea.dev/v1alpha1"},
                         {"kind", "Session"},
                         {"metadata", {{"name", name}, {"namespace", "team-a"}}},
                         {"spec", json::object()}});
  }
  json Make(const std::string& path, const json& object) {
    return Ask(http::Method::kPost, path, object.dump());
  }
  json Ask(http::Method method, const std::string& path, const std::string& body = {}) {
    const auto answer =
        api.Handle({.method = method,
                    .path = path,
                    .body = body,
                    .content_type = method == http::Method::kPatch ? "application/merge-patch+json"
                                                                   : "application/json"});
    INFO(answer.body);
    REQUIRE(answer.status < 300);
    return json::parse(answer.body);
  }
  void MakeLease(const std::string& holder) {
    Make(kLeases, json{{"metadata", {{"name", "marea-session"}, {"namespace", "marea-system"}}},
                       {"spec", {{"holderIdentity", holder}, {"leaseDurationSeconds", 15}}}});
  }
  std::string Holder() {
    return Ask(http::Method::kGet, kLeases + "/marea-session")["spec"]["holderIdentity"];
  }

  std::unique_ptr<testing::ScriptedTransport> Line(testing::ScriptedTransport*& known) {
    auto line = std::make_unique<testing::ScriptedTransport>(loop);
    known = line.get();
    line->Handle([this, self = known](const http::Request& request) -> std::optional<Result<http::Response>> {
      const bool write = request.method != http::Method::kGet;
      const bool held = self == leases ? !answers_leases : !(write ? answers_writes : answers_lists);
      if (held) return std::nullopt;
      return api.Handle(request);
    });
    return line;
  }
  void Begin(bool elected = true) {
    Transports transports{.calls = Line(calls), .watches = Line(watches)};
    std::optional<Election> election;
    if (elected) {
      transports.lease = Line(leases);
      election = {
          .lease = {"marea-system", "marea-session"}, .identity = "me", .on_lost = [this] { ++lost; }};
    }
    role =
        std::make_unique<SessionRole>(loop, std::move(transports), session::Settings{}, std::move(election));
    role->Start();
    loop.RunFor(100ms);
  }
  void Stop() {
    role->Stop([this] { ++stopped; });
  }

  long Writes() const {
    return std::ranges::count_if(calls->sent, [](const auto& r) { return r.method != http::Method::kGet; });
  }
  bool Visited(const std::string& name = "ada") {
    return Ask(http::Method::kGet, kSessions + "/" + name).contains("status");
  }
  bool Leads() const {
    return role->Answer("/metrics").body.find("marea_leader{lease=\"session\"} 1\n") != std::string::npos;
  }
};

}  // namespace

TEST_CASE("without an election it decides as soon as its caches are filled") {
  Bench bench;
  bench.Begin(false);
  CHECK(bench.Leads());
  CHECK(bench.Visited());
  bench.Stop();
  CHECK(bench.stopped == 0);
  bench.loop.RunReady();
  CHECK(bench.stopped == 1);
}

TEST_CASE("health is for everybody, metrics are for whom the API server lets read them") {
  Bench bench;
  bench.Begin(false);
  const auto ask = [&](const std::string& path, const std::string& token) {
    int status = 0;
    bench.role->Serve({.path = path, .bearer_token = token},
                      [&](const auto& answer) { status = answer.status; });
    bench.loop.RunFor(100ms);
    return status;
  };
  CHECK(ask("/livez", "") == 200);
  CHECK(ask("/readyz", "") == 200);
  CHECK(ask("/elsewhere", "") == 404);
  CHECK(ask("/metrics", "") == 401);
  const auto reviews = [&](const auto& request) {
    return request.path.find("tokenreviews") != std::string::npos;
  };
  CHECK(std::ranges::none_of(bench.calls->sent, reviews));
  CHECK(ask("/metrics", "t0ken") == 503);  // this API server knows no reviews, and so says nothing
  CHECK(std::ranges::any_of(bench.calls->sent, reviews));
}

TEST_CASE("the only replica takes the lease and decides") {
  Bench bench;
  bench.Begin();
  CHECK(bench.Holder() == "me");
  CHECK(bench.Leads());
  CHECK(bench.Visited());
  bench.loop.RunFor(10s);
  const auto lists = std::ranges::count_if(bench.calls->sent, [](const auto& request) {
    return request.method == http::Method::kGet && request.path.find("limit=") != std::string::npos;
  });
  CHECK(lists == static_cast<long>(bench.watches->streams.size()));  // each kind once
}

TEST_CASE("a replica that stands by is ready and writes nothing, until the lease is over") {
  Bench bench;
  bench.MakeLease("other");
  bench.Begin();
  bench.loop.RunFor(14s);
  CHECK(bench.role->Answer("/readyz").status == 200);
  CHECK_FALSE(bench.Leads());
  CHECK(bench.Writes() == 0);
  bench.loop.RunFor(2s);
  CHECK(bench.Leads());
  CHECK(bench.Visited());
}

TEST_CASE("device classes are told what they have by the replica that leads, and by no other") {
  Bench bench;
  const std::string classes = "/apis/marea.dev/v1alpha1/acceleratorclasses";
  bench.Make(classes, json{{"apiVersion", "marea.dev/v1alpha1"},
                           {"kind", "AcceleratorClass"},
                           {"metadata", {{"name", "a100"}}},
                           {"spec", {{"device", {{"extendedResource", {{"name", "nvidia.com/gpu"}}}}}}}});
  const auto told = [&] { return bench.Ask(http::Method::kGet, classes + "/a100").contains("status"); };
  bench.MakeLease("other");
  bench.Begin();
  bench.loop.RunFor(14s);
  CHECK_FALSE(told());
  bench.loop.RunFor(4s);
  CHECK(told());
  const auto metrics = bench.role->Answer("/metrics").body;
  CHECK(metrics.find("marea_actions_total{controller=\"acceleratorclass\"} 1\n") != std::string::npos);

  const long writes = bench.Writes();
  bench.Ask(http::Method::kPatch, kLeases + "/marea-session", R"({"spec":{"holderIdentity":"other"}})");
  bench.Ask(http::Method::kPatch, classes + "/a100/status", R"({"status":{"free":77}})");
  bench.loop.RunFor(5min);  // watches list anew meanwhile, and see the change
  CHECK(bench.Writes() == writes);
}

TEST_CASE("who is elected lists all kinds anew and decides on that, not on what the watches told so far") {
  Bench bench;
  bench.MakeLease("other");
  bench.Begin();
  bench.loop.RunFor(1s);     // it stands by, and lists meanwhile
  bench.MakeSession("bob");  // the watches keep it to themselves
  bench.answers_lists = false;
  bench.loop.RunFor(16s);
  REQUIRE(bench.Leads());
  CHECK(bench.Writes() == 0);
  CHECK(bench.calls->pending.size() == bench.watches->streams.size());
  CHECK(bench.role->Answer("/readyz").status == 200);

  SECTION("when all lists are in") {
    while (bench.calls->pending.size() > 1) {
      bench.calls->Answer(0, bench.api.Handle(bench.calls->pending[0].request));
      bench.loop.RunFor(100ms);
      CHECK(bench.Writes() == 0);
    }
    bench.calls->Answer(0, bench.api.Handle(bench.calls->pending[0].request));
    bench.loop.RunFor(100ms);
    CHECK(bench.Visited("ada"));
    CHECK(bench.Visited("bob"));
  }
  SECTION("not at all when the lease is lost before") {
    bench.Ask(http::Method::kPatch, kLeases + "/marea-session", R"({"spec":{"holderIdentity":"other"}})");
    bench.loop.RunFor(2s);
    REQUIRE(bench.lost == 1);
    while (!bench.calls->pending.empty())
      bench.calls->Answer(0, bench.api.Handle(bench.calls->pending[0].request));
    bench.loop.RunFor(1min);
    CHECK(bench.Writes() == 0);
    // Not even in vain: what it decides would be held back by the fence.
    CHECK(bench.role->Answer("/metrics").body.find("marea_actions_total{controller=\"session\"} 0\n") !=
          std::string::npos);
  }
}

TEST_CASE("told to end it finishes what it is at, decides nothing more and gives the lease back") {
  Bench bench;
  bench.answers_writes = false;
  bench.Begin();
  REQUIRE(bench.calls->pending.size() == 2);  // its status, and the event about the class that is missing
  const long writes = bench.Writes();
  bench.Stop();
  SECTION("as soon as the answer is there") {
    bench.loop.RunFor(1s);
    CHECK(bench.Holder() == "me");
    CHECK(bench.stopped == 0);
    while (!bench.calls->pending.empty())
      bench.calls->Answer(0, bench.api.Handle(bench.calls->pending[0].request));
    bench.loop.RunFor(50ms);
    CHECK(bench.Visited());
  }
  SECTION("after two seconds without one") {
    bench.loop.RunFor(2050ms);
  }
  CHECK(bench.Holder().empty());
  CHECK(bench.stopped == 1);
  CHECK_FALSE(bench.Leads());
  bench.loop.RunFor(1min);
  CHECK(bench.Writes() == writes);
  CHECK(bench.lost == 0);
}

TEST_CASE("an API server that does not answer holds an end up for three seconds, and once") {
  Bench bench;
  bench.Begin();
  REQUIRE(bench.Leads());
  bench.answers_leases = false;
  bench.Stop();
  bench.loop.RunFor(2900ms);
  CHECK(bench.stopped == 0);
  bench.loop.RunFor(200ms);
  CHECK(bench.stopped == 1);
  bench.loop.RunFor(1min);
  CHECK(bench.stopped == 1);
}

TEST_CASE("a lease that was lost ends it, and nothing is written any more") {
  Bench bench;
  bench.Begin();
  REQUIRE(bench.Leads());
  bench.Ask(http::Method::kPatch, kLeases + "/marea-session", R"({"spec":{"holderIdentity":"other"}})");
  bench.Ask(http::Method::kPatch, kSessions + "/ada", R"({"spec":{"desiredState":"Stopped"}})");
  const long writes = bench.Writes();
  bench.loop.RunFor(2s);
  CHECK(bench.lost == 1);
  CHECK_FALSE(bench.Leads());
  bench.loop.RunFor(5min);  // watches list anew meanwhile, and see the change
  CHECK(bench.Writes() == writes);
  CHECK(bench.Holder() == "other");
}

}  // namespace marea::app
