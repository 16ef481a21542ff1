#include "controllers/placement/status_controller.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controllers/placement/controller.hpp"
#include "kube/codec.hpp"
#include "loop/sim_loop.hpp"
#include "testing/fake_api.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::placement {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

const std::string kClasses = "/apis/marea.dev/v1alpha1/acceleratorclasses";

// Both controllers over a world whose classes an API server holds; nodes and pods are put into it by hand.
class Office final : public runtime::Sink {
 public:
  Office() {
    executor_.Register(api::kAcceleratorClasses, *this);
    api_.InstallCrds(MAREA_SOURCE_DIR "/crds");
    transport.Handle([this](const http::Request& request) -> std::optional<Result<http::Response>> {
      if (refuses) return Fail(ErrorKind::kUnavailable, "away");
      return api_.Handle(request);
    });
    for (const auto* name : {"a100", "t4"}) {
      Ask(http::Method::kPost, kClasses,
          {{"apiVersion", "marea.dev/v1alpha1"},
           {"kind", "AcceleratorClass"},
           {"metadata", {{"name", name}}},
           {"spec",
            {{"device", {{"extendedResource", {{"name", "nvidia.com/gpu"}}}}},
             {"nodeSelector", {{"product", name}}}}}});
    }
    api::World::ForEachCache(world, [](auto& cache) {
      std::set<Key> all;
      for (const auto& [key, object] : cache.All()) all.insert(key);
      cache.FinishList(all, "1");
    });
  }

  Result<std::function<void()>> Decode(std::string_view body) const override {
    auto object = kube::DecodeObject<api::AcceleratorClass>(body);
    if (!object) return tl::unexpected(object.error());
    return [this, held = std::make_shared<const api::AcceleratorClass>(std::move(*object))] {
      world.accelerator_classes.Upsert(held);
    };
  }
  void Erase(const Key&, const std::string&) override { FAIL("nothing is deleted here"); }

  // A person's request; the watch tells of it at once.
  void Ask(http::Method method, const std::string& path, const Json& body) {
    const bool patch = method == http::Method::kPatch;
    const auto answer =
        api_.Handle({.method = method,
                     .path = path,
                     .body = body.dump(),
                     .content_type = patch ? "application/merge-patch+json" : "application/json"});
    INFO(answer.body);
    REQUIRE(answer.status < 300);
    (*Decode(answer.body))();
  }
  void Start() {
    placement.Start();
    statuses.Start();
  }
  void PutNode(const std::string& product, int devices, const std::string& providers_word = {}) {
    kube::Node node;
    node.metadata.name = "node";
    node.metadata.resource_version = std::to_string(++version_);
    node.metadata.labels = {{"product", product}};
    node.spec.provider_id = providers_word;
    node.status.allocatable = {{"nvidia.com/gpu", Quantity::FromUnits(devices)}};
    node.status.conditions = {{"Ready", "True", "", "", {}}};
    for (const char* resource : {"cpu", "memory", "pods"})
      node.status.allocatable[resource] = Quantity::FromUnits(1'000'000);
    world.nodes.Upsert(std::make_shared<const kube::Node>(std::move(node)));
  }

  std::size_t Writes() const { return transport.sent.size(); }
  Json Status(const std::string& name) {
    const auto answer = api_.Handle(
        {.method = http::Method::kGet, .path = kClasses + "/" + name, .body = {}, .content_type = {}});
    return Json::parse(answer.body).value("status", Json::object());
  }

  SimLoop loop;
  testing::ScriptedTransport transport{loop};
  bool refuses = false;
  mutable api::World world;  // a sink decodes const, on an edge thread, and puts on the loop

 private:
  testing::FakeApi api_{[this] { return loop.Now(); }};
  kube::Client client_{transport};
  runtime::OpenGate gate_;
  runtime::Executor executor_{loop, client_, gate_, "marea-session"};
  int version_ = 0;

 public:
  Controller placement{loop, world, [](const Key&) { return false; }, [](const Key&) {}};
  StatusController statuses{loop, executor_, world, placement.state()};
};

