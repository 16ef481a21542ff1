#include "controllers/session/controller.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controllers/session/story_test.hpp"
#include "kube/client.hpp"
#include "kube/codec.hpp"
#include "loop/sim_loop.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::session {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Brings answered objects into a cache, as a reflector does.
template <class T>
class CacheSink final : public runtime::Sink {
 public:
  explicit CacheSink(runtime::Cache<T>& cache) : cache_(cache) {}
  Result<std::function<void()>> Decode(std::string_view body) const override {
    auto object = kube::DecodeObject<T>(body);
    if (!object) return tl::unexpected(object.error());
    return [this, object = std::make_shared<const T>(std::move(*object))] { cache_.Upsert(object); };
  }
  void Erase(const Key& key, const std::string& uid) override { cache_.EraseByUid(key, uid); }

 private:
  runtime::Cache<T>& cache_;
};

// The controller over a story's world, with an API server that answers only what a test lets it answer.
class Office {
 public:
  explicit Office(Story& story)
      : story_(story),
        sessions_(story.world.sessions),
        pods_(story.world.pods),
        executor_(loop, client_, gate_, "marea-session"),
        controller(loop, executor_, story.world, story.settings) {
    executor_.Register(api::kSessions, sessions_);
    executor_.Register(kube::kPods, pods_);
    MarkSynced(story.world);
  }

  // The requests sent so far whose path holds `part`, as "PATCH /path".
  std::vector<std::string> Sent(const std::string& part) const {
    std::vector<std::string> found;
    for (const auto& request : transport.sent) {
      if (request.path.find(part) != std::string::npos)
        found.push_back(std::string(http::Name(request.method)) + " " + request.path);
    }
    return found;
  }

  // Answers the open status write of a session as the API server would.
  void AcceptStatusOf(const std::string& name) {
    const auto index = IndexOf("/sessions/" + name + "/status");
    auto& object = story_.Object("sessions", name);
    object.merge_patch(Json::parse(transport.pending[index].request.body));
    story_.Put("sessions", object);
    transport.Answer(index, http::Response{200, {}, story_.Object("sessions", name).dump()});
    loop.RunFor(milliseconds{50});
  }

  std::size_t IndexOf(const std::string& part) const {
    const auto found = std::ranges::find_if(transport.pending, [&](const auto& open) {
      return open.request.path.find(part) != std::string::npos;
    });
    REQUIRE(found != transport.pending.end());
    return static_cast<std::size_t>(found - transport.pending.begin());
  }

  SimLoop loop;
  testing::ScriptedTransport transport{loop};

 private:
  static void MarkSynced(api::World& world) {
    api::World::ForEachCache(world, [](auto& cache) {
      std::set<Key> all;
      for (const auto& [key, object] : cache.All()) all.insert(key);
      cache.FinishList(all, "1000000");
    });
  }

  Story& story_;
  CacheSink<api::Session> sessions_;
  CacheSink<kube::Pod> pods_;
  kube::Client client_{transport};
  runtime::OpenGate gate_;
  runtime::Executor executor_;

 public:
  SessionController controller;
};

const Json kWantsA100 = {{"accelerator", {{"alternatives", {{{"className", "a100"}, {"count", 1}}}}}}};

TEST_CASE("a device is not given twice while the admission that takes it is still being written") {
  Story story;
  story.Ask(kWantsA100, "ada");
  story.Pass(seconds{1});
  Json bens = kWantsA100;
  bens["user"] = "ben";  // with a home of their own
  story.Ask(bens, "ben");
  Office office(story);
  office.controller.Start();
  office.loop.RunFor(milliseconds{50});
  office.AcceptStatusOf("ada");  // the first visits
  office.AcceptStatusOf("ben");

  const auto admission = office.transport.pending[office.IndexOf("/sessions/ada/status")].request.body;
  CHECK(admission.find("node-a") != std::string::npos);
  office.AcceptStatusOf("ben");  // ben is told to wait
  CHECK(story.Session("ben").status.queue.reason == "NoFreeDevice");

  auto& node = story.Object("nodes", "node-a", "");
  node["metadata"]["labels"]["changed"] = "yes";
  story.Put("nodes", node);  // another pass
  office.loop.RunFor(milliseconds{50});
  CHECK_FALSE(story.Session("ben").status.admission);
  CHECK(office.Sent("/sessions/ben/status").size() == 2);
}

TEST_CASE("a status write without an answer is read fresh before anything is decided on it") {
  Story story;
  story.Ask(kWantsA100, "ada");
  Office office(story);
  office.controller.Start();
  office.loop.RunFor(milliseconds{50});
  office.transport.Answer(office.IndexOf("/sessions/ada/status"), Fail(ErrorKind::kTimeout, "no answer"));
  office.loop.RunFor(seconds{1});
  REQUIRE(office.Sent("/sessions/ada").size() == 2);
  CHECK(office.Sent("/sessions/ada").back() == "GET /apis/marea.dev/v1alpha1/namespaces/lab/sessions/ada");
}

TEST_CASE("a session that was deleted leaves nothing in memory") {
  Story story;
  story.Ask(kWantsA100, "ada");
  Office office(story);
  office.controller.Start();
  office.loop.RunFor(milliseconds{50});
  office.AcceptStatusOf("ada");
  CHECK(story.world.requests.size() == 1);
  story.world.sessions.EraseByUid({"lab", "ada"}, story.Session("ada").metadata.uid);
  office.loop.RunFor(milliseconds{50});
  CHECK(story.world.requests.empty());
  CHECK(story.world.proposals.empty());
  CHECK(story.world.memory.empty());
}

TEST_CASE("a change of the home wakes the sessions that mount it") {
  Story story;
  story.Ask(kWantsA100, "ada");
  story.Settle();
  story.Schedule();
  story.BecomeReady();
  story.Settle();
  Office office(story);
  office.controller.Start();
  office.loop.RunFor(seconds{1});
  REQUIRE(office.Sent("").empty());  // at rest

  auto& home = story.Object("persistentvolumeclaims", "claim-lab");
  home["status"]["phase"] = "Lost";
  story.Put("persistentvolumeclaims", home);
  office.loop.RunFor(seconds{1});
  CHECK(office.Sent("/sessions/ada/status").size() == 1);
}

}  // namespace
}  // namespace marea::session
