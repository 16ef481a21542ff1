#include "runtime/controller.hpp"

#include <catch2/catch.hpp>

#include "loop/sim_loop.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::runtime {

using namespace std::chrono_literals;

namespace {

const Key kAda{"a", "ada"}, kBob{"a", "bob"};

Action CreatePod(const std::string& name) {
  return Create{&kube::kPods, {"a", name}, "{}"};
}
Action PatchPod(const std::string& version) {
  return Patch{&kube::kPods, kAda, "", version, "{}"};
}
Action DeletePod() {
  return Delete{&kube::kPods, kAda, "u", "1", std::nullopt};
}
Action EmitOn(const Key& key) {
  return Emit{&kube::kPods, key, "u", false, "Reason", "message", "1"};
}

// An answer that is an object, and about none of the test's.
const char* const kSomePod = R"({"kind":"Pod","metadata":{"name":"some","namespace":"b","uid":"x"}})";

// A controller whose plan is a function of the test.
struct Bench {
  SimLoop loop;
  testing::ScriptedTransport transport{loop};
  kube::Client client{transport};
  OpenGate gate;
  Executor executor{loop, client, gate, "test"};
  std::function<Decision(const Key&, const Context&)> plan = [](const Key&, const Context&) {
    return Decision{};
  };
  std::vector<std::string> decided, observed;
  std::vector<MonotonicTime> times;
  std::function<void(const Key&)> on_observe;
  std::optional<Controller> controller;

  explicit Bench(int max_in_flight = 64) {
    controller.emplace(
        loop, executor, Controller::Options{"test", {}, max_in_flight},
        [this](const Key& key, const Context& context) {
          decided.push_back(key.name);
          times.push_back(loop.Monotonic());
          return plan(key, context);
        },
        [this](const Key& key, const Action& action, const Result<void>& result) {
          observed.push_back(Describe(action) +
                             (result ? " ok" : std::string(" ") + Name(result.error().kind)));
          if (on_observe) on_observe(key);
        });
  }
  void Start() {
    controller->Start();
    loop.RunReady();
  }
  void Change(const Key& key) {
    controller->Changed(key);
    loop.RunReady();
  }
  void Answer(std::size_t index, int status, std::map<std::string, std::string> headers = {}) {
    transport.Answer(index, http::Response{status, std::move(headers), status < 300 ? kSomePod : ""});
    loop.RunReady();
  }
  void AnswerAll(int status, const std::string& body = {}) {
    const std::string said = body.empty() && status < 300 ? kSomePod : body;
    transport.Handle([status, said](const http::Request&) { return http::Response{status, {}, said}; });
  }
  // Decides these one after the other, then nothing more.
  void Plan(std::vector<Decision> decisions) {
    plan = [decisions, next = std::size_t{0}](const Key&, const Context&) mutable {
      return next < decisions.size() ? decisions[next++] : Decision{};
    };
  }
};

const std::string kExists = R"({"kind":"Status","reason":"AlreadyExists","code":409})";

}  // namespace

TEST_CASE("nothing is decided before the start, and each key once after it") {
  Bench bench;
  bench.Change(kAda);
  bench.Change(kBob);
  bench.Change(kAda);
  CHECK(bench.decided.empty());
  bench.Start();
  CHECK(bench.decided == std::vector<std::string>{"ada", "bob"});
  bench.loop.RunFor(1h);
  CHECK(bench.decided.size() == 2);  // at rest nothing happens
}

TEST_CASE("a plan sees the wall clock and fresh chance") {
  Bench bench;
  std::vector<std::uint64_t> entropy;
  bench.plan = [&](const Key&, const Context& context) {
    CHECK(context.now == bench.loop.Now());
    entropy.push_back(context.entropy);
    return Decision{};
  };
  bench.Start();
  bench.Change(kAda);
  bench.Change(kAda);
  REQUIRE(entropy.size() == 2);
  CHECK(entropy[0] != entropy[1]);
}