TEST_CASE("before it is started nothing is counted; then every class is told what it has") {
  Office office;
  office.PutNode("a100", 4);
  office.loop.RunFor(1min);
  CHECK(office.Writes() == 0);
  office.Start();
  office.loop.RunFor(2s);
  CHECK(office.Writes() == 2);
  CHECK(office.Status("a100").at("free") == 4);
  CHECK(office.Status("t4").at("capacity") == 0);
}

TEST_CASE("a burst of changes costs one write a second, and at rest there is none") {
  Office office;
  office.Start();
  office.loop.RunFor(10s);
  const auto before = office.Writes();
  for (int devices = 1; devices <= 300; ++devices) {  // three seconds
    office.PutNode("a100", devices);
    office.loop.RunFor(10ms);
  }
  office.loop.RunFor(2s);
  CHECK(office.Status("a100").at("capacity") == 300);
  CHECK(office.Writes() - before >= 3);
  CHECK(office.Writes() - before <= 4);

  const auto rest = office.Writes();
  const auto decisions = office.statuses.classes().counters().decisions;
  office.loop.RunFor(std::chrono::hours{10});
  CHECK(office.Writes() == rest);
  CHECK(office.statuses.classes().counters().decisions == decisions);
}

TEST_CASE("a node that only its kubelet sees a difference in wakes nobody") {
  Office office;
  office.PutNode("a100", 4, "before");
  office.Start();
  office.loop.RunFor(10s);
  const auto decisions = office.statuses.classes().counters().decisions;
  office.PutNode("a100", 4, "after");
  office.loop.RunFor(10s);
  CHECK(office.statuses.classes().counters().decisions == decisions);
}

TEST_CASE("a status that somebody else wrote is put right at once") {
  Office office;
  office.PutNode("a100", 4);
  office.Start();
  office.loop.RunFor(10s);
  office.Ask(http::Method::kPatch, kClasses + "/a100/status", {{"status", {{"free", 77}}}});
  office.loop.RunFor(100ms);
  CHECK(office.Status("a100").at("free") == 4);
}

TEST_CASE("a class that was edited is counted anew") {
  Office office;
  office.PutNode("h100", 4);
  office.Start();
  office.loop.RunFor(10s);
  office.Ask(http::Method::kPatch, kClasses + "/a100", {{"spec", {{"nodeSelector", {{"product", "h100"}}}}}});
  office.loop.RunFor(2s);
  CHECK(office.Status("a100").at("free") == 4);
  CHECK(office.Status("a100").at("conditions").at(0).at("observedGeneration") == 2);
}

TEST_CASE("a write that failed is tried again; one that was stopped is not") {
  Office office;
  office.PutNode("a100", 4);
  office.refuses = true;
  office.Start();
  office.loop.RunFor(10s);
  CHECK(office.Status("a100").empty());
  const auto tries = office.Writes();
  CHECK(tries > 2);
  SECTION("tried") {
    office.refuses = false;
    office.loop.RunFor(1min);
    CHECK(office.Status("a100").at("free") == 4);
  }
  SECTION("stopped") {
    office.statuses.Stop();
    office.PutNode("a100", 5);
    office.loop.RunFor(10min);
    CHECK(office.Writes() == tries);
  }
}

TEST_CASE("placement makes no pass because the status of a class was written") {
  Office office;
  office.PutNode("a100", 4);
  office.placement.Start();
  api::Session ada;
  ada.metadata.ns = "lab", ada.metadata.name = "ada", ada.metadata.resource_version = "1";
  office.world.sessions.Upsert(std::make_shared<const api::Session>(ada));
  api::Request request;
  request.project = "default";
  request.alternatives = {{"a100", 1}};
  office.placement.Ask({"lab", "ada"}, request);
  office.loop.RunFor(1s);
  REQUIRE(office.world.proposals.size() == 1);

  office.world.proposals.clear();  // a pass would bring it back
  office.statuses.Start();
  office.loop.RunFor(10s);
  REQUIRE(office.Writes() == 2);
  CHECK(office.world.proposals.empty());
  office.Ask(http::Method::kPatch, kClasses + "/a100", {{"spec", {{"nodeSelector", {{"product", "t4"}}}}}});
  office.loop.RunFor(1s);
  CHECK(office.world.proposals.size() == 1);
}

}  // namespace
}  // namespace marea::placement
