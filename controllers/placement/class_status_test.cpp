#include "controllers/placement/class_status.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "controllers/placement/state.hpp"

namespace marea::placement {
namespace {

using Json = nlohmann::json;

const Time kNow = Time{std::chrono::hours{500000}};

// A platform written down in a few words. Quantities are text, as nodes and pods give them.
struct Room {
  api::World world;
  int version = 0;

  template <class T>
  void Put(runtime::Cache<T>& cache, T object) {
    object.metadata.resource_version = std::to_string(++version);
    cache.Upsert(std::make_shared<const T>(std::move(object)));
  }
  static kube::ResourceList List(const kube::StringMap& amounts) {
    kube::ResourceList list;
    for (const auto& [resource, amount] : amounts) list[resource] = *Quantity::Parse(amount);
    return list;
  }

  void Class(const std::string& name, const kube::StringMap& selector,
             const std::string& resource = "nvidia.com/gpu") {
    api::AcceleratorClass device;
    device.metadata.name = name;
    device.metadata.generation = 1;
    device.spec.device.extended_resource.name = resource;
    device.spec.node_selector = selector;
    Put(world.accelerator_classes, device);
  }
  kube::Node Node(const std::string& name, const kube::StringMap& labels,
                  const kube::StringMap& allocatable) const {
    kube::Node node;
    node.metadata.name = name;
    node.metadata.labels = labels;
    node.status.allocatable = List(allocatable);
    node.status.conditions = {{"Ready", "True", "", "", {}}};
    return node;
  }
  void Add(const std::string& name, const kube::StringMap& labels, const kube::StringMap& allocatable) {
    Put(world.nodes, Node(name, labels, allocatable));
  }
  void AddCordoned(const std::string& name, const kube::StringMap& labels,
                   const kube::StringMap& allocatable) {
    auto node = Node(name, labels, allocatable);
    node.spec.unschedulable = true;
    Put(world.nodes, node);
  }
  // Somebody's pod on a node, in a namespace that has nothing to do with Marea.
  void Foreign(const std::string& name, const std::string& node, const kube::StringMap& requests,
               const std::string& phase = "Running") {
    kube::Pod pod;
    pod.metadata.ns = "batch";
    pod.metadata.name = pod.metadata.uid = name;
    pod.spec.node_name = node;
    pod.spec.containers.emplace_back().resources.requests = List(requests);
    pod.status.phase = phase;
    Put(world.pods, pod);
  }
  void Admitted(const std::string& name, const std::string& device, std::int64_t count,
                const std::string& node) {
    api::Session session;
    session.metadata.ns = "lab";
    session.metadata.name = session.metadata.uid = name;
    session.status.admission = api::Admission{device, count, node, api::AdmissionKind::kGuaranteed, 60, {}};
    Put(world.sessions, session);
  }
  void Waiting(const std::string& name, std::vector<api::Alternative> alternatives) {
    api::Session session;
    session.metadata.ns = "lab";
    session.metadata.name = session.metadata.uid = name;
    Put(world.sessions, session);
    world.requests[{"lab", name}].alternatives = std::move(alternatives);
  }

  DeviceCounts CountAll() const {
    State state(world, [] { return kNow; });
    state.Start();
    return CountDevices(world, state.capacity());
  }
  DeviceCount Count(const std::string& name) const { return CountAll().at(name); }
  // "nodes/capacity/allocated/free/queued"
  std::string Numbers(const std::string& name) const {
    const auto c = Count(name);
    return std::to_string(c.nodes) + "/" + std::to_string(c.capacity) + "/" + std::to_string(c.allocated) +
           "/" + std::to_string(c.free) + "/" + std::to_string(c.queued);
  }

