#include "runtime/reflector.hpp"

#include <catch2/catch.hpp>

#include "kube/types.hpp"
#include "loop/sim_loop.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::runtime {

using namespace std::chrono_literals;

namespace {

using kube::Pod;

std::string PodJson(const std::string& name, int version, const std::string& more = {}) {
  return R"({"metadata":{"namespace":"a","name":")" + name + R"(","uid":"uid-)" + name +
         R"(","resourceVersion":")" + std::to_string(version) + "\"}" + more + "}";
}
std::string Event(const std::string& type, const std::string& object) {
  return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}
std::string BookmarkAt(int version) {
  return Event("BOOKMARK", R"({"metadata":{"resourceVersion":")" + std::to_string(version) + "\"}}");
}
std::string Page(int version, const std::string& items, const std::string& next = {}) {
  return R"({"metadata":{"resourceVersion":")" + std::to_string(version) + R"(","continue":")" + next +
         R"("},"items":[)" + items + "]}";
}
const std::string kGone = Event("ERROR", R"({"code":410,"reason":"Expired","message":"too old"})");

// A reflector of pods whose server is the test.
struct Bench {
  SimLoop loop;
  testing::ScriptedTransport transport{loop};
  kube::Client client{transport};
  Cache<Pod> cache;
  std::unique_ptr<AnyReflector> reflector = MakeReflector<Pod>(loop, client, client, cache);

  void Start() {
    reflector->Start();
    loop.RunReady();
  }
  void Answer(const std::string& body, int status = 200) {
    REQUIRE(transport.pending.size() == 1);
    transport.Answer(0, http::Response{status, {}, body});
    loop.RunReady();
  }
  // Listed at version 10 with these items, and the stream open.
  void StartWith(const std::string& items) {
    Start();
    Answer(Page(10, items));
    REQUIRE(transport.streams.size() == 1);
    Feed().Head(200);
    loop.RunReady();
  }
  testing::ScriptedTransport::Feed& Feed() { return *transport.streams.back(); }
  void Say(const std::string& chunk) {
    Feed().Data(chunk);
    loop.RunReady();
  }
  std::string Held() const {  // "ada@3 bob@4"
    std::string all;
    for (const auto& [key, pod] : cache.All()) {
      all += (all.empty() ? "" : " ") + key.name + "@" + pod->metadata.resource_version;
    }
    return all;
  }
  // Where the newest stream began.
  std::string From() { return Feed().request.path.substr(0, Feed().request.path.find("&timeoutSeconds")); }
  static std::string WatchFrom(int version) {
    return "/api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion=" + std::to_string(version);
  }
};

}  // namespace

TEST_CASE("pages fill the cache, which is synced with the last of them") {
  Bench bench;
  bench.Start();
  CHECK(bench.transport.pending[0].request.path == "/api/v1/pods?limit=500");
  bench.Answer(Page(10, PodJson("ada", 3) + "," + PodJson("bob", 4), "more"));
  CHECK(bench.Held() == "ada@3 bob@4");
  CHECK_FALSE(bench.cache.Synced());
  CHECK(bench.transport.pending[0].request.path == "/api/v1/pods?limit=500&continue=more");
  bench.Answer(Page(10, PodJson("cid", 5)));
  CHECK(bench.cache.Synced());
  CHECK(bench.Held() == "ada@3 bob@4 cid@5");
  CHECK(bench.From() == Bench::WatchFrom(10));
}

TEST_CASE("events change the cache in their order, however they are cut") {
  Bench bench;
  bench.StartWith(PodJson("ada", 3));
  const std::string text = Event("ADDED", PodJson("bob", 11)) + Event("MODIFIED", PodJson("ada", 12)) +
                           Event("DELETED", PodJson("bob", 13)) + Event("ADDED", PodJson("cid", 14));
  for (std::size_t at = 0; at < text.size(); at += 37) bench.Say(text.substr(at, 37));
  CHECK(bench.Held() == "ada@12 cid@14");
  CHECK(bench.reflector->Health().events == 4);
}

TEST_CASE("a watch that ends resumes where it was") {
  Bench bench;
  bench.StartWith(PodJson("ada", 3));
  bench.Say(Event("ADDED", PodJson("bob", 11)) + BookmarkAt(40));
  bench.loop.RunFor(3s);
  bench.Feed().End({});
  bench.loop.RunReady();
  REQUIRE(bench.transport.streams.size() == 2);
  CHECK(bench.transport.streams[0]->cancelled);
  CHECK(bench.From() == Bench::WatchFrom(40));
  CHECK(bench.transport.pending.empty());
  CHECK(bench.Held() == "ada@3 bob@11");
}

