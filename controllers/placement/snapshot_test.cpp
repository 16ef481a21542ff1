#include "controllers/placement/snapshot.hpp"

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

const auto kNobody = [](const Key&) { return false; };

Quantity Used(const Snapshot& snapshot, const char* resource) {
  const auto& used = snapshot.nodes.at(0).used;
  return used.contains(resource) ? used.at(resource) : Quantity{};
}

TEST_CASE("bound pods of anybody count, ended and unbound ones do not") {
  api::World world;
  Fill(world);
  Put(world.pods, Pod("batch", "gpu-0", 2));
  Put(world.pods, Pod("waiting", "", 1));
  auto done = Pod("done", "gpu-0", 1);
  done.status.phase = "Succeeded";
  Put(world.pods, done);
  const auto snapshot = Read(world, kNobody);
  CHECK(Used(snapshot, "nvidia.com/gpu") == Quantity::FromUnits(2));
  CHECK(Used(snapshot, "cpu") == Quantity::FromUnits(2));
  CHECK(Used(snapshot, "pods") == Quantity::FromUnits(1));
}

TEST_CASE("an admission counts until its own pod is bound, and then the pod counts instead") {
  api::World world;
  Fill(world);
  auto session = Session("ada");
  session.status.admission = api::Admission{"a100", 1, "gpu-0", 60, {}};
  Put(world.sessions, session);
  CHECK(Used(Read(world, kNobody), "nvidia.com/gpu") == Quantity::FromUnits(1));
  CHECK(Used(Read(world, kNobody), "cpu") == Quantity::FromUnits(3));

  auto pod = Pod("ada", "gpu-0", 1);
  pod.metadata.owners = {{"marea.dev/v1alpha1", "Session", "ada", "uid-ada", true}};
  Put(world.pods, pod);
  CHECK(Used(Read(world, kNobody), "nvidia.com/gpu") == Quantity::FromUnits(1));
  CHECK(Used(Read(world, kNobody), "cpu") == Quantity::FromUnits(2));
}

TEST_CASE("a session that is acting on its proposal holds the device already") {
  api::World world;
  Fill(world);
  Put(world.sessions, Session("ada"));
  world.requests[{"ns", "ada"}] = {};
  world.proposals[{"ns", "ada"}] = api::Admit{"a100", 2, "gpu-0"};
  const auto acting = Read(world, [](const Key&) { return true; });
  CHECK(Used(acting, "nvidia.com/gpu") == Quantity::FromUnits(2));
  CHECK(acting.waiting.empty());

  const auto idle = Read(world, kNobody);
  CHECK(Used(idle, "nvidia.com/gpu") == Quantity{});
  CHECK(idle.waiting.contains({"ns", "ada"}));
}

TEST_CASE("a cordoned or unready node is not usable") {
  api::World world;
  Fill(world);
  CHECK(Read(world, kNobody).nodes.at(0).usable);
  auto node = *world.nodes.Get({"", "gpu-0"});
  SECTION("cordoned") {
    node.spec.unschedulable = true;
  }
  SECTION("not ready") {
    node.status.conditions[0].status = "Unknown";
  }
  SECTION("being deleted") {
    node.metadata.deletion_time = Time{};
  }
  Put(world.nodes, node);
  CHECK_FALSE(Read(world, kNobody).nodes.at(0).usable);
}

}  // namespace
}  // namespace marea::placement
