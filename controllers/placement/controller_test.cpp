#include "controllers/placement/controller.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "loop/sim_loop.hpp"

namespace marea::placement {
namespace {

using namespace std::chrono_literals;

// A world whose sessions never take up what they are told to.
struct Office {
  SimLoop loop;
  Time opened = loop.Now();
  api::World world;
  std::vector<Key> told;
  std::set<Key> acting;  // on their proposals
  Controller controller{loop, world, [this](const Key& key) { return acting.contains(key); },
                        [this](const Key& key) { told.push_back(key); }};

  explicit Office(bool started = true) {
    api::AcceleratorClass t4;
    t4.metadata.name = "t4";
    t4.spec.device.extended_resource.name = "nvidia.com/gpu";
    Put(world.accelerator_classes, t4);
    api::World::ForEachCache(world, [](auto& cache) {
      std::set<Key> all;
      for (const auto& [key, object] : cache.All()) all.insert(key);
      cache.FinishList(all, "1");
    });
    if (started) controller.Start();
  }

  template <class T>
  void Put(runtime::Cache<T>& cache, T object) {
    object.metadata.resource_version = std::to_string(++version);
    cache.Upsert(std::make_shared<const T>(std::move(object)));
  }
  void OfferDevices(std::int64_t count) {
    kube::Node node;
    node.metadata.name = "gpu-0";
    for (const char* resource : {"cpu", "memory", "pods"})
      node.status.allocatable[resource] = Quantity::FromUnits(1'000'000);
    node.status.allocatable["nvidia.com/gpu"] = Quantity::FromUnits(count);
    node.status.conditions = {{"Ready", "True", "", "", {}}};
    Put(world.nodes, node);
  }
  void Ask(int count) {
    for (int number = 0; number < count; ++number) {
      const Key key{"ns", "s" + std::to_string(1000 + number)};
      api::Session session;
      session.metadata.ns = key.ns;
      session.metadata.name = key.name;
      session.metadata.uid = "uid-" + key.name;
      session.status.user = key.name;
      Put(world.sessions, session);
      api::Request request{.uid = session.metadata.uid,
                           .user = key.name,
                           .project = "default",
                           .since = opened + std::chrono::seconds{number},
                           .alternatives = {{"t4", 1}},
                           .cpu = Quantity::FromUnits(1),
                           .memory = Quantity::FromUnits(1),
                           .node_selector = {},
                           .tolerations = {},
                           .claims = {}};
      controller.Ask(key, request);
    }
  }
  long Count(bool admitted) const {
    return std::ranges::count_if(world.proposals, [&](const auto& proposal) {
      return std::holds_alternative<api::Admit>(proposal.second) == admitted;
    });
  }
  std::uint64_t Passes() const {
    const auto& counts = controller.pass_seconds().counts();
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  }