TEST_CASE("a watch that is refused or broken comes back after a while, from where it was") {
  Bench bench;
  bench.StartWith(PodJson("ada", 3));
  bench.Say(BookmarkAt(40));
  bench.loop.RunFor(3s);
  SECTION("broken") {
    bench.Feed().End(Fail(ErrorKind::kUnavailable, "reset by peer"));
  }
  SECTION("ended by an ERROR line") {
    bench.Feed().Data(Event("ERROR", R"({"code":500,"message":"etcd"})"));
  }
  SECTION("ended by garbage") {
    bench.Feed().Data("<html>\n");
  }
  SECTION("refused") {
    bench.Feed().End({});
    bench.loop.RunReady();
    bench.Feed().Head(503, "busy");
    bench.Feed().End(Fail(ErrorKind::kUnavailable, "as a transport may add"));
  }
  bench.loop.RunReady();
  const auto streams = bench.transport.streams.size();
  CHECK_FALSE(bench.reflector->Health().last_error.empty());
  bench.loop.RunFor(100ms);
  REQUIRE(bench.transport.streams.size() == streams + 1);
  CHECK(bench.From() == Bench::WatchFrom(40));
  bench.Feed().Head(200);
  bench.Say(BookmarkAt(41));
  CHECK(bench.reflector->Health().last_error.empty());
}

TEST_CASE("after 410 the world is listed anew, and what is not in it is gone") {
  Bench bench;
  bench.StartWith(PodJson("ada", 3) + "," + PodJson("bob", 4));
  bench.loop.RunFor(31s);
  SECTION("in the head") {
    bench.Feed().End({});
    bench.loop.RunReady();
    bench.Feed().Head(410, R"({"code":410,"message":"too old"})");
    bench.loop.RunReady();
  }
  SECTION("in a line, with an event before it and one after it") {
    bench.Say(Event("MODIFIED", PodJson("ada", 12)) + kGone + Event("ADDED", PodJson("never", 13)));
    CHECK(bench.Held() == "ada@12 bob@4");
  }
  bench.Answer(Page(50, PodJson("bob", 4) + "," + PodJson("cid", 45)));
  CHECK(bench.Held() == "bob@4 cid@45");
  CHECK(bench.From() == Bench::WatchFrom(50));
  CHECK(bench.reflector->Health().lists == 2);
}

TEST_CASE("a list that is begun anew does not remember the one that failed") {
  Bench bench;
  bench.Start();
  bench.Answer(Page(10, PodJson("ada", 3), "more"));
  bench.Answer(R"({"code":410,"message":"the continue token expired"})", 410);
  bench.loop.RunFor(100ms);
  bench.Answer(Page(20, PodJson("bob", 15)));
  CHECK(bench.Held() == "bob@15");  // ada was deleted in between
}

TEST_CASE("silence ends the stream and lists anew") {
  Bench bench;
  bench.StartWith(PodJson("ada", 3));
  bench.loop.RunFor(1min);
  bench.Say(BookmarkAt(20));
  bench.loop.RunFor(119s);
  CHECK(bench.transport.pending.empty());
  bench.loop.RunFor(1s);
  CHECK(bench.transport.streams[0]->cancelled);
  bench.Answer(Page(7, PodJson("ada", 3)));
  CHECK(bench.From() == Bench::WatchFrom(7));
}

TEST_CASE("an answer to our write wins over an older event") {
  Bench bench;
  bench.StartWith(PodJson("ada", 3));
  auto apply = bench.reflector->Decode(PodJson("ada", 15));
  REQUIRE(apply);
  (*apply)();
  CHECK(bench.Held() == "ada@15");
  bench.Say(Event("MODIFIED", PodJson("ada", 12)));
  CHECK(bench.Held() == "ada@15");
  bench.reflector->Erase({"a", "ada"}, "uid-ada");
  bench.Say(Event("MODIFIED", PodJson("ada", 16)));
  CHECK(bench.Held().empty());
}

