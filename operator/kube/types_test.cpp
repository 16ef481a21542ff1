#include "kube/types.hpp"

#include <catch2/catch.hpp>

namespace marea::kube {

namespace {

Quantity Units(std::int64_t units) {
  return Quantity::FromUnits(units);
}

Container Needs(std::int64_t cpu, std::int64_t gpu = 0, std::string restart_policy = {}) {
  Container container;
  container.restart_policy = std::move(restart_policy);
  container.resources.requests["cpu"] = Units(cpu);
  if (gpu > 0) container.resources.requests["nvidia.com/gpu"] = Units(gpu);
  return container;
}

}  // namespace

TEST_CASE("the controller owner is the one marked so") {
  ObjectMeta meta;
  CHECK(ControllerUid(meta).empty());
  meta.owners.push_back({"v1", "ConfigMap", "a", "uid-a", std::nullopt});
  meta.owners.push_back({"v1", "ConfigMap", "b", "uid-b", false});
  CHECK(ControllerUid(meta).empty());
  meta.owners.push_back({"marea.dev/v1alpha1", "Session", "c", "uid-c", true});
  CHECK(ControllerUid(meta) == "uid-c");
}

TEST_CASE("a condition is found by its type") {
  const std::vector<Condition> conditions{{"Ready", "True", "", "", {}}, {"Idle", "False", "", "", {}}};
  REQUIRE(FindCondition(conditions, "Idle"));
  CHECK(FindCondition(conditions, "Idle")->status == "False");
  CHECK(FindCondition(conditions, "Stalled") == nullptr);
}

TEST_CASE("tolerations are matched as the scheduler matches them") {
  struct Row {
    Toleration toleration;
    Taint taint;
    bool tolerated;
  };
  const auto row = GENERATE(Row{{"gpu", "Exists", "", ""}, {"gpu", "a100", "NoSchedule"}, true},
                            Row{{"gpu", "Exists", "", "NoExecute"}, {"gpu", "a100", "NoSchedule"}, false},
                            Row{{"gpu", "Equal", "a100", ""}, {"gpu", "a100", "NoSchedule"}, true},
                            Row{{"gpu", "", "a100", "NoSchedule"}, {"gpu", "a100", "NoSchedule"}, true},
                            Row{{"gpu", "", "t4", ""}, {"gpu", "a100", "NoSchedule"}, false},
                            Row{{"gpu", "", "", ""}, {"gpu", "a100", "NoSchedule"}, false},
                            Row{{"gpu", "", "", ""}, {"gpu", "", "NoSchedule"}, true},
                            Row{{"", "Exists", "", ""}, {"anything", "x", "NoExecute"}, true},
                            Row{{"other", "Exists", "", ""}, {"gpu", "", "NoSchedule"}, false},
                            Row{{"gpu", "Gt", "5", ""},
                                {"gpu", "5", "NoSchedule"},
                                false});  // an operator we do not know tolerates nothing
  CHECK(Tolerates(row.toleration, row.taint) == row.tolerated);
}

TEST_CASE("a pod needs the sum of its containers, or what starts it if that is more") {
  PodSpec spec;
  spec.containers = {Needs(2), Needs(1, 1)};
  CHECK(PodRequests(spec) == ResourceList{{"cpu", Units(3)}, {"nvidia.com/gpu", Units(1)}});
  spec.init_containers = {Needs(5)};
  CHECK(PodRequests(spec).at("cpu") == Units(5));
  spec.init_containers = {Needs(2), Needs(3)};  // one after the other
  CHECK(PodRequests(spec).at("cpu") == Units(3));
  spec.overhead["cpu"] = Units(1);
  CHECK(PodRequests(spec).at("cpu") == Units(4));
}

TEST_CASE("a sidecar counts beside the containers, and beside the init containers that start after it") {
  PodSpec spec;
  spec.containers = {Needs(2)};
  spec.init_containers = {Needs(1, 0, "Always")};
  CHECK(PodRequests(spec).at("cpu") == Units(3));
  spec.init_containers = {Needs(1, 0, "Always"), Needs(4)};
  CHECK(PodRequests(spec).at("cpu") == Units(5));
  spec.init_containers = {Needs(4), Needs(1, 0, "Always")};
  CHECK(PodRequests(spec).at("cpu") == Units(4));
}

TEST_CASE("what a pod asks for as a whole replaces the sum") {
  PodSpec spec;
  spec.containers = {Needs(2, 1)};
  spec.resources.requests["cpu"] = Units(8);
  spec.overhead["cpu"] = Units(1);
  CHECK(PodRequests(spec) == ResourceList{{"cpu", Units(9)}, {"nvidia.com/gpu", Units(1)}});
}

}  // namespace marea::kube
