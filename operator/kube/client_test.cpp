#include "kube/client.hpp"

#include <catch2/catch.hpp>

#include "loop/sim_loop.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::kube {

namespace {

constexpr ResourceType kSessions{"marea.dev", "v1alpha1", "sessions", "Session", true};

struct Bench {
  SimLoop loop;
  testing::ScriptedTransport transport{loop};
  RequestCounts counts;
  Client client{transport, &counts};
  std::optional<Result<std::string>> answer;

  Client::Done Keep() {
    return [this](Result<std::string> result) { answer = std::move(result); };
  }
  const http::Request& Sent() {
    REQUIRE(transport.sent.size() == 1);
    return transport.sent[0];
  }
  void Answer(Result<http::Response> response) {
    transport.Answer(0, std::move(response));
    loop.RunReady();
    REQUIRE(answer);
  }
};

}  // namespace

TEST_CASE("a fresh read is a GET of the object, and its body comes back") {
  Bench bench;
  bench.client.Get(kPods, {"team-a", "ada"}, bench.Keep());
  CHECK(bench.Sent().method == http::Method::kGet);
  CHECK(bench.Sent().path == "/api/v1/namespaces/team-a/pods/ada");
  bench.Answer(http::Response{200, {}, "{}"});
  CHECK(bench.answer->value() == "{}");
}

TEST_CASE("a client in a hurry gives every call its time") {
  Bench bench;
  Client hasty = bench.client.Within(std::chrono::seconds{3});
  SECTION("read") {
    hasty.Get(kPods, {"a", "b"}, bench.Keep());
  }
  SECTION("write") {
    hasty.MergePatch(kPods, {"a", "b"}, "", "{}", bench.Keep());
  }
  CHECK(bench.Sent().timeout == std::chrono::seconds{3});
}

TEST_CASE("a fenced client's writes ask before they leave, and what did not leave is not counted") {
  Bench bench;
  bool open = true;
  Client fenced = bench.client.Fenced([&open] { return open; });
  const std::vector<std::function<void()>> writes{
      [&] { fenced.Create(kPods, "a", "{}", bench.Keep()); },
      [&] { fenced.MergePatch(kPods, {"a", "b"}, "status", "{}", bench.Keep()); },
      [&] { fenced.Delete(kPods, {"a", "b"}, {"u", "7"}, std::nullopt, bench.Keep()); },
  };
  const auto& write = writes[GENERATE(0u, 1u, 2u)];
  write();
  REQUIRE(bench.Sent().may_send);
  CHECK(bench.Sent().timeout == std::chrono::seconds{10});
  open = false;
  write();
  bench.loop.RunReady();
  REQUIRE(bench.answer);
  CHECK(bench.answer->error().kind == ErrorKind::kForbidden);
  CHECK(bench.Sent().may_send);  // still the first one only
  CHECK(bench.counts.Get().empty());

  bench.transport.sent.clear();
  fenced.Get(kPods, {"a", "b"}, bench.Keep());
  CHECK_FALSE(bench.Sent().may_send);
}

TEST_CASE("lists come in pages of 500 over all namespaces") {
  Bench bench;
  SECTION("the first") {
    bench.client.List(kPods, "", bench.Keep());
    CHECK(bench.Sent().path == "/api/v1/pods?limit=500");
  }
  SECTION("a further one") {
    bench.client.List(kSessions, "a+/=b", bench.Keep());
    CHECK(bench.Sent().path == "/apis/marea.dev/v1alpha1/sessions?limit=500&continue=a%2B%2F%3Db");
  }
}

TEST_CASE("a create is a POST to the collection, in our name") {
  Bench bench;
  bench.client.Create(kSessions, "team-a", R"({"kind":"Session"})", bench.Keep());
  CHECK(bench.Sent().method == http::Method::kPost);
  CHECK(bench.Sent().path == "/apis/marea.dev/v1alpha1/namespaces/team-a/sessions?fieldManager=marea");
  CHECK(bench.Sent().content_type == "application/json");
  CHECK(bench.Sent().body == R"({"kind":"Session"})");
  bench.Answer(http::Response{201, {}, "made"});
  CHECK(bench.answer->value() == "made");
}