TEST_CASE("a key is never decided while its write is unanswered, and then at once") {
  Bench bench;
  bench.Plan({{{CreatePod("ada"), CreatePod("home")}, {}, "new"}});
  bench.Start();
  bench.Change(kAda);
  CHECK(bench.transport.pending.size() == 2);  // sent in parallel
  CHECK(bench.controller->InFlight(kAda));
  bench.Change(kAda);
  bench.loop.RunFor(20s);
  CHECK(bench.decided.size() == 1);
  bench.Change(kBob);
  CHECK(bench.decided.back() == "bob");  // others go on
  bench.Answer(1, 201);
  CHECK(bench.decided.size() == 2);
  bench.Answer(0, 201);
  CHECK(bench.decided == std::vector<std::string>{"ada", "bob", "ada"});
  CHECK(bench.observed == std::vector<std::string>{"create pods a/home ok", "create pods a/ada ok"});
  CHECK_FALSE(bench.controller->InFlight(kAda));
}

TEST_CASE("results are observed before the key is decided again") {
  Bench bench;
  bench.Plan({{{CreatePod("ada")}, {}, "new"}});
  bench.on_observe = [&](const Key& key) {
    CHECK(key == kAda);
    CHECK(bench.decided.size() == 1);
  };
  bench.AnswerAll(201);
  bench.Start();
  bench.Change(kAda);
  CHECK(bench.decided.size() == 2);
  CHECK(bench.observed.size() == 1);
}

TEST_CASE("a conflict is decided again after the event") {
  Bench bench;
  bench.plan = [&](const Key&, const Context&) {
    return Decision{{PatchPod(std::to_string(bench.decided.size()))}, {}, "r"};
  };
  bench.Start();
  bench.Change(kAda);
  SECTION("that came while the write was under way: at once") {
    bench.Change(kAda);
    bench.Answer(0, 409);
    CHECK(bench.decided.size() == 2);
  }
  SECTION("that comes later: when it comes") {
    bench.Answer(0, 409);
    CHECK(bench.decided.size() == 1);
    bench.Change(kAda);
    CHECK(bench.decided.size() == 2);
  }
  SECTION("or after the back-off, should none come") {
    bench.Answer(0, 409);
    bench.loop.RunFor(5ms);
    CHECK(bench.decided.size() == 2);
  }
}

TEST_CASE("failures are held back longer and longer, and not sooner than the server asks") {
  Bench bench;
  bench.plan = [](const Key&, const Context&) { return Decision{{CreatePod("ada")}, {}, "r"}; };
  bench.Start();
  bench.Change(kAda);
  bench.Answer(0, 429, {{"retry-after", "7"}});
  bench.loop.RunFor(6999ms);
  CHECK(bench.decided.size() == 1);
  bench.loop.RunFor(1ms);
  CHECK(bench.decided.size() == 2);
  bench.AnswerAll(503);
  bench.Answer(0, 503);
  bench.loop.RunFor(1h);
  // 5 ms doubling to 1000 s: about 18 tries to get there, a few more in the hour.
  CHECK(bench.decided.size() > 15);
  CHECK(bench.decided.size() < 30);
  CHECK(bench.controller->counters().failed_actions == bench.decided.size());
  CHECK(bench.controller->counters().retries == bench.decided.size());
  CHECK(bench.controller->counters().succeeded == 0);
}

TEST_CASE("a write that works after failures is followed by the next decision at once") {
  Bench bench;
  bench.plan = [&](const Key&, const Context&) {
    return bench.decided.size() <= 12 ? Decision{{CreatePod("ada")}, {}, "r"} : Decision{};
  };
  bench.transport.Handle([&](const http::Request&) {
    return bench.decided.size() < 12 ? http::Response{503, {}, ""} : http::Response{201, {}, kSomePod};
  });
  bench.Start();
  bench.Change(kAda);
  bench.loop.RunFor(10min);
  REQUIRE(bench.decided.size() == 13);
  CHECK(bench.times[12] == bench.times[11]);
  CHECK(bench.times[11] > bench.times[10]);
}