  // The status after the write that is asked for; the patch is applied as the API server would.
  api::AcceleratorClassStatus Written(const std::string& name, Time now = kNow) {
    auto device = *world.accelerator_classes.Get({"", name});
    const auto decision = DecideClassStatus(world, CountAll(), {"", name}, {.now = now, .entropy = 0});
    if (decision.actions.empty()) return device.status;
    CHECK_FALSE(decision.reason.empty());
    const auto& patch = std::get<runtime::Patch>(decision.actions.at(0));
    CHECK(patch.type == &api::kAcceleratorClasses);
    CHECK(patch.subresource == "status");
    CHECK(patch.resource_version == device.metadata.resource_version);
    const auto status = Json::parse(patch.body).at("status");
    const auto number = [&](const char* field, std::optional<std::int64_t>& value) {
      if (status.contains(field)) value = status.at(field);
    };
    number("nodes", device.status.nodes);
    number("capacity", device.status.capacity);
    number("allocated", device.status.allocated);
    number("free", device.status.free);
    number("queued", device.status.queued);
    number("unmet", device.status.unmet);
    if (status.contains("conditions")) {
      device.status.conditions.clear();
      for (const auto& c : status.at("conditions")) {
        device.status.conditions.push_back({c.at("type"), c.at("status"), c.at("reason"), c.at("message"),
                                            c.at("observedGeneration"),
                                            *ParseTime(c.at("lastTransitionTime").get<std::string>())});
      }
    }
    Put(world.accelerator_classes, device);
    return device.status;
  }
};

std::string Said(const api::AcceleratorClassStatus& status, const char* type) {
  const auto* condition = api::FindCondition(status.conditions, type);
  REQUIRE(condition != nullptr);
  return condition->status + " " + condition->reason + ": " + condition->message;
}

const kube::StringMap kA100{{"product", "A100"}};
const kube::StringMap kT4{{"product", "T4"}};

TEST_CASE("devices are counted over the nodes that are the class's own and take sessions") {
  struct Case {
    const char* what;
    std::function<void(Room&)> furnish;
    const char* numbers;  // of class a100: nodes/capacity/allocated/free/queued
  };
  const std::vector<Case> cases{
      {"no node at all", [](Room&) {}, "0/0/0/0/0"},
      {"two nodes, nobody there",
       [](Room& r) {
         r.Add("a", kA100, {{"nvidia.com/gpu", "4"}});
         r.Add("b", kA100, {{"nvidia.com/gpu", "2"}});
       },
       "2/6/0/6/0"},
      {"a node of another product", [](Room& r) { r.Add("t", kT4, {{"nvidia.com/gpu", "4"}}); }, "0/0/0/0/0"},
      {"a node whose driver offers none yet", [](Room& r) { r.Add("a", kA100, {{"nvidia.com/gpu", "0"}}); },
       "0/0/0/0/0"},
      {"a foreign pod holds some",
       [](Room& r) {
         r.Add("a", kA100, {{"nvidia.com/gpu", "4"}});
         r.Foreign("train", "a", {{"nvidia.com/gpu", "3"}});
       },
       "1/4/3/1/0"},
      {"a foreign pod that has ended, and one that has no node yet",
       [](Room& r) {
         r.Add("a", kA100, {{"nvidia.com/gpu", "4"}});
         r.Foreign("done", "a", {{"nvidia.com/gpu", "1"}}, "Succeeded");
         r.Foreign("pending", "", {{"nvidia.com/gpu", "1"}}, "Pending");
       },
       "1/4/0/4/0"},
      {"a session that is admitted and has no pod yet",
       [](Room& r) {
         r.Add("a", kA100, {{"nvidia.com/gpu", "4"}});
         r.Admitted("ada", "a100", 2, "a");
       },
       "1/4/2/2/0"},
      {"a cordoned node is out of the count with all it holds",
       [](Room& r) {
         r.Add("a", kA100, {{"nvidia.com/gpu", "4"}});
         r.AddCordoned("b", kA100, {{"nvidia.com/gpu", "4"}});
         r.Foreign("train", "b", {{"nvidia.com/gpu", "3"}});
       },
       "1/4/0/4/0"},
      {"MIG slices and whole devices of one node are two classes' own",
       [](Room& r) {
         r.Class("mig", kA100, "nvidia.com/mig-1g.5gb");
         r.Add("a", kA100, {{"nvidia.com/gpu", "1"}, {"nvidia.com/mig-1g.5gb", "7"}});
         r.Foreign("slice", "a", {{"nvidia.com/mig-1g.5gb", "5"}});
       },
       "1/1/0/1/0"},
      {"more is held than the node still offers: nothing of it is taken from the other's free",
       [](Room& r) {
         r.Add("a", kA100, {{"nvidia.com/gpu", "1"}});
         r.Add("b", kA100, {{"nvidia.com/gpu", "4"}});
         r.Foreign("old", "a", {{"nvidia.com/gpu", "3"}});
       },
       "2/5/3/4/0"},
      {"numbers nobody can have",
       [](Room& r) {
         for (const auto* name : {"a", "b", "c"})
           r.Add(name, kA100, {{"nvidia.com/gpu", "9000000000000000"}});
         r.Foreign("greedy", "a", {{"nvidia.com/gpu", "9000000000000000"}});
         r.Waiting("huge", {{"a100", 9'000'000'000'000'000'000}});
         r.Waiting("more", {{"a100", 9'000'000'000'000'000'000}});
         r.Waiting("odd", {{"a100", -5}});
       },
       "3/1000000000/1000000000/1000000000/1000000000"},
      {"who waits is counted by the first choice",
       [](Room& r) {
         r.Class("t4", kT4);
         r.Waiting("ada", {{"a100", 2}, {"t4", 4}});
         r.Waiting("ben", {{"a100", 1}});
         r.Waiting("eve", {{"t4", 1}, {"a100", 1}});
         r.Waiting("cpu", {});
         r.Waiting("lost", {{"no-such-class", 1}});
       },
       "0/0/0/0/3"},
  };
  for (const auto& c : cases) {
    Room room;
    room.Class("a100", kA100);
    c.furnish(room);
    INFO(c.what);
    CHECK(room.Numbers("a100") == c.numbers);
  }
}

TEST_CASE("a session that is acting on its proposal holds the device and waits no more") {
  Room room;
  room.Class("a100", kA100);
  room.Add("a", kA100, {{"nvidia.com/gpu", "4"}});
  room.Waiting("ada", {{"a100", 2}});
  CHECK(room.Numbers("a100") == "1/4/0/4/2");
  room.world.proposals[{"lab", "ada"}] = api::Admit{"a100", 2, "a"};
  State state(room.world, [] { return kNow; });
  state.Start();
  state.Promise({"lab", "ada"}, std::pair(Use{"a", {{"nvidia.com/gpu", Quantity::FromUnits(2)}}},
                                          Charge{"default", "ada", "a100", 2, false}));
  const auto acting = CountDevices(room.world, state.capacity()).at("a100");
  CHECK(acting.allocated == 2);
  CHECK(acting.queued == 0);
}

TEST_CASE("demand is not met where a device is what is waited for, and not a home") {
  Room room;
  room.Class("a100", kA100);
  room.Add("a", kA100, {{"nvidia.com/gpu", "4"}});
  const auto waits = [&](const char* name, std::int64_t count, const char* reason) {
    room.Waiting(name, {{"a100", count}});
    if (reason != nullptr) room.world.proposals[{"lab", name}] = api::Wait{reason, ""};
  };
  waits("ada", 1, "NoFreeDevice");
  waits("ben", 2, "NoSuchShape");
  waits("eve", 4, "HomeInUse");
  waits("new", 8, nullptr);
  const auto count = room.Count("a100");
  CHECK(count.queued == 15);
  CHECK(count.unmet == 3);
}

TEST_CASE("a class that no node offers says which resource and labels were looked for") {
  Room room;
  room.Class("a100", {{"product", "A100"}, {"zone", "north"}});
  CHECK(Said(room.Written("a100"), "Ready") ==
        "False NotOffered: No node that is ready offers nvidia.com/gpu with the labels "
        "\"product=A100, zone=north\".");
  CHECK(Said(room.Written("a100"), "Stalled") == "False Progressing: Nobody needs to act.");

  room.Class("any", {}, "xilinx.com/fpga");
  CHECK(Said(room.Written("any"), "Ready") ==
        "False NotOffered: No node that is ready offers xilinx.com/fpga.");

  room.AddCordoned("a", {{"product", "A100"}, {"zone", "north"}}, {{"nvidia.com/gpu", "4"}});
  CHECK(Said(room.Written("a100"), "Ready").ends_with("; 1 node that would is cordoned or not ready."));
  room.AddCordoned("b", {{"product", "A100"}, {"zone", "north"}}, {{"nvidia.com/gpu", "4"}});
  CHECK(Said(room.Written("a100"), "Ready").ends_with("; 2 nodes that would are cordoned or not ready."));
  CHECK(Said(room.Written("a100"), "Stalled") == "False Progressing: Nobody needs to act.");
}

TEST_CASE("a class that nodes offer says how many, and when it was seen to") {
  Room room;
  room.Class("a100", kA100);
  const auto before = room.Written("a100");
  CHECK(api::FindCondition(before.conditions, "Ready")->last_transition_time == kNow);
  CHECK(api::FindCondition(before.conditions, "Ready")->observed_generation == 1);

  room.Add("a", kA100, {{"nvidia.com/gpu", "4"}});
  const auto later = kNow + std::chrono::milliseconds{3600500};
  const auto offered = room.Written("a100", later);
  CHECK(Said(offered, "Ready") == "True Offered: 1 node offers 4 nvidia.com/gpu.");
  CHECK(api::FindCondition(offered.conditions, "Ready")->last_transition_time ==
        kNow + std::chrono::seconds{3600});
  CHECK(api::FindCondition(offered.conditions, "Stalled")->last_transition_time == kNow);

  room.Add("b", kA100, {{"nvidia.com/gpu", "4"}});
  const auto more = room.Written("a100", later + std::chrono::hours{1});
  CHECK(Said(more, "Ready") == "True Offered: 2 nodes offer 8 nvidia.com/gpu.");
  CHECK(api::FindCondition(more.conditions, "Ready")->last_transition_time ==
        kNow + std::chrono::seconds{3600});
}

TEST_CASE("of two classes that select the same devices the loser is stalled and names the other") {
  Room room;
  room.Class("a100", kA100);
  room.Class("a100-north", {{"product", "A100"}, {"zone", "north"}});
  room.Add("a", {{"product", "A100"}, {"zone", "north"}}, {{"nvidia.com/gpu", "4"}});
  const auto loser = room.Written("a100");
  CHECK(loser.nodes == 0);
  CHECK(Said(loser, "Stalled") ==
        "True Overlap: Every node that offers nvidia.com/gpu with the labels \"product=A100\" belongs to "
        "AcceleratorClass \"a100-north\", which names more labels or sorts first; tell the classes apart by "
        "nodeSelector, or delete one of them.");
  CHECK(
      Said(loser, "Ready") ==
      "False NotOffered: No node that is ready offers nvidia.com/gpu with the labels \"product=A100\" and is "
      "left to this class.");
  const auto winner = room.Written("a100-north");
  CHECK(winner.nodes == 1);
  CHECK(Said(winner, "Stalled") == "False Progressing: Nobody needs to act.");

  SECTION("until one node is its own, be it cordoned") {
    room.AddCordoned("b", kA100, {{"nvidia.com/gpu", "4"}});
    CHECK(Said(room.Written("a100"), "Stalled") == "False Progressing: Nobody needs to act.");
  }
  SECTION("and a winner's cordoned nodes are still the winner's") {
    auto node = room.Node("a", {{"product", "A100"}, {"zone", "north"}}, {{"nvidia.com/gpu", "4"}});
    node.spec.unschedulable = true;
    room.Put(room.world.nodes, node);
    CHECK(Said(room.Written("a100"), "Stalled").starts_with("True Overlap"));
  }
  SECTION("of equal selectors the first by name wins; no more than three are named") {
    for (const auto* name : {"b", "c", "d", "e"}) {
      room.Class(name, {{"product", "A100"}, {"rack", name}});
      room.Add(std::string("n") + name, {{"product", "A100"}, {"rack", name}}, {{"nvidia.com/gpu", "1"}});
    }
    const auto said = Said(room.Written("a100"), "Stalled");
    CHECK(said.find("AcceleratorClass \"a100-north\", \"b\", \"c\" and 2 more, which") != std::string::npos);
  }
}

TEST_CASE("messages stay within the schema however long labels and names are") {
  Room room;
  kube::StringMap labels;
  for (int i = 0; i < 16; ++i) labels[std::string(300, 'l') + std::to_string(i)] = std::string(63, '\n');
  room.Class("z" + std::string(62, 'z'), labels, std::string(200, 'r') + "/" + std::string(52, 'r'));
  for (int i = 0; i < 5; ++i)
    room.Class(std::string(62, 'a') + std::to_string(i), labels,
               std::string(200, 'r') + "/" + std::string(52, 'r'));
  room.Add("a", labels, {{std::string(200, 'r') + "/" + std::string(52, 'r'), "1"}});
  const auto status = room.Written("z" + std::string(62, 'z'));
  CHECK(Said(status, "Stalled").starts_with("True Overlap"));
  for (const auto& condition : status.conditions) {
    CHECK(condition.message.size() <= 1024);
    CHECK(condition.message.find('\n') == std::string::npos);
  }
}

TEST_CASE("what the status says already is not written again, and what others wrote into it is put right") {
  Room room;
  room.Class("a100", kA100);
  room.Add("a", kA100, {{"nvidia.com/gpu", "4"}});
  const auto status = room.Written("a100");
  const auto decide = [&](Time now) {
    return DecideClassStatus(room.world, room.CountAll(), {"", "a100"}, {now, 0});
  };
  CHECK(decide(kNow).actions.empty());
  CHECK(decide(kNow + std::chrono::hours{100}).actions.empty());
  CHECK_FALSE(decide(kNow).wake_at);

  auto spoilt = *room.world.accelerator_classes.Get({"", "a100"});
  spoilt.status.free = 77;
  spoilt.status.conditions.clear();
  room.Put(room.world.accelerator_classes, spoilt);
  CHECK(room.Written("a100") == status);
}

TEST_CASE("a count of an older spec, of a class that is gone or was never counted writes nothing") {
  Room room;
  room.Class("a100", kA100);
  const auto counts = room.CountAll();
  CHECK(DecideClassStatus(room.world, counts, {"", "t4"}, {kNow, 0}).actions.empty());
  CHECK(DecideClassStatus(room.world, {}, {"", "a100"}, {kNow, 0}).actions.empty());
  auto edited = *room.world.accelerator_classes.Get({"", "a100"});
  edited.metadata.generation = 2;
  room.Put(room.world.accelerator_classes, edited);
  CHECK(DecideClassStatus(room.world, counts, {"", "a100"}, {kNow, 0}).actions.empty());
  CHECK(DecideClassStatus(room.world, room.CountAll(), {"", "a100"}, {kNow, 0}).actions.size() == 1);
}

}  // namespace
}  // namespace marea::placement
