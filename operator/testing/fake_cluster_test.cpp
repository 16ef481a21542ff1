// What the fakes around the API server do by themselves, each part by the rules of the one it stands for.
#include "testing/fake_cluster.hpp"

#include <catch2/catch.hpp>

#include "testing/fake_parts.hpp"

namespace marea::testing {
namespace {

using namespace std::chrono_literals;

const std::string kGpu = "nvidia.com/gpu";

// A cluster without nodes, with the namespace team-a and one class for each way to bind volumes.
struct Room {
  SimLoop world;
  FakeApi api{[this] { return world.Now(); }};
  FakeCluster cluster;
  FakeClient person{world, api};

  explicit Room(const FakeCluster::Options& options = {}) : cluster(world, api, options) {
    REQUIRE(person.Create(kube::kNamespaces, "", {{"metadata", {{"name", "team-a"}}}}));
    MakeStorageClass("waits", "WaitForFirstConsumer", Json::object());
    MakeStorageClass("local", "WaitForFirstConsumer", {{"local", "true"}});
    MakeStorageClass("at-once", "Immediate", Json::object());
  }

  void MakeStorageClass(const std::string& name, const char* mode, const Json& parameters) {
    REQUIRE(person.Create(kube::kStorageClasses, "",
                          {{"metadata", {{"name", name}}},
                           {"provisioner", "homes.example"},
                           {"parameters", parameters},
                           {"volumeBindingMode", mode}}));
  }
  void MakeClaim(const std::string& name, const std::string& storage_class) {
    REQUIRE(person.Create(kube::kClaims, "team-a",
                          {{"metadata", {{"name", name}}},
                           {"spec",
                            {{"storageClassName", storage_class},
                             {"accessModes", Json::array({"ReadWriteOnce"})},
                             {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}}));
  }
  void AddNode(const std::string& name, const kube::StringMap& labels = {}, const char* devices = "1",
               const Json& taints = Json::array()) {
    cluster.AddNode(name, labels, {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "10"}, {kGpu, devices}}, taints);
  }
  void MakePod(const std::string& name, Json spec = Json::object(), const Json& labels = Json::object()) {
    if (!spec.contains("containers")) spec["containers"] = Json::array({{{"name", "c"}, {"image", "lab:1"}}});
    REQUIRE(person.Create(kube::kPods, "team-a",
                          {{"metadata", {{"name", name}, {"labels", labels}}}, {"spec", std::move(spec)}}));
  }

  Object Pod(const std::string& name) const { return api.Get("pods", {"team-a", name}); }
  std::string Node(const std::string& name) const { return NodeOf(*Pod(name)); }
  std::string Phase(const std::string& name) const { return PhaseOf(*Pod(name)); }
  std::string Claim(const std::string& name) const {
    const auto claim = api.Get("persistentvolumeclaims", {"team-a", name});
    return claim ? PhaseOf(*claim) : "gone";
  }
  Json Condition(const Json& object, const char* type) const {
    for (const auto& condition : object.value("status", Json::object()).value("conditions", Json::array()))
      if (condition.at("type") == type) return condition;
    return {};
  }
  // Why the scheduler has not found a node; empty when it has.
  std::string Refusal(const std::string& name) const {
    const auto scheduled = Condition(*Pod(name), "PodScheduled");
    if (scheduled.is_null() || scheduled.at("status") == "True") return {};
    CHECK(scheduled.at("reason") == "Unschedulable");
    return scheduled.at("message");
  }
};

Json Asks(const kube::StringMap& resources) {
  return {{"containers", Json::array({{{"name", "c"},
                                       {"image", "lab:1"},
                                       {"resources", {{"requests", resources}, {"limits", resources}}}}})}};
}

Json Mounts(const std::string& claim) {
  return {{"volumes", Json::array({{{"name", "home"}, {"persistentVolumeClaim", {{"claimName", claim}}}}})}};
}

Json WantsNode(const char* list, const Json& requirement) {
  const Json terms = Json::array({{{list, Json::array({requirement})}}});
  return {{"affinity",
           {{"nodeAffinity",
             {{"requiredDuringSchedulingIgnoredDuringExecution", {{"nodeSelectorTerms", terms}}}}}}}};
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the scheduler refuses a node for each of its reasons, and says which", "[fake_cluster]") {
  struct Case {
    const char* what;
    Json spec;
    const char* refusal;  // of the only node; null: the pod gets it
  };
  const Json taint = {{"key", kGpu}, {"value", "present"}, {"effect", "NoSchedule"}};
  const auto tolerates = [](const char* key) {
    return Json{{"tolerations", Json::array({{{"key", key}, {"operator", "Exists"}}})}};
  };
  const auto with = [&](Json spec) {
    spec.update(tolerates("nvidia.com/gpu"));
    return spec;
  };
  const Case cases[] = {
      {"all there is", with(Asks({{kGpu, "1"}, {"cpu", "4"}})), nullptr},
      {"a device too many", with(Asks({{kGpu, "2"}})), "1 Insufficient nvidia.com/gpu"},
      {"too much memory", with(Asks({{"memory", "9Gi"}})), "1 Insufficient memory"},
      {"what no node has", with(Asks({{"example.com/fpga", "1"}})), "1 Insufficient example.com/fpga"},
      {"its label", with({{"nodeSelector", {{"model", "A100"}}}}), nullptr},
      {"another label", with({{"nodeSelector", {{"model", "T4"}}}}), "node affinity/selector"},
      {"its name",
       with(WantsNode("matchFields", {{"key", "metadata.name"}, {"operator", "In"}, {"values", {"node-a"}}})),
       nullptr},
      {"another name",
       with(WantsNode("matchFields", {{"key", "metadata.name"}, {"operator", "In"}, {"values", {"node-b"}}})),
       "node affinity/selector"},
      {"a model that it is not",
       with(WantsNode("matchExpressions", {{"key", "model"}, {"operator", "NotIn"}, {"values", {"A100"}}})),
       "node affinity/selector"},
      {"any model", with(WantsNode("matchExpressions", {{"key", "model"}, {"operator", "Exists"}})), nullptr},
      {"none", with(WantsNode("matchExpressions", {{"key", "model"}, {"operator", "DoesNotExist"}})),
       "node affinity/selector"},
      {"a machine of everybody's", Json::object(), "1 node(s) had untolerated taint(s)"},
      {"another toleration", tolerates("example.com/fpga"), "1 node(s) had untolerated taint(s)"},
  };
  for (const auto& [what, spec, refusal] : cases) {
    INFO(what);
    Room room;
    room.AddNode("node-a", {{"model", "A100"}}, "1", Json::array({taint}));
    room.MakePod("ada", spec);
    room.world.RunFor(1s);
    CHECK(room.Node("ada") == (refusal == nullptr ? "node-a" : ""));
    if (refusal != nullptr) CHECK(Contains(room.Refusal("ada"), refusal));
  }
}

TEST_CASE("a taint that only prefers, and a node that is cordoned", "[fake_cluster]") {
  Room room;
  room.AddNode("node-a", {}, "1", Json::array({{{"key", "slow"}, {"effect", "PreferNoSchedule"}}}));
  room.MakePod("ada");
  room.world.RunFor(1s);
  CHECK(room.Node("ada") == "node-a");
  room.person.Patch(kube::kNodes, {"", "node-a"}, "", {{"spec", {{"unschedulable", true}}}});
  room.MakePod("bob");
  room.world.RunFor(1s);
  CHECK(Contains(room.Refusal("bob"), "1 node(s) were unschedulable"));
  room.person.Patch(kube::kNodes, {"", "node-a"}, "", {{"spec", {{"unschedulable", nullptr}}}});
  room.world.RunFor(1s);
  CHECK(room.Node("bob") == "node-a");
}

TEST_CASE("pods of anybody fill a node, ended ones leave it, and who waits gets what is free",
          "[fake_cluster]") {
  Room room;
  room.AddNode("node-a");
  room.MakePod("ada", Asks({{kGpu, "1"}}));
  room.world.RunFor(1s);
  room.MakePod("bob", Asks({{kGpu, "1"}}));
  room.world.RunFor(10s);
  CHECK(Contains(room.Refusal("bob"), "0/1 nodes are available, 1 Insufficient nvidia.com/gpu."));
  SECTION("when a pod has ended") {
    room.cluster.EndNotebook({"team-a", "ada"}, 0);
  }
  SECTION("when a pod is gone") {
    room.person.Delete(kube::kPods, {"team-a", "ada"}, {}, 0);
  }
  SECTION("when the node has more") {
    room.cluster.SetResources("node-a", {{"cpu", "4"}, {"memory", "8Gi"}, {"pods", "10"}, {kGpu, "2"}});
  }
  SECTION("when there is another node") {
    room.AddNode("node-b");
    room.world.RunFor(1s);
    CHECK(room.Node("bob") == "node-b");
  }
  room.world.RunFor(1s);
  CHECK_FALSE(room.Node("bob").empty());
}

TEST_CASE("of the nodes that fit the emptiest is taken, then the first by name", "[fake_cluster]") {
  Room room;
  room.AddNode("node-b");
  room.AddNode("node-a");
  for (const auto* pod : {"p1", "p2", "p3"}) {
    room.MakePod(pod);
    room.world.RunFor(1s);
  }
  CHECK(room.Node("p1") == "node-a");
  CHECK(room.Node("p2") == "node-b");
  CHECK(room.Node("p3") == "node-a");
}

TEST_CASE("a claim that waits for its consumer is bound for the node that was chosen, and the pod follows",
          "[fake_cluster]") {
  Room room;
  room.AddNode("node-a");
  room.MakeClaim("home", "waits");
  room.world.RunFor(1min);
  CHECK(room.Claim("home") == "Pending");
  room.MakePod("ada", Mounts("home"));
  room.world.RunFor(10s);
  CHECK(room.Claim("home") == "Bound");
  CHECK(room.Phase("ada") == "Running");
  room.MakeClaim("scratch", "at-once");
  room.world.RunFor(10s);
  CHECK(room.Claim("scratch") == "Bound");
}

TEST_CASE("a volume that stays on its node holds the pods that mount it there", "[fake_cluster]") {
  Room room;
  room.AddNode("node-a");
  room.MakeClaim("home", "local");
  room.MakePod("ada", Mounts("home"));
  room.world.RunFor(10s);
  REQUIRE(room.Phase("ada") == "Running");
  room.person.Delete(kube::kPods, {"team-a", "ada"}, {}, 0);
  room.person.Patch(kube::kNodes, {"", "node-a"}, "", {{"spec", {{"unschedulable", true}}}});
  room.AddNode("node-b");
  room.MakePod("bob", Mounts("home"));
  room.world.RunFor(10s);
  CHECK(Contains(room.Refusal("bob"), "1 node(s) had volume node affinity conflict"));
  room.person.Patch(kube::kNodes, {"", "node-a"}, "", {{"spec", {{"unschedulable", nullptr}}}});
  room.world.RunFor(10s);
  CHECK(room.Node("bob") == "node-a");
}

TEST_CASE("a claim in use outlives its deletion, until the last pod is gone", "[fake_cluster]") {
  Room room;
  room.AddNode("node-a");
  room.MakeClaim("home", "waits");
  room.MakePod("ada", Mounts("home"));
  room.world.RunFor(10s);
  room.person.Delete(kube::kClaims, {"team-a", "home"}, {}, {});
  room.world.RunFor(1min);
  CHECK(room.Claim("home") == "Bound");
  room.person.Delete(kube::kPods, {"team-a", "ada"}, {}, {});
  room.world.RunFor(10s);
  CHECK(room.Claim("home") == "gone");
}

TEST_CASE("a pod starts when all that it mounts is there", "[fake_cluster]") {
  Room room;
  room.AddNode("node-a");
  room.MakePod("ada", {{"volumes", Json::array({{{"name", "token"}, {"secret", {{"secretName", "key"}}}}})}});
  room.world.RunFor(1min);
  CHECK(room.Node("ada") == "node-a");
  CHECK(room.Phase("ada") == "Pending");
  room.person.Create(kube::kSecrets, "team-a", {{"metadata", {{"name", "key"}}}});
  room.world.RunFor(10s);
  CHECK(room.Phase("ada") == "Running");
  CHECK(room.Condition(*room.Pod("ada"), "Ready").at("status") == "True");
}

TEST_CASE("an image that cannot be pulled is told of, and the container never runs", "[fake_cluster]") {
  Room room;
  room.cluster.BreakImage("lab:none", {.reason = "ErrImagePull"});
  room.AddNode("node-a");
  room.MakePod("ada", {{"containers", Json::array({{{"name", "c"}, {"image", "lab:none"}}})}},
               {{"marea.dev/session", "ada"}});
  room.world.RunFor(10min);
  CHECK(room.Phase("ada") == "Pending");
  CHECK(room.Pod("ada")->at("status").at("containerStatuses").at(0).at("state").at("waiting").at("reason") ==
        "ErrImagePull");
  CHECK(room.cluster.RunningBySession().empty());
}

TEST_CASE("what a kubelet tells of a container's end", "[fake_cluster]") {
  Room room;
  room.AddNode("node-a");
  room.MakePod("ada", Json::object(), {{"marea.dev/session", "ada"}});
  room.world.RunFor(10s);
  REQUIRE(room.cluster.RunningBySession() == std::map<std::string, int>{{"team-a/ada", 1}});
  const auto ended = [&] {
    return room.Pod("ada")->at("status").at("containerStatuses").at(0).at("state").at("terminated");
  };
  SECTION("by itself, well") {
    room.cluster.EndNotebook({"team-a", "ada"}, 0);
    CHECK(room.Phase("ada") == "Succeeded");
    CHECK(ended().at("exitCode") == 0);
  }
  SECTION("by itself, badly") {
    room.cluster.EndNotebook({"team-a", "ada"}, 137);
    CHECK(room.Phase("ada") == "Failed");
    CHECK(ended().at("exitCode") == 137);
  }
  SECTION("for want of memory") {
    room.cluster.EvictPod({"team-a", "ada"}, "The node was low on resource: memory.");
    CHECK(room.Phase("ada") == "Failed");
    CHECK(room.Pod("ada")->at("status").at("reason") == "Evicted");
    CHECK(Contains(room.Pod("ada")->at("status").at("message"), "low on resource"));
  }
  CHECK(room.cluster.RunningBySession().empty());
}

TEST_CASE("a node that falls silent is lost after a while, its pods are told to go and cannot hear it",
          "[fake_cluster]") {
  Room room;
  room.AddNode("node-a");
  room.MakePod("ada", Json::object(), {{"marea.dev/session", "ada"}});
  room.world.RunFor(10s);
  room.cluster.SilenceNode("node-a");
  const auto node = [&] { return *room.api.Get("nodes", {"", "node-a"}); };
  const auto taints = [&] { return node()["spec"].value("taints", Json::array()).size(); };
  room.world.RunFor(39s);
  CHECK(room.Condition(node(), "Ready").at("status") == "True");
  room.world.RunFor(2s);
  CHECK(room.Condition(node(), "Ready").at("status") == "Unknown");
  CHECK(taints() == 2);
  room.world.RunFor(5min);
  CHECK(IsTerminating(*room.Pod("ada")));
  CHECK(room.cluster.RunningBySession().at("team-a/ada") == 1);  // nobody has told the container

  SECTION("it comes back and hears it") {
    room.cluster.ReviveNode("node-a");
    room.world.RunFor(10s);
    CHECK(room.Condition(node(), "Ready").at("status") == "True");
    CHECK(taints() == 0);
    CHECK(room.Pod("ada") == nullptr);
  }
  SECTION("its machine is gone, and the pods are collected") {
    room.cluster.RemoveNode("node-a");
    room.world.RunFor(10s);
    CHECK(room.Pod("ada") == nullptr);
  }
  SECTION("a pod removed by force runs on, beside the next of its name") {
    room.AddNode("node-b");
    room.person.Delete(kube::kPods, {"team-a", "ada"}, {}, 0);
    room.MakePod("ada", Json::object(), {{"marea.dev/session", "ada"}});
    room.world.RunFor(10s);
    CHECK(room.cluster.RunningBySession().at("team-a/ada") == 2);
    room.cluster.RemoveNode("node-a");
    CHECK(room.cluster.RunningBySession().at("team-a/ada") == 1);
    return;
  }
  CHECK(room.cluster.RunningBySession().empty());
}

TEST_CASE("what its owner leaves behind is collected", "[fake_cluster]") {
  Room room;
  room.AddNode("node-a");
  room.person.Create(kube::kSecrets, "team-a", {{"metadata", {{"name", "owner"}}}});
  const std::string uid = room.api.Get("secrets", {"team-a", "owner"})->at("metadata").at("uid");
  const Json owner = {{"apiVersion", "v1"}, {"kind", "Secret"}, {"name", "owner"}, {"uid", uid}};
  room.person.Create(kube::kSecrets, "team-a",
                     {{"metadata", {{"name", "owned"}, {"ownerReferences", Json::array({owner})}}}});
  room.person.Delete(kube::kSecrets, {"team-a", "owner"}, uid, {});
  CHECK(room.api.All("secrets").size() == 1);
  room.world.RunFor(5s);
  CHECK(room.api.All("secrets").empty());
}

TEST_CASE("all look anew at a server that went back in time", "[fake_cluster]") {
  Room room;
  room.AddNode("node-a");
  const Json of_bob = {{"marea.dev/session", "bob"}};
  const auto run_and_restore = [&](const std::shared_ptr<const FakeApi::Backup>& backup) {
    room.world.RunFor(10s);
    REQUIRE(room.cluster.RunningBySession().at("team-a/bob") == 1);
    room.api.Restore(*backup);
    room.cluster.LookAnew();
    room.world.RunFor(10s);
  };
  SECTION("to before a pod") {
    const auto backup = room.api.Save();
    room.MakePod("bob", Json::object(), of_bob);
    run_and_restore(backup);
    CHECK(room.Pod("bob") == nullptr);
    CHECK(room.cluster.RunningBySession().empty());
    return;
  }
  room.MakePod("bob", Asks({{kGpu, "1"}}), of_bob);
  SECTION("to before a pod was bound") {
    run_and_restore(room.api.Save());
  }
  SECTION("to before it ran") {
    room.world.RunFor(100ms);
    REQUIRE(room.Node("bob") == "node-a");
    REQUIRE(room.Phase("bob") == "Pending");
    run_and_restore(room.api.Save());
  }
  SECTION("to before it was ready") {
    for (int i = 0; room.Phase("bob") != "Running"; ++i) {
      REQUIRE(i < 100);
      room.world.RunFor(100ms);
    }
    run_and_restore(room.api.Save());
  }
  SECTION("to before it was told to go") {
    room.world.RunFor(10s);
    const auto backup = room.api.Save();
    room.person.Delete(kube::kPods, {"team-a", "bob"}, {}, {});
    room.world.RunFor(100ms);
    run_and_restore(backup);
  }
  CHECK(room.Condition(*room.Pod("bob"), "Ready").at("status") == "True");
  CHECK(room.cluster.RunningBySession() == std::map<std::string, int>{{"team-a/bob", 1}});
  room.person.Delete(kube::kPods, {"team-a", "bob"}, {}, {});
  room.world.RunFor(10s);
  CHECK(room.Pod("bob") == nullptr);
}

}  // namespace marea::testing