  int version = 0;
};

}  // namespace

TEST_CASE("no pass is made while nobody waits, and one for a burst of changes") {
  Office office;
  office.OfferDevices(4);
  office.loop.RunFor(1s);
  CHECK(office.Passes() == 0);
  office.Ask(3);
  office.loop.RunFor(1s);
  CHECK(office.Passes() == 0);  // each was answered when it came
  CHECK(office.Count(true) == 3);
  CHECK(office.told.size() == 3);
  office.Ask(9);
  office.loop.RunFor(1s);
  CHECK(office.Passes() == 1);
  CHECK(office.Count(true) == 4);
  CHECK(office.told.size() == 9);
}

TEST_CASE("of many the first are told to take their places, the others wait for what was said last") {
  Office office;
  office.Ask(200);
  office.loop.RunFor(1s);
  CHECK(office.Count(false) == 200);
  office.OfferDevices(300);
  office.loop.RunFor(1s);
  CHECK(office.Count(true) == 128);
  CHECK(office.Count(false) == 72);
  CHECK(std::holds_alternative<api::Admit>(office.world.proposals.at({"ns", "s1127"})));
  CHECK(std::holds_alternative<api::Wait>(office.world.proposals.at({"ns", "s1128"})));
}

TEST_CASE("who does not take its place up holds up the others for half a minute, and keeps it") {
  Office office;
  office.OfferDevices(300);
  office.Ask(200);
  office.loop.RunFor(29s);
  CHECK(office.Count(true) == 128);
  office.loop.RunFor(2s);
  CHECK(office.Count(true) == 200);
  CHECK(std::holds_alternative<api::Admit>(office.world.proposals.at({"ns", "s1000"})));
  const auto passes = office.Passes();
  office.loop.RunFor(1h);
  CHECK(office.Passes() == passes);  // all have been looked at
}

TEST_CASE("who comes when everybody else was told to wait is answered at once, without a pass") {
  Office office;
  office.OfferDevices(2);
  office.Ask(1);
  office.loop.RunFor(1s);
  REQUIRE(office.Count(true) == 1);
  const auto passes = office.Passes();
  office.Ask(2);  // the second is new
  CHECK(office.Count(true) == 2);
  office.loop.RunFor(1s);
  CHECK(office.Passes() == passes);
  office.Ask(3);
  CHECK(office.Count(true) == 2);
  office.loop.RunFor(1s);
  CHECK(office.Passes() == passes + 1);
  CHECK(office.Count(false) == 1);
}

TEST_CASE(
    "what an earlier process told is not told again, and what has changed since is told at the same pace") {
  Office office(false);
  office.OfferDevices(1);
  office.Ask(31);
  for (int place = 1; place <= 30; ++place) {  // the first has the device
    const Key key{"ns", "s" + std::to_string(1000 + place)};
    auto session = *office.world.sessions.Get(key);
    auto& queue = session.status.queue;
    queue.reason = "NoFreeDevice";
    queue.position = ToldPosition(place);
    queue.message = "Waiting for 1 t4; all 1 are in use. " +
                    (place <= 10 ? "Number " + std::to_string(place)
                                 : "Within the first " + std::to_string(*queue.position)) +
                    " in line.";
    queue.shape = {"t4", 1, Quantity::FromUnits(1), Quantity::FromUnits(1), ""};
    if (place > 20) queue.message += " So it was.";
    office.Put(office.world.sessions, session);
  }
  office.controller.Start();
  office.loop.RunFor(15ms);
  CHECK(office.told == std::vector<Key>{{"ns", "s1000"}});
  office.loop.RunFor(1100ms);
  CHECK(office.told.size() == 6);
  office.loop.RunFor(1min);
  CHECK(office.told.size() == 11);
}

TEST_CASE("who is acting on its proposal keeps it, whoever else should have had it") {
  Office office;
  office.OfferDevices(1);
  office.loop.RunFor(1s);
  office.Ask(2);
  office.loop.RunFor(1s);
  const Key first{"ns", "s1000"}, second{"ns", "s1001"};
  REQUIRE(std::holds_alternative<api::Admit>(office.world.proposals.at(first)));
  auto older = office.world.requests.at(second);
  older.since = office.opened - 1h;
  SECTION("it is") {
    office.acting = {first};
    office.controller.Ask(second, older);
    office.loop.RunFor(1s);
    CHECK(std::holds_alternative<api::Admit>(office.world.proposals.at(first)));
    CHECK(std::holds_alternative<api::Wait>(office.world.proposals.at(second)));
  }
  SECTION("it is not") {
    office.controller.Ask(second, older);
    office.loop.RunFor(1s);
    CHECK(std::holds_alternative<api::Wait>(office.world.proposals.at(first)));
    CHECK(std::holds_alternative<api::Admit>(office.world.proposals.at(second)));
  }
}

TEST_CASE("of several who come at once nobody is answered before all are known") {
  Office office;
  office.OfferDevices(2);
  office.loop.RunFor(1s);
  api::Session older;
  older.metadata.ns = "ns", older.metadata.name = older.metadata.uid = "older";
  office.Put(office.world.sessions, older);
  office.Ask(1);
  CHECK(office.Count(true) == 0);
  office.loop.RunFor(1s);
  CHECK(office.Count(true) == 1);
  CHECK(office.Passes() == 1);
}

TEST_CASE(
    "a first answer is told at once; what follows at five a second, and what did not change not at all") {
  Office office;
  office.OfferDevices(1);
  office.Ask(41);
  office.loop.RunFor(15ms);
  CHECK(office.told.size() == 41);
  office.told.clear();
  // Who was first goes; the ten behind it are told a place each, then those at a bound.
  office.controller.Ask({"ns", "s1001"}, std::nullopt);
  office.loop.RunFor(1100ms);
  CHECK(office.told.size() == 5);
  office.loop.RunFor(1min);
  CHECK(office.told.size() == 11);  // those who were 2 to 11, and 21
  CHECK(office.world.told.at({"ns", "s1002"}).position == 1);
  CHECK(office.world.told.at({"ns", "s1011"}).position == 10);
  CHECK(office.world.told.at({"ns", "s1021"}).position == 20);
  office.loop.RunFor(1h);
  CHECK(office.told.size() == 11);
  CHECK_FALSE(office.world.told.contains({"ns", "s1001"}));
}

}  // namespace marea::placement