TEST_CASE("what cannot be read is counted and left as it was, and the watch goes on") {
  Bench bench;
  const std::string bad = R"(,"spec":{"nodeName":17})";
  bench.StartWith(PodJson("ada", 3) + "," + PodJson("bob", 4, bad));
  CHECK(bench.Held() == "ada@3");
  CHECK(bench.cache.Synced());
  CHECK(bench.reflector->Health().undecodable == 1);
  bench.Say(Event("MODIFIED", PodJson("ada", 11, bad)) + Event("ADDED", PodJson("cid", 12)));
  CHECK(bench.Held() == "ada@3 cid@12");
  CHECK(bench.reflector->Health().undecodable == 2);
  SECTION("even by a list that cannot read it") {
    bench.loop.RunFor(31s);
    bench.Say(kGone);
    bench.Answer(Page(50, PodJson("ada", 11, bad)));
    CHECK(bench.Held() == "ada@3");
  }
  SECTION("but it goes when it is deleted") {
    bench.Say(Event("DELETED", PodJson("ada", 13, bad)));
    CHECK(bench.Held() == "cid@12");
  }
  SECTION("and a resumed watch does not ask for it again") {
    bench.Say(Event("MODIFIED", PodJson("ada", 14, bad)));
    bench.loop.RunFor(3s);
    bench.Feed().End({});
    bench.loop.RunReady();
    CHECK(bench.From() == Bench::WatchFrom(14));
  }
}

TEST_CASE("a line of 4 MiB breaks the stream, not the process, and what came before it counts") {
  Bench bench;
  bench.StartWith(PodJson("ada", 3));
  bench.loop.RunFor(3s);
  bench.Say(Event("ADDED", PodJson("bob", 11)) + std::string(100, 'x'));
  const std::string chunk(64 << 10, 'x');
  for (int i = 0; i < 64; ++i) bench.Say(chunk);
  CHECK(bench.transport.streams[0]->cancelled);
  CHECK(bench.Held() == "ada@3 bob@11");
  bench.loop.RunFor(100ms);
  CHECK(bench.From() == Bench::WatchFrom(11));
}

TEST_CASE("what a closed stream still says goes nowhere") {
  Bench bench;
  bench.StartWith(PodJson("ada", 3));
  bench.loop.RunFor(31s);
  const bool list_next = GENERATE(true, false);
  bench.Feed().Data(list_next ? kGone : Event("ERROR", R"({"code":500,"message":"etcd"})"));
  bench.Feed().Data(Event("ADDED", PodJson("late", 12)));  // decoded, and posted after the close
  bench.Feed().End({});
  bench.loop.RunReady();
  CHECK(bench.Held() == "ada@3");
  CHECK(bench.transport.pending.size() == (list_next ? 1 : 0));
  CHECK(bench.transport.streams.size() == 1);
}

TEST_CASE("a reflector that is gone is quiet") {
  Bench bench;
  SECTION("with a list under way") {
    bench.Start();
    bench.transport.Answer(0, http::Response{200, {}, Page(10, PodJson("ada", 3))});
    bench.reflector.reset();
  }
  SECTION("with a stream open") {
    bench.StartWith("");
    bench.Feed().Data(Event("ADDED", PodJson("ada", 12)));
    bench.reflector.reset();
    CHECK(bench.Feed().cancelled);
  }
  SECTION("while it waits") {
    bench.StartWith("");
    bench.Feed().End(Fail(ErrorKind::kUnavailable, ""));
    bench.loop.RunReady();
    bench.reflector.reset();
  }
  SECTION("before it was started") {
    bench.reflector.reset();
  }
  const auto sent = bench.transport.sent.size();
  bench.loop.RunFor(10min);
  CHECK(bench.transport.sent.size() == sent);
  CHECK(bench.Held().empty());
}

TEST_CASE("health tells when life was last seen") {
  Bench bench;
  CHECK_FALSE(bench.reflector->Health().synced);
  bench.Start();
  const MonotonicTime started = bench.loop.Monotonic();
  bench.loop.RunFor(10s);
  CHECK(bench.reflector->Health().last_sign == started);
  bench.Answer(Page(10, ""));
  CHECK(bench.reflector->Health().last_sign == started + 10s);
  CHECK(bench.reflector->Health().synced);
  bench.loop.RunFor(30s);
  bench.Say(BookmarkAt(11));
  CHECK(bench.reflector->Health().last_sign == started + 40s);
  bench.loop.RunFor(30s);
  bench.Say(kGone);
  CHECK(bench.reflector->Health().last_sign == started + 40s);
  CHECK(bench.reflector->Health().events == 0);
  CHECK(bench.reflector->Health().type == &kube::kPods);
}

}  // namespace marea::runtime
