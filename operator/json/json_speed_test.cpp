// How long it takes to decode a pod: printed, never asserted.
#include <catch2/catch.hpp>
#include <cmath>
#include <ctime>
#include <iostream>
#include <limits>

#include "json/decode.hpp"
#include "json/sample_test.hpp"

using namespace marea;
using json::Field;

namespace {

struct Meta {
  std::string name, ns, uid, resource_version;
  std::optional<Time> creation_time;
  std::map<std::string, std::string> labels, annotations;
  static constexpr auto Fields() {
    return std::tuple(Field{"name", &Meta::name}, Field{"namespace", &Meta::ns}, Field{"uid", &Meta::uid},
                      Field{"resourceVersion", &Meta::resource_version},
                      Field{"creationTimestamp", &Meta::creation_time}, Field{"labels", &Meta::labels},
                      Field{"annotations", &Meta::annotations});
  }
};

struct Container {
  std::string name;
  std::map<std::string, Quantity> requests;
  static constexpr auto Fields() {
    return std::tuple(Field{"name", &Container::name}, Field{"requests", &Container::requests});
  }
};

struct Spec {
  std::string node_name;
  std::vector<Container> containers;
  static constexpr auto Fields() {
    return std::tuple(Field{"nodeName", &Spec::node_name}, Field{"containers", &Spec::containers});
  }
};

struct Condition {
  std::string type, status;
  std::optional<Time> last_transition_time;
  static constexpr auto Fields() {
    return std::tuple(Field{"type", &Condition::type}, Field{"status", &Condition::status},
                      Field{"lastTransitionTime", &Condition::last_transition_time});
  }
};

struct Status {
  std::string phase, pod_ip;
  std::vector<Condition> conditions;
  static constexpr auto Fields() {
    return std::tuple(Field{"phase", &Status::phase}, Field{"podIP", &Status::pod_ip},
                      Field{"conditions", &Status::conditions});
  }
};

struct Pod {
  Meta metadata;
  Spec spec;
  Status status;
  static constexpr auto Fields() {
    return std::tuple(Field{"metadata", &Pod::metadata}, Field{"spec", &Pod::spec},
                      Field{"status", &Pod::status});
  }
};

std::string PodText() {
  std::string managed = "[", conditions, env;
  for (int i = 0; i < 30; ++i) {
    managed +=
        R"({"f:metadata":{"f:labels":{"f:app":{},"f:marea.dev/user":{}}},"f:spec":{"f:nodeName":{}}},)";
    env += R"({"name":"SOME_VARIABLE","value":"its value"},)";
  }
  managed += "{}]";
  env += "{}";
  for (const char* type :
       {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    conditions += std::string(conditions.empty() ? "" : ",") + R"({"type":")" + type +
                  R"(","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-11-21T09:00:00Z"})";
  }
  return R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"ada","namespace":"team-a",)"
         R"("uid":"0e2f3c7c-6d3b-4f43-9a55-3cc1a2d0b0a1","resourceVersion":"123456","creationTimestamp":)"
         R"("2026-11-21T09:00:00Z","labels":{"app":"jupyterhub","marea.dev/session":"ada","marea.dev/user":"ada"},)"
         R"("annotations":{"marea.dev/token-key":"2026-11-01"},"managedFields":)" +
         managed +
         R"(},"spec":{"volumes":[{"name":"home","persistentVolumeClaim":{"claimName":"claim-ada"}}],)" +
         R"("containers":[{"name":"notebook","image":"jupyter:1","env":[)" + env +
         R"(],"requests":{"cpu":"500m","memory":"4Gi","nvidia.com/gpu":"1"}}],"nodeName":"a100-0"},"status":)" +
         R"({"phase":"Running","conditions":[)" + conditions + R"(],"podIP":"10.0.0.7"}})";
}

}  // namespace

TEST_CASE("the time to decode a pod is printed", "[json][speed]") {
  const std::string text = PodText();
  constexpr int kRounds = 20, kTimes = 100;
  double best = std::numeric_limits<double>::max();  // of CPU time: others may be busy on this machine
  int good = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::clock_t start = std::clock();
    for (int i = 0; i < kTimes; ++i) {
      const auto pod = json::Decode<Pod>(text);
      good += pod && pod->status.conditions.size() == 5 && pod->spec.containers.size() == 1 ? 1 : 0;
    }
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / kTimes);
  }
  CHECK(good == kRounds * kTimes);
  std::cout << "decoding a pod of " << text.size() << " bytes: " << std::lround(best * 1e9) << " ns\n";
}
