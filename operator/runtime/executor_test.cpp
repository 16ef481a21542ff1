#include "runtime/executor.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "kube/types.hpp"
#include "loop/sim_loop.hpp"
#include "runtime/reflector.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::runtime {

namespace {

using kube::Pod;
const Key kAda{"a", "ada"};

std::string PodJson(int version, const std::string& meta = {}) {
  return R"({"kind":"Pod","metadata":{"namespace":"a","name":"ada","uid":"u1","resourceVersion":")" +
         std::to_string(version) + "\"" + meta + "}}";
}

struct ShutGate final : Gate {
  bool open = true;
  mutable int open_for = 1'000;  // so many times it is asked
  bool MayWrite() const override { return open && open_for-- > 0; }
};

struct Bench {
  SimLoop loop;
  testing::ScriptedTransport transport{loop};
  kube::Client client{transport};
  ShutGate gate;
  Cache<Pod> cache;
  std::unique_ptr<AnyReflector> pods = MakeReflector<Pod>(loop, client, client, cache);
  Executor executor{loop, client, gate, "marea-session"};
  std::vector<Result<void>> results;
  std::string held_when_done;

  Bench() { executor.Register(kube::kPods, *pods); }

  void Execute(const Action& action) {
    executor.Execute(action, [this](Result<void> result) {
      held_when_done = Held();
      results.push_back(std::move(result));
    });
    CHECK(results.empty());
    loop.RunReady();
  }
  void Answer(int status, const std::string& body) {
    REQUIRE(transport.pending.size() == 1);
    transport.Answer(0, http::Response{status, {}, body});
    loop.RunReady();
    REQUIRE(results.size() == 1);
  }
  void Hold(int version) {
    (*pods->Decode(PodJson(version)))();
    REQUIRE(Held() == std::to_string(version));
  }
  std::string Held() const {
    const auto pod = cache.Get(kAda);
    return pod ? pod->metadata.resource_version : "none";
  }
  ErrorKind Refusal() const { return results.at(0).error().kind; }
};

const Action kPatchStatus = Patch{&kube::kPods, kAda, "status", "7", R"({"status":{"phase":"x"}})"};
const Action kDelete = Delete{&kube::kPods, kAda, "u1", "7", std::nullopt};

}  // namespace

TEST_CASE("the answer to a create is in the cache before the create is done") {
  Bench bench;
  bench.Execute(Create{&kube::kPods, kAda, "{}"});
  CHECK(bench.transport.sent[0].path == "/api/v1/namespaces/a/pods?fieldManager=marea");
  bench.Answer(201, PodJson(7));
  CHECK(bench.results[0]);
  CHECK(bench.held_when_done == "7");
}

TEST_CASE("a patch carries what it was decided on") {
  Bench bench;
  bench.Execute(kPatchStatus);
  CHECK(bench.transport.sent[0].path == "/api/v1/namespaces/a/pods/ada/status?fieldManager=marea");
  CHECK(bench.transport.sent[0].body == R"({"status":{"phase":"x"},"metadata":{"resourceVersion":"7"}})");
  bench.Answer(200, PodJson(8));
  CHECK(bench.held_when_done == "8");
}

TEST_CASE("a patch without precondition or object is not sent") {
  Bench bench;
  bench.Execute(GENERATE(Patch{&kube::kPods, kAda, "", "", "{}"}, Patch{&kube::kPods, kAda, "", "7", "[]"}));
  REQUIRE(bench.results.size() == 1);
  CHECK(bench.Refusal() == ErrorKind::kInvalid);
  CHECK(bench.transport.sent.empty());
}

TEST_CASE("refusals reach who decided, and the cache stays") {
  Bench bench;
  bench.Hold(5);
  bench.Execute(kPatchStatus);
  bench.Answer(409, R"({"kind":"Status","reason":"Conflict","message":"modified"})");
  CHECK(bench.Refusal() == ErrorKind::kConflict);
  CHECK(bench.Held() == "5");
}

TEST_CASE("AlreadyExists on a create is an error that who decided understands") {
  Bench bench;
  bench.Execute(Create{&kube::kPods, kAda, "{}"});
  bench.Answer(409, R"({"kind":"Status","reason":"AlreadyExists"})");
  CHECK(bench.Refusal() == ErrorKind::kAlreadyExists);
}

TEST_CASE("a pod that goes in its grace stays until the watch says it is gone") {
  Bench bench;
  bench.Hold(5);
  bench.Execute(kDelete);
  CHECK_THAT(bench.transport.sent[0].body,
             Catch::Contains(R"("preconditions":{"uid":"u1","resourceVersion":"7"})"));
  bench.Answer(200,
               PodJson(8, R"(,"deletionTimestamp":"2026-01-05T08:00:30Z","deletionGracePeriodSeconds":30)"));
  REQUIRE(bench.held_when_done == "8");
  CHECK(bench.cache.Get(kAda)->metadata.deletion_time);
}

TEST_CASE("what a delete removed at once is gone before the delete is done") {
  Bench bench;
  bench.Hold(5);
  bench.Execute(kDelete);
  SECTION("answered with the object as it was last") {
    bench.Answer(200,
                 PodJson(8, R"(,"deletionTimestamp":"2026-01-05T08:00:00Z","deletionGracePeriodSeconds":0)"));
  }
  SECTION("answered with a Status") {
    bench.Answer(200, R"({"kind":"Status","status":"Success","details":{"kind":"pods","uid":"u1"}})");
  }
  SECTION("answered with a Status that names no uid") {
    bench.Answer(200, R"({"kind":"Status","status":"Success"})");
  }
  SECTION("by someone else before") {
    bench.Answer(404, R"({"kind":"Status","reason":"NotFound"})");
    CHECK(bench.Refusal() == ErrorKind::kNotFound);
  }
  CHECK(bench.held_when_done == "none");
}

