#include "runtime/access.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "loop/sim_loop.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::runtime {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

struct Bench {
  SimLoop loop;
  testing::ScriptedTransport transport{loop};
  kube::Client client{transport};
  Access access{loop, client};
  std::vector<Verdict> said;

  void Ask(const std::string& token = "t0ken") {
    access.MayGet("/metrics", token, [this](Verdict verdict) { said.push_back(verdict); });
    loop.RunReady();
  }
  void Answer(const json& body) {  // the oldest question
    transport.Answer(0, http::Response{201, {}, body.dump()});
    loop.RunReady();
  }
  void Known() {
    Answer({{"status",
             {{"authenticated", true},
              {"user",
               {{"username", "system:serviceaccount:monitoring:prometheus"},
                {"uid", "u1"},
                {"groups", {"system:serviceaccounts", "system:authenticated"}},
                {"extra", {{"authentication.kubernetes.io/credential-id", {"JTI=1"}}}}}}}}});
  }
};

}  // namespace

TEST_CASE("who the API server knows and lets read may read, and is not asked about again for a minute") {
  Bench bench;
  bench.Ask();
  REQUIRE(bench.transport.sent.size() == 1);
  CHECK(bench.transport.sent[0].path == "/apis/authentication.k8s.io/v1/tokenreviews?fieldManager=marea");
  CHECK(json::parse(bench.transport.sent[0].body)["spec"] == json{{"token", "t0ken"}});
  bench.Known();
  REQUIRE(bench.transport.sent.size() == 2);
  CHECK(bench.transport.sent[1].path ==
        "/apis/authorization.k8s.io/v1/subjectaccessreviews?fieldManager=marea");
  CHECK(json::parse(bench.transport.sent[1].body) ==
        json{{"apiVersion", "authorization.k8s.io/v1"},
             {"kind", "SubjectAccessReview"},
             {"spec",
              {{"nonResourceAttributes", {{"path", "/metrics"}, {"verb", "get"}}},
               {"user", "system:serviceaccount:monitoring:prometheus"},
               {"uid", "u1"},
               {"groups", {"system:serviceaccounts", "system:authenticated"}},
               {"extra", {{"authentication.kubernetes.io/credential-id", {"JTI=1"}}}}}}});
  bench.Answer({{"status", {{"allowed", true}}}});
  bench.loop.RunFor(59s);
  bench.Ask();
  CHECK(bench.said == std::vector{Verdict::kAllowed, Verdict::kAllowed});
  CHECK(bench.transport.sent.size() == 2);
  bench.loop.RunFor(2s);
  bench.Ask();
  CHECK(bench.transport.sent.size() == 3);
}

TEST_CASE("without a token, or with one that is too long, nobody is asked") {
  Bench bench;
  bench.Ask("");
  bench.Ask(std::string(9000, 'a'));
  CHECK(bench.said == std::vector{Verdict::kNobody, Verdict::kNobody});
  CHECK(bench.transport.sent.empty());
}

TEST_CASE("a token that is not known is nobody's; the next look is ten seconds later") {
  Bench bench;
  bench.Ask();
  bench.Answer({{"status", {{"authenticated", false}, {"error", "expired"}}}});
  bench.Ask();
  CHECK(bench.said == std::vector{Verdict::kNobody, Verdict::kNobody});
  bench.loop.RunFor(11s);
  bench.Ask();
  CHECK(bench.transport.sent.size() == 2);
}

TEST_CASE("who is known and not allowed may not") {
  Bench bench;
  bench.Ask();
  bench.Known();
  bench.Answer({{"status", {{"allowed", false}, {"reason", "no"}}}});
  CHECK(bench.said == std::vector{Verdict::kForbidden});
}

TEST_CASE("an API server that does not answer, or not as it should, lets nobody read") {
  Bench bench;
  bench.Ask();
  bench.transport.Answer(0, tl::unexpected(Error{ErrorKind::kUnavailable, "away", {}}));
  bench.loop.RunReady();
  bench.Ask();
  bench.Answer("not what was asked for");
  bench.Ask();
  bench.Answer({{"kind", "TokenReview"}});
  CHECK(bench.said == std::vector{Verdict::kUnknown, Verdict::kUnknown, Verdict::kNobody});
}

TEST_CASE("who guesses tokens keeps the API server no busier than eight at a time") {
  Bench bench;
  for (int i = 0; i < 20; ++i) bench.Ask("guess" + std::to_string(i));
  CHECK(bench.transport.sent.size() == 8);
  CHECK(bench.said == std::vector<Verdict>(12, Verdict::kUnknown));
  for (std::size_t i = 0; i < 8; ++i) bench.Answer({{"status", {{"authenticated", false}}}});
  bench.Ask("t0ken");
  CHECK(bench.transport.sent.size() == 9);
}

}  // namespace marea::runtime