TEST_CASE("AlreadyExists on a create and NotFound on a delete are answers, not failures") {
  Bench bench;
  SECTION("create") {
    bench.Plan({{{CreatePod("ada")}, {}, "r"}});
    bench.AnswerAll(409, kExists);
  }
  SECTION("delete") {
    bench.Plan({{{DeletePod()}, {}, "r"}});
    bench.AnswerAll(404);
  }
  SECTION("fresh read") {
    bench.Plan({{{ReadFresh{&kube::kPods, kAda}}, {}, "r"}});
    bench.AnswerAll(404);
  }
  bench.Start();
  bench.Change(kAda);
  CHECK(bench.decided.size() == 2);
  CHECK(bench.controller->counters().failed_actions == 0);
  CHECK(bench.controller->counters().retries == 0);
  REQUIRE(bench.observed.size() == 1);
}

TEST_CASE("a plan that asks for the same again and again is held back") {
  Bench bench;
  bench.plan = [](const Key&, const Context&) { return Decision{{CreatePod("ada")}, {}, "r"}; };
  bench.AnswerAll(409, kExists);
  bench.Start();
  bench.Change(kAda);
  CHECK(bench.decided.size() == 2);  // the second is the first that is the same
  bench.loop.RunFor(1h);
  CHECK(bench.decided.size() < 30);
  bench.loop.RunFor(10min);
  const auto before = bench.decided.size();
  bench.Change(kAda);  // the world moved: at once
  CHECK(bench.decided.size() == before + 1);
}

TEST_CASE("a plan that never comes to rest is held back, even when its own writes are the changes") {
  Bench bench;
  bench.plan = [&](const Key&, const Context&) {
    return Decision{{PatchPod(std::to_string(bench.decided.size()))}, {}, "r"};
  };
  bench.on_observe = [&](const Key& key) {
    bench.controller->Changed(key);
  };  // as the answer in the cache does
  bench.AnswerAll(200);
  bench.Start();
  bench.Change(kAda);
  CHECK(bench.decided.size() < 40);
  bench.loop.RunFor(1h);
  CHECK(bench.decided.size() < 40 * 25);
}

TEST_CASE("events hold up, fail and repeat nothing") {
  Bench bench;
  bench.Plan({{{EmitOn(kAda), CreatePod("ada")}, {}, "new"}, {{EmitOn(kAda)}, {}, "told"}});
  bench.Start();
  bench.Change(kAda);
  REQUIRE(bench.transport.pending.size() == 2);
  bench.Answer(1, 201);  // the event's own answer is still out
  CHECK(bench.decided.size() == 2);
  CHECK_FALSE(bench.controller->InFlight(kAda));
  bench.Answer(0, 500);
  bench.Answer(0, 500);
  bench.loop.RunFor(1h);
  CHECK(bench.decided.size() == 2);
  CHECK(bench.observed == std::vector<std::string>{"create pods a/ada ok"});
  CHECK(bench.controller->counters().retries == 0);
}

TEST_CASE("a wake-up comes at its wall-clock time") {
  Bench bench;
  const Time start = bench.loop.Now();
  bench.Plan({{{}, start + 90s, "expires"}});
  bench.Start();
  bench.Change(kAda);
  bench.loop.RunFor(89s);
  CHECK(bench.decided.size() == 1);
  bench.loop.RunFor(1s);
  CHECK(bench.decided.size() == 2);
}

TEST_CASE("a far wake-up is looked at every ten minutes, should the wall clock be set") {
  Bench bench;
  const Time end = bench.loop.Now() + 1h;
  bench.plan = [end](const Key&, const Context& context) {
    return context.now < end ? Decision{{}, end, "expires"} : Decision{};
  };
  bench.Start();
  bench.Change(kAda);
  bench.loop.RunFor(59min);
  CHECK(bench.decided.size() == 6);
  bench.loop.RunFor(10h);
  CHECK(bench.decided.size() == 7);
}

TEST_CASE("a wake-up in the past is no busy loop") {
  Bench bench;
  bench.plan = [](const Key&, const Context& context) { return Decision{{}, context.now, "now"}; };
  bench.Start();
  bench.Change(kAda);
  bench.loop.RunFor(1h);
  CHECK(bench.decided.size() < 30);
}