TEST_CASE("a patch is a merge patch") {
  Bench bench;
  bench.client.MergePatch(kSessions, {"team-a", "ada"}, "status", "{}", bench.Keep());
  CHECK(bench.Sent().method == http::Method::kPatch);
  CHECK(bench.Sent().path ==
        "/apis/marea.dev/v1alpha1/namespaces/team-a/sessions/ada/status?fieldManager=marea");
  CHECK(bench.Sent().content_type == "application/merge-patch+json");
}

TEST_CASE("a delete says what it is meant for") {
  Bench bench;
  SECTION("with preconditions and grace") {
    bench.client.Delete(kPods, {"team-a", "ada"}, {"uid-1", "42"}, 0, bench.Keep());
    CHECK(bench.Sent().method == http::Method::kDelete);
    CHECK(bench.Sent().path == "/api/v1/namespaces/team-a/pods/ada");
    CHECK(bench.Sent().content_type == "application/json");
    CHECK(bench.Sent().body ==
          R"({"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,)"
          R"("preconditions":{"uid":"uid-1","resourceVersion":"42"},"propagationPolicy":"Background"})");
  }
  SECTION("without") {
    bench.client.Delete(kSecrets, {"team-a", "ada-1"}, {}, std::nullopt, bench.Keep());
    CHECK(bench.Sent().body ==
          R"({"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background"})");
  }
}

TEST_CASE("a watch asks for bookmarks and an end") {
  Bench bench;
  const auto stream = bench.client.Watch(kPods, "17", 200, {});
  CHECK(bench.Sent().path ==
        "/api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion=17&timeoutSeconds=200");
  CHECK(bench.Sent().timeout == std::chrono::seconds(150));
}

TEST_CASE("a refusal carries the server's words and what was asked") {
  Bench bench;
  bench.client.Get(kPods, {"team-a", "ada"}, bench.Keep());
  bench.Answer(
      http::Response{404, {}, R"({"kind":"Status","message":"pods \"ada\" not found","reason":"NotFound"})"});
  REQUIRE_FALSE(*bench.answer);
  CHECK(bench.answer->error().kind == ErrorKind::kNotFound);
  CHECK(bench.answer->error().message == R"(get pods team-a/ada: pods "ada" not found)");
}

TEST_CASE("a redirect is no answer") {
  Bench bench;
  bench.client.Get(kPods, {"team-a", "ada"}, bench.Keep());
  bench.Answer(http::Response{302, {{"location", "https://elsewhere"}}, ""});
  REQUIRE_FALSE(*bench.answer);
  CHECK(bench.answer->error().kind == ErrorKind::kInternal);
}

TEST_CASE("a request to wait is handed on") {
  Bench bench;
  bench.client.List(kPods, "", bench.Keep());
  bench.Answer(http::Response{429, {{"retry-after", "7"}}, ""});
  CHECK(bench.answer->error().kind == ErrorKind::kThrottled);
  CHECK(bench.answer->error().retry_after == std::chrono::seconds(7));
}

TEST_CASE("no answer stays what it was, with what was asked") {
  Bench bench;
  bench.client.List(kPods, "", bench.Keep());
  bench.Answer(Fail(ErrorKind::kTimeout, "after 30 s"));
  CHECK(bench.answer->error().kind == ErrorKind::kTimeout);
  CHECK(bench.answer->error().message == "list pods: after 30 s");
}

TEST_CASE("requests are counted by method and status") {
  Bench bench;
  bench.transport.Handle([n = 0](const http::Request&) mutable -> std::optional<Result<http::Response>> {
    if (++n == 1) return Fail(ErrorKind::kUnavailable, "");
    return http::Response{n == 2 ? 409 : 201, {}, ""};
  });
  for (int i = 0; i < 4; ++i) bench.client.Create(kPods, "a", "{}", bench.Keep());
  const auto stream = bench.client.Watch(kPods, "17", 200, {});
  bench.transport.streams.back()->Head(200);
  bench.loop.RunReady();
  CHECK(bench.counts.Get() == RequestCounts::Counts{{{http::Method::kPost, 0}, 1},
                                                    {{http::Method::kPost, 409}, 1},
                                                    {{http::Method::kPost, 201}, 2},
                                                    {{http::Method::kGet, 200}, 1}});
}

}  // namespace marea::kube