TEST_CASE("a delete of another incarnation's uid removes nothing") {
  Bench bench;
  bench.Hold(5);
  bench.Execute(Delete{&kube::kPods, kAda, "u0", "3", std::nullopt});
  bench.Answer(404, "");
  CHECK(bench.Held() == "5");
}

TEST_CASE("a fresh read enters the cache") {
  Bench bench;
  bench.Execute(ReadFresh{&kube::kPods, kAda});
  CHECK(bench.transport.sent[0].method == http::Method::kGet);
  bench.Answer(200, PodJson(9));
  CHECK(bench.held_when_done == "9");
}

TEST_CASE("an object that cannot be read was written all the same") {
  Bench bench;
  bench.Execute(Create{&kube::kPods, kAda, "{}"});
  bench.Answer(201, R"({"metadata":{"name":"ada","namespace":"a"},"spec":{"nodeName":17}})");
  CHECK(bench.results[0]);
  CHECK(bench.Held() == "none");
}

TEST_CASE("an answer that is no object leaves open whether it was done") {
  const auto* body = GENERATE("<html>Please log in</html>", "null", "[]", "{}", R"({"metadata":{"name":"ad)",
                              R"({"kind":7,"metadata":{"name":["x"]}})");
  const auto* type = GENERATE(&kube::kPods, &kube::kSecrets);  // one that is cached, one that is not
  Bench bench;
  bench.Execute(Create{type, kAda, "{}"});
  bench.Answer(201, body);
  REQUIRE_FALSE(bench.results[0]);
  CHECK(bench.results[0].error().kind == ErrorKind::kUnavailable);
  CHECK(bench.Held() == "none");
}

TEST_CASE("a delete whose answer cannot be read may not have been done") {
  Bench bench;
  bench.Execute(Delete{&kube::kSecrets, {"a", "token"}, "", "", std::nullopt});
  bench.Answer(200, "<html>Please log in</html>");
  REQUIRE_FALSE(bench.results[0]);
  CHECK(bench.results[0].error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("Secrets are written without being read") {
  Bench bench;
  SECTION("created") {
    bench.Execute(Create{&kube::kSecrets, {"a", "token"}, R"({"data":{"token":"c2VzYW1l"}})"});
    bench.Answer(201, R"({"kind":"Secret","metadata":{"name":"token"},"data":17})");
  }
  SECTION("deleted by name alone") {
    bench.Execute(Delete{&kube::kSecrets, {"a", "token"}, "", "", std::nullopt});
    CHECK(bench.transport.sent[0].body.find("preconditions") == std::string::npos);
    bench.Answer(200, R"({"kind":"Status","status":"Success"})");
  }
  CHECK(bench.results[0]);
}

TEST_CASE("behind a shut gate nothing is written, but it may be read") {
  Bench bench;
  bench.gate.open = false;
  const Action action = GENERATE(Action(Create{&kube::kPods, kAda, "{}"}), kPatchStatus, kDelete,
                                 Action(Emit{&kube::kPods, kAda, "u1", false, "R", "m", "1"}));
  bench.Execute(action);
  REQUIRE(bench.results.size() == 1);
  CHECK(bench.Refusal() == ErrorKind::kForbidden);
  CHECK(bench.transport.sent.empty());
  bench.results.clear();
  bench.Execute(ReadFresh{&kube::kPods, kAda});
  CHECK(bench.transport.sent.size() == 1);
}

TEST_CASE("a write asks the gate again when it leaves, a read never") {
  Bench bench;
  const Action action = GENERATE(Action(Create{&kube::kPods, kAda, "{}"}), kPatchStatus, kDelete,
                                 Action(Emit{&kube::kPods, kAda, "u1", false, "R", "m", "1"}));
  bench.Execute(action);
  REQUIRE(bench.transport.pending.size() == 1);
  const http::Request& request = bench.transport.pending[0].request;
  REQUIRE(request.may_send);
  CHECK(request.may_send());
  bench.gate.open = false;
  CHECK_FALSE(request.may_send());
  CHECK(request.timeout == std::chrono::seconds{10});
  bench.Execute(ReadFresh{&kube::kPods, kAda});
  REQUIRE(bench.transport.pending.size() == 2);
  CHECK_FALSE(bench.transport.pending[1].request.may_send);
}

TEST_CASE("a gate that shuts between handing over and leaving is a refusal") {
  Bench bench;
  bench.gate.open_for = 1;
  bench.Execute(kPatchStatus);
  REQUIRE(bench.results.size() == 1);
  CHECK(bench.Refusal() == ErrorKind::kForbidden);
  CHECK(bench.transport.sent.empty());
}

TEST_CASE("an event that is already there is recorded") {
  Bench bench;
  bench.Execute(Emit{&kube::kPods, kAda, "u1", true, "Failed", "no image", "1"});
  CHECK(bench.transport.sent[0].path == "/api/v1/namespaces/a/events?fieldManager=marea");
  CHECK(nlohmann::json::parse(bench.transport.sent[0].body)["type"] == "Warning");
  bench.Answer(409, R"({"kind":"Status","reason":"AlreadyExists"})");
  CHECK(bench.results[0]);
}

}  // namespace marea::runtime
