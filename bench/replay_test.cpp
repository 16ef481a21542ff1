// A script on its way through a transport that answers by hand.
#include "bench/replay.hpp"

#include <catch2/catch.hpp>
#include <optional>

#include "loop/sim_loop.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::bench {

namespace {

struct World {
  SimLoop loop;
  testing::ScriptedTransport transport{loop};
  std::vector<Chain> chains;
  std::unique_ptr<Replay> replay;
  std::optional<ReplayResult> result;

  void Begin(int side_by_side) {
    replay = std::make_unique<Replay>(loop, transport, chains, side_by_side,
                                      [this](const ReplayResult& r) { result = r; });
    replay->Start();
    loop.RunReady();
  }
  void Answer(const std::string& path, int status, const std::string& body = "{}") {
    for (std::size_t i = 0; i < transport.pending.size(); ++i) {
      if (transport.pending[i].request.path != path) continue;
      transport.Answer(i, http::Response{.status = status, .headers = {}, .body = body});
      return loop.RunReady();
    }
    FAIL("nobody asks for " + path);
  }
  std::vector<std::string> Sent() const {
    std::vector<std::string> paths;
    for (const auto& request : transport.sent) paths.push_back(request.path);
    return paths;
  }
};

Call To(std::string path) {
  return {.method = http::Method::kPost, .path = std::move(path), .content_type = {}, .body = "@VERSION@"};
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("a stage waits for the one before, but not for what is loose") {
  World world;
  Call status = To("/status"), event = To("/event");
  status.versioned = true;
  event.loose = true;
  world.chains = {{{status, event}, {To("/secret"), To("/service")}, {To("/pod")}}};
  world.Begin(1);
  CHECK(world.Sent() == Paths{"/status", "/event"});
  world.Answer("/status", 200, R"({"metadata":{"resourceVersion":"42"}})");
  CHECK(world.Sent() == Paths{"/status", "/event", "/secret", "/service"});
  CHECK(world.transport.sent.back().body == "42");
  world.Answer("/secret", 201);
  CHECK(world.Sent().back() == "/service");
  world.Answer("/service", 201);
  CHECK(world.Sent().back() == "/pod");
  world.Answer("/pod", 201);
  CHECK_FALSE(world.result);
  world.Answer("/event", 201);
  REQUIRE(world.result);
  CHECK(world.result->answered == 5);
  CHECK(world.result->failed == 0);
}

TEST_CASE("so many chains are under way as are allowed") {
  World world;
  world.chains = {{{To("/a")}}, {{To("/b")}}, {{To("/c")}}};
  world.Begin(2);
  CHECK(world.Sent() == Paths{"/a", "/b"});
  world.Answer("/b", 201);
  CHECK(world.Sent() == Paths{"/a", "/b", "/c"});
}

TEST_CASE("what fails is counted and told, and the rest goes on") {
  World world;
  world.chains = {{{To("/a")}, {To("/b")}}};
  world.Begin(1);
  world.Answer("/a", 409, "no");
  world.Answer("/b", 201);
  REQUIRE(world.result);
  CHECK(world.result->failed == 1);
  CHECK(world.result->first_failure == "POST /a: 409 no");
}

TEST_CASE("an empty script ends at once") {
  World world;
  world.Begin(1);
  REQUIRE(world.result);
  CHECK(world.result->answered == 0);
}

}  // namespace marea::bench
