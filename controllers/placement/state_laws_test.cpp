// A State that has followed the world one change at a time says what one that is made from the world as it is
// would say.
#include <catch2/catch.hpp>
#include <random>

#include "controllers/placement/state.hpp"

namespace marea::placement {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const std::vector<std::string> kNodes{"n0", "n1", "n2"};
const std::vector<std::string> kClasses{"a100", "t4"};
const std::vector<std::string> kProjects{"default", "p0", "p1"};

class Follower {
 public:
  explicit Follower(unsigned seed) : engine_(seed) {
    PutClass("a100", 8);
    PutClass("t4", 1);
    state.Start();
  }

  void Step() {
    now += seconds{Below(4000)};
    const Key key{"ns", "s" + std::to_string(Below(6))};
    switch (Below(8)) {
      case 0:
        return PutNode(kNodes[Below(3)]);
      case 1: {
        const auto& name = kNodes[Below(3)];
        Drop(world.nodes, {"", name});
        state.NodeChanged(name);
        return;
      }
      case 2:
      case 3:
        PutSession(key);
        state.SessionChanged(key);
        return;
      case 4:
        Drop(world.sessions, key);
        state.SessionChanged(key);
        return;
      case 5:
        PutPod(key);
        state.PodChanged(key);
        return;
      case 6:
        if (Below(3) == 0) {
          PutClass(kClasses[Below(2)], 1 + static_cast<std::int64_t>(Below(9)));
          state.ClassesChanged();
        } else {
          PutProject(kProjects[1 + Below(2)]);
          state.ProjectsChanged();
        }
        return;
      default:
        Drop(world.pods, key);
        state.PodChanged(key);
    }
  }

  // The status of each Project says what it would be written to say.
  void WriteRecords() {
    for (const auto& name : kProjects) {
      const auto held = world.projects.Get({"", name});
      const auto record = state.sharing().RecordOf(name);
      if (!held || !record) continue;
      auto project = *held;
      project.status.fair_share = {record->first, record->second};
      Put(world.projects, project);
    }
  }

  void CompareWithOneMadeNow() {
    WriteRecords();
    State anew(world, [this] { return now; });
    anew.Start();
    for (const auto& node : kNodes) {
      for (const char* resource : {"cpu", "memory", "pods", "nvidia.com/gpu"})
        REQUIRE(state.capacity().UsedOn(node, resource) == anew.capacity().UsedOn(node, resource));
    }
    const Time later = now + hours{50};
    for (const auto& project : kProjects) {
      state.sharing().Know(project), anew.sharing().Know(project);
      REQUIRE(state.sharing().HeldCredits(project) == anew.sharing().HeldCredits(project));
      for (const auto& name : kClasses) {
        const auto one = state.sharing().StandingOf(project, name),
                   two = anew.sharing().StandingOf(project, name);
        REQUIRE(one.used == two.used);
        REQUIRE(one.guaranteed == two.guaranteed);
        REQUIRE(one.borrowed == two.borrowed);
        for (const char* user : {"u0", "u1"})
          REQUIRE(state.sharing().UserHolds(project, user, name) ==
                  anew.sharing().UserHolds(project, user, name));
      }
      // Without an object there is no record to begin from.
      if (!world.projects.Get({"", project})) continue;
      const auto kept = static_cast<double>(state.sharing().UseOf(project, later));
      const auto read = static_cast<double>(anew.sharing().UseOf(project, later));
      REQUIRE(std::abs(kept - read) <= 1 + kept / 1e6);
    }
    for (const auto& device : state.capacity().classes()) {
      const auto one = state.capacity().TotalOf(device),
                 two = anew.capacity().TotalOf(*anew.capacity().Find(device.name));
      REQUIRE(one.free == two.free);
      REQUIRE(one.devices == two.devices);
      REQUIRE(one.reclaimable == two.reclaimable);
    }
  }

  api::World world;
  Time now = Time{hours{500000}};
  State state{world, [this] { return now; }};