TEST_CASE("no more keys are in flight than allowed") {
  Bench bench(2);
  bench.plan = [&](const Key& key, const Context&) {
    return std::count(bench.decided.begin(), bench.decided.end(), key.name) == 1
               ? Decision{{CreatePod(key.name)}, {}, "r"}
               : Decision{};
  };
  bench.Start();
  for (int i = 0; i < 5; ++i) bench.controller->Changed({"a", "s" + std::to_string(i)});
  bench.loop.RunReady();
  CHECK(bench.transport.pending.size() == 2);
  CHECK(bench.controller->Depth() == 3);
  for (int i = 0; i < 5; ++i) {
    REQUIRE_FALSE(bench.transport.pending.empty());
    CHECK(bench.transport.pending.size() <= 2);
    bench.Answer(0, 201);
  }
  CHECK(bench.decided.size() == 10);
}

TEST_CASE("a decision takes a place for each write, and what has begun goes before what has not") {
  Bench bench(1);
  std::map<std::string, int> steps;
  bench.plan = [&](const Key& key, const Context&) {
    const std::string step = key.name + std::to_string(++steps[key.name]);
    if (steps[key.name] > 2) return Decision{};
    return Decision{{CreatePod(step), CreatePod(step + "-too")}, {}, "step"};
  };
  bench.Start();
  for (const auto* name : {"ada", "bob", "cyd"}) bench.Change({"team-a", name});
  CHECK(bench.decided == std::vector<std::string>{"ada"});
  while (!bench.transport.pending.empty()) bench.Answer(0, 201);
  CHECK(bench.decided ==
        std::vector<std::string>{"ada", "ada", "ada", "bob", "bob", "bob", "cyd", "cyd", "cyd"});
}

TEST_CASE("many keys leave the loop room for others") {
  Bench bench;
  for (int i = 0; i < 1000; ++i) bench.controller->Changed({"a", std::to_string(i)});
  bench.controller->Start();
  std::size_t decided_by_then = 1000;
  bench.loop.Post([&] { decided_by_then = bench.decided.size(); });
  bench.loop.RunReady();
  CHECK(decided_by_then <= 128);
  CHECK(bench.decided.size() == 1000);
}

TEST_CASE("a forgotten key is not decided, and loses its failures") {
  Bench bench;
  bench.plan = [](const Key&, const Context&) { return Decision{{CreatePod("ada")}, {}, "r"}; };
  bench.AnswerAll(503);
  bench.Start();
  bench.Change(kAda);
  bench.loop.RunFor(1min);
  const auto before = bench.decided.size();
  bench.controller->Forget(kAda);
  bench.loop.RunFor(1h);
  CHECK(bench.decided.size() == before);
  bench.Change(kAda);
  bench.loop.RunFor(5ms);
  CHECK(bench.decided.size() == before + 2);
}

TEST_CASE("answers that come after the controller's end are dropped") {
  Bench bench;
  bench.Plan({{{CreatePod("ada")}, bench.loop.Now() + 1min, "new"}});
  bench.Start();
  bench.Change(kAda);
  bench.controller.reset();
  bench.Answer(0, 201);
  bench.loop.RunFor(1h);
  CHECK(bench.observed.empty());
}

TEST_CASE("actions describe themselves without what they carry") {
  CHECK(Describe(Create{&kube::kSecrets, {"a", "token"}, R"({"data":"sesame"})"}) ==
        "create secrets a/token");
  CHECK(Describe(Patch{&kube::kPods, kAda, "status", "7", "{}"}) == "patch status of pods a/ada");
  CHECK(Describe(PatchPod("7")) == "patch pods a/ada");
  CHECK(Describe(DeletePod()) == "delete pods a/ada");
  CHECK(Describe(ReadFresh{&kube::kNodes, {"", "n1"}}) == "read nodes n1");
  CHECK(Describe(EmitOn(kAda)) == "event Reason on pods a/ada");
}

}  // namespace marea::runtime
