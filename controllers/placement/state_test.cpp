#include "controllers/placement/state.hpp"

#include <catch2/catch.hpp>

namespace marea::placement {
namespace {

template <class T>
void Put(runtime::Cache<T>& cache, T object) {
  static int version = 0;
  object.metadata.resource_version = std::to_string(++version);
  cache.Upsert(std::make_shared<const T>(std::move(object)));
}

kube::Pod Pod(const char* name, const char* node, std::int64_t gpus) {
  kube::Pod pod;
  pod.metadata.ns = "ns";
  pod.metadata.name = name;
  pod.metadata.uid = std::string("pod-") + name;
  pod.spec.node_name = node;
  kube::Container container;
  container.resources.requests = {{"cpu", Quantity::FromUnits(2)},
                                  {"nvidia.com/gpu", Quantity::FromUnits(gpus)}};
  pod.spec.containers = {container};
  return pod;
}

api::Session Session(const char* name) {
  api::Session session;
  session.metadata.ns = "ns";
  session.metadata.name = name;
  session.metadata.uid = std::string("uid-") + name;
  session.spec.class_name = "default";
  return session;
}

void Fill(api::World& world) {
  kube::Node node;
  node.metadata.name = "gpu-0";
  node.status.allocatable = {{"cpu", Quantity::FromUnits(16)}, {"nvidia.com/gpu", Quantity::FromUnits(4)}};
  node.status.conditions = {{"Ready", "True", "", "", {}}};
  Put(world.nodes, node);
  api::AcceleratorClass a100;
  a100.metadata.name = "a100";
  a100.spec.device.extended_resource.name = "nvidia.com/gpu";
  Put(world.accelerator_classes, a100);
  api::SessionClass session_class;
  session_class.metadata.name = "default";
  session_class.spec.resources.default_resources.cpu = Quantity::FromUnits(3);
  Put(world.session_classes, session_class);
}

// What of the only node is used, in a State made for it.
std::int64_t Used(const api::World& world, const char* resource) {
  State state(world, [] { return Time{}; });
  state.Start();
  return state.capacity().UsedOn("gpu-0", resource).units();
}

TEST_CASE("bound pods of anybody count, ended and unbound ones do not") {
  api::World world;
  Fill(world);
  Put(world.pods, Pod("batch", "gpu-0", 2));
  Put(world.pods, Pod("waiting", "", 1));
  auto done = Pod("done", "gpu-0", 1);
  done.status.phase = "Succeeded";
  Put(world.pods, done);
  CHECK(Used(world, "nvidia.com/gpu") == 2);
  CHECK(Used(world, "cpu") == 2);
  CHECK(Used(world, "pods") == 1);
}

TEST_CASE("an admission counts until its own pod is bound, and then the pod counts instead") {
  api::World world;
  Fill(world);
  auto session = Session("ada");
  session.status.admission = api::Admission{"a100", 1, "gpu-0", api::AdmissionKind::kGuaranteed, 60, {}};
  Put(world.sessions, session);
  CHECK(Used(world, "nvidia.com/gpu") == 1);
  CHECK(Used(world, "cpu") == 3);

  auto pod = Pod("ada", "gpu-0", 1);
  Put(world.pods, pod);  // somebody else's, of that name
  CHECK(Used(world, "nvidia.com/gpu") == 2);
  pod.metadata.owners = {{"marea.dev/v1alpha1", "Session", "ada", "uid-ada", true}};
  Put(world.pods, pod);
  CHECK(Used(world, "nvidia.com/gpu") == 1);
  CHECK(Used(world, "cpu") == 2);
}

TEST_CASE("what a session holds is charged from its admission on, exactly as it was promised") {
  api::World world;
  Fill(world);
  Put(world.sessions, Session("ada"));
  Time now{std::chrono::seconds{1'000'000}};
  State state(world, [&] { return now; });
  state.Start();
  const Use use{"gpu-0",
                {{"cpu", Quantity::FromUnits(3)},
                 {"pods", Quantity::FromUnits(1)},
                 {"nvidia.com/gpu", Quantity::FromUnits(1)}}};
  state.Promise({"ns", "ada"}, std::pair(use, Charge{"default", "", "a100", 1, false}));
  auto session = Session("ada");
  session.status.admission = api::Admission{"a100", 1, "gpu-0", api::AdmissionKind::kGuaranteed, 60, {}};
  Put(world.sessions, session);
  state.SessionChanged({"ns", "ada"});
  state.Promise({"ns", "ada"}, std::nullopt);
  now += std::chrono::hours{1};
  CHECK(state.sharing().HeldCredits("default") == 1);
  CHECK(state.sharing().UseOf("default", now) > 3'500'000);
  session.status.admission.reset();
  Put(world.sessions, session);
  state.SessionChanged({"ns", "ada"});
  CHECK(state.sharing().UseOf("default", now) > 3'500'000);
}

TEST_CASE("a promise counts until there is an admission, or until it is taken back") {
  api::World world;
  Fill(world);
  Put(world.sessions, Session("ada"));
  State state(world, [] { return Time{}; });
  state.Start();
  const auto used = [&] { return state.capacity().UsedOn("gpu-0", "nvidia.com/gpu").units(); };
  const Use use{"gpu-0", {{"nvidia.com/gpu", Quantity::FromUnits(2)}}};
  state.Promise({"ns", "ada"}, std::pair(use, Charge{"default", "ada", "a100", 2, false}));
  CHECK(used() == 2);
  CHECK(state.sharing().StandingOf("default", "a100").used == 2);
  SECTION("taken back") {
    state.Promise({"ns", "ada"}, std::nullopt);
    CHECK(used() == 0);
  }
  SECTION("admitted to another place") {
    auto session = Session("ada");
    session.status.admission = api::Admission{"a100", 1, "gpu-0", api::AdmissionKind::kGuaranteed, 60, {}};
    Put(world.sessions, session);
    CHECK(state.SessionChanged({"ns", "ada"}));
    CHECK(used() == 1);
    state.Promise({"ns", "ada"}, std::nullopt);
    CHECK(used() == 1);
  }
}

TEST_CASE("a cordoned, draining or unready node is not usable") {
  api::World world;
  Fill(world);
  const auto free = [&] {
    State state(world, [] { return Time{}; });
    state.Start();
    return state.capacity().TotalOf(*state.capacity().Find("a100")).free;
  };
  CHECK(free() == 4);
  auto node = *world.nodes.Get({"", "gpu-0"});
  SECTION("cordoned") {
    node.spec.unschedulable = true;
  }
  SECTION("draining") {
    node.spec.taints = {{"marea.dev/draining", "", "NoSchedule"}};
  }
  SECTION("not ready") {
    node.status.conditions[0].status = "Unknown";
  }
  SECTION("being deleted") {
    node.metadata.deletion_time = Time{};
  }
  Put(world.nodes, node);
  CHECK(free() == 0);
}

}  // namespace
}  // namespace marea::placement