 private:
  std::size_t Below(std::size_t n) { return engine_() % n; }

  template <class T>
  void Put(runtime::Cache<T>& cache, T object) {
    object.metadata.resource_version = std::to_string(++version_);
    if (object.metadata.uid.empty()) object.metadata.uid = "uid-" + object.metadata.name;
    cache.Upsert(std::make_shared<const T>(std::move(object)));
  }
  template <class T>
  void Drop(runtime::Cache<T>& cache, const Key& key) {
    if (const auto held = cache.Get(key)) cache.EraseByUid(key, held->metadata.uid);
  }

  void PutClass(const std::string& name, std::int64_t credits) {
    api::AcceleratorClass device;
    device.metadata.name = name;
    device.spec.device.extended_resource.name = "nvidia.com/gpu";
    device.spec.node_selector = {{"gpu", name}};
    device.spec.credits = credits;
    if (Below(2) == 0) device.spec.reclaim_below_priority = 0;
    Put(world.accelerator_classes, device);
  }
  void PutNode(const std::string& name) {
    kube::Node node;
    node.metadata.name = name;
    node.metadata.labels["gpu"] = kClasses[Below(2)];
    node.status.allocatable = {{"nvidia.com/gpu", Quantity::FromUnits(static_cast<std::int64_t>(Below(5)))}};
    node.status.conditions = {{"Ready", Below(4) == 0 ? "False" : "True", "", "", {}}};
    Put(world.nodes, node);
    state.NodeChanged(name);
  }
  void PutProject(const std::string& name) {
    api::Project project;
    if (const auto held = world.projects.Get({"", name})) project = *held;
    project.metadata.name = name;
    project.metadata.generation += 1;
    project.spec.guarantees = {{kClasses[Below(2)], static_cast<std::int64_t>(Below(5)), {}}};
    if (name == "p1") project.spec.parent_name = Below(2) == 0 ? "p0" : "";
    Put(world.projects, project);
  }
  void PutSession(const Key& key) {
    api::Session session;
    session.metadata.ns = key.ns, session.metadata.name = key.name;
    session.spec.resources.cpu = Quantity::FromUnits(1 + static_cast<std::int64_t>(Below(3)));
    session.status.user = "u" + std::to_string(Below(2));
    session.status.project = kProjects[Below(3)];
    if (Below(3) > 0) {
      session.status.admission =
          api::Admission{kClasses[Below(2)],
                         static_cast<std::int64_t>(Below(3)),
                         kNodes[Below(3)],
                         Below(2) == 0 ? api::AdmissionKind::kBorrowed : api::AdmissionKind::kGuaranteed,
                         60,
                         {}};
    }
    Put(world.sessions, session);
  }
  void PutPod(const Key& key) {
    kube::Pod pod;
    pod.metadata.ns = key.ns, pod.metadata.name = key.name;
    if (Below(2) == 0)
      pod.metadata.owners = {{"marea.dev/v1alpha1", "Session", key.name, "uid-" + key.name, true}};
    if (Below(3) > 0) pod.spec.node_name = kNodes[Below(3)];
    if (Below(2) == 0) pod.spec.priority = -10;
    if (Below(5) == 0) pod.status.phase = "Succeeded";
    pod.spec.containers.emplace_back().resources.requests = {
        {"cpu", Quantity::FromUnits(1)},
        {"nvidia.com/gpu", Quantity::FromUnits(static_cast<std::int64_t>(Below(3)))}};
    Put(world.pods, pod);
  }

  std::mt19937 engine_;
  int version_ = 0;
};

TEST_CASE("law: a state that followed the world is that of the world as it is") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    Follower follower(seed);
    for (int round = 0; round < 10; ++round) {
      for (int step = 0; step < 12; ++step) follower.Step();
      INFO("seed " << seed << " round " << round);
      follower.CompareWithOneMadeNow();
    }
  }
}

}  // namespace
}  // namespace marea::placement
