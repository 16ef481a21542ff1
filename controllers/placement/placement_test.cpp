#include "controllers/placement/placement.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "controllers/placement/sample_test.hpp"

namespace marea::placement {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kGi = std::int64_t{1} << 30;

NodeView Node(const std::string& name, const std::string& product, std::int64_t gpus) {
  return {
      .name = name,
      .labels = product.empty() ? kube::StringMap{} : kube::StringMap{{"nvidia.com/gpu.product", product}},
      .taints = {},
      .usable = true,
      .allocatable = {{"cpu", Quantity::FromUnits(16)},
                      {"memory", Quantity::FromUnits(64 * kGi)},
                      {"pods", Quantity::FromUnits(110)},
                      {"nvidia.com/gpu", Quantity::FromUnits(gpus)}}};
}

api::Request Ask(int order, std::vector<api::Alternative> alternatives) {
  return {.uid = "uid-" + std::to_string(order),
          .user = "ada",
          .project = "default",
          .since = Time{} + seconds{order},
          .alternatives = std::move(alternatives),
          .cpu = Quantity::FromUnits(1),
          .memory = Quantity::FromUnits(2 * kGi),
          .node_selector = {},
          .tolerations = {},
          .claims = {}};
}

Sample Platform() {
  return {.classes = {{"a100", "nvidia.com/gpu", {{"nvidia.com/gpu.product", "A100"}}, {}},
                      {"t4", "nvidia.com/gpu", {{"nvidia.com/gpu.product", "T4"}}, {}}},
          .nodes = {Node("t4-0", "T4", 2), Node("a100-0", "A100", 1), Node("cpu-0", "", 0)}};
}

const api::Wait& WaitOf(const std::map<Key, api::Proposal>& proposals, const char* name) {
  return std::get<api::Wait>(proposals.at({"ns", name}));
}

api::Proposal On(const char* device_class, std::int64_t count, const char* node) {
  return api::Admit{device_class, count, node};
}

TEST_CASE("each session gets exactly the class it asked for, never another device of the same resource") {
  auto platform = Platform();
  platform.waiting = {{{"ns", "ada"}, Ask(1, {{"a100", 1}})}, {{"ns", "ben"}, Ask(2, {{"t4", 2}})}};
  const auto proposals = Place(platform);
  CHECK(proposals.at({"ns", "ada"}) == On("a100", 1, "a100-0"));
  CHECK(proposals.at({"ns", "ben"}) == On("t4", 2, "t4-0"));
}

TEST_CASE("a claim pins a request to the nodes it can be mounted on") {
  auto platform = Platform();
  platform.nodes = {Node("cpu-0", "", 0), Node("cpu-1", "", 0)};
  api::ClaimNeed home{
      .claim = {"ns", "claim-ada"}, .is_home = true, .one_node = true, .reach = {}, .node = {}, .holder = {}};
  const auto place = [&](std::vector<const char*> names) {
    platform.waiting.clear();
    for (const char* name : names) {
      auto request = Ask(static_cast<int>(platform.waiting.size()), {});
      request.claims = {home};
      platform.waiting.emplace(Key{"ns", name}, request);
    }
    return Place(platform);
  };
  CHECK(place({"ada"}).at({"ns", "ada"}) == On("cpu", 0, "cpu-0"));

  SECTION("where its volume is") {
    home.reach = kube::NodeSelector{{{.expressions = {}, .fields = {{"metadata.name", "In", {"cpu-1"}}}}}};
    CHECK(place({"ada"}).at({"ns", "ada"}) == On("cpu", 0, "cpu-1"));
    home.reach->terms[0].fields[0].values = {"cpu-9"};
    CHECK(WaitOf(place({"ada"}), "ada").reason == "HomeOutOfReach");
  }
  SECTION("where it is mounted already") {
    home.node = "cpu-1";
    home.holder = "session bob";
    CHECK(place({"ada"}).at({"ns", "ada"}) == On("cpu", 0, "cpu-1"));
    home.one_pod = true;
    CHECK(WaitOf(place({"ada"}), "ada").reason == "HomeInUse");
  }
  SECTION("where another of the same pass will mount it") {
    platform.nodes[0].allocatable["cpu"] = Quantity::FromUnits(1);
    const auto both = place({"ada", "ada-too"});
    CHECK(both.at({"ns", "ada"}) == On("cpu", 0, "cpu-0"));
    CHECK(WaitOf(both, "ada-too").reason == "HomeInUse");
    home.one_node = false;
    CHECK(place({"ada", "ada-too"}).at({"ns", "ada-too"}) == On("cpu", 0, "cpu-1"));
  }
}

TEST_CASE("first come, first served by submit time, then by uid") {
  auto platform = Platform();
  platform.waiting = {{{"ns", "late"}, Ask(9, {{"a100", 1}})}, {{"ns", "early"}, Ask(3, {{"a100", 1}})}};
  auto proposals = Place(platform);
  CHECK(proposals.at({"ns", "early"}) == On("a100", 1, "a100-0"));
  CHECK(WaitOf(proposals, "late").reason == "NoFreeDevice");
  CHECK(WaitOf(proposals, "late").message == "Waiting for 1 a100; all 1 are in use. Number 1 in line.");
  CHECK(WaitOf(proposals, "late").shape ==
        api::Shape{"a100", 1, Quantity::FromUnits(1), Quantity::FromUnits(2 * kGi), {}});

  platform.waiting.at({"ns", "late"}).uid = "uid-0";  // which counts only between two of the same time
  CHECK(Place(platform).at({"ns", "early"}) == On("a100", 1, "a100-0"));
  platform.waiting.at({"ns", "late"}).since = platform.waiting.at({"ns", "early"}).since;
  CHECK(Place(platform).at({"ns", "late"}) == On("a100", 1, "a100-0"));
}

TEST_CASE("what a pass gives away is gone for those who come after, in the same pass") {
  auto platform = Platform();
  platform.waiting = {{{"ns", "ada"}, Ask(1, {{"t4", 1}})},
                      {{"ns", "ben"}, Ask(2, {{"t4", 1}})},
                      {{"ns", "cy"}, Ask(3, {{"t4", 1}})}};
  const auto proposals = Place(platform);
  CHECK(proposals.at({"ns", "ada"}) == On("t4", 1, "t4-0"));
  CHECK(proposals.at({"ns", "ben"}) == On("t4", 1, "t4-0"));
  CHECK(WaitOf(proposals, "cy").message == "Waiting for 1 t4; all 2 are in use. Number 1 in line.");
}

TEST_CASE("alternatives are tried in order") {
  auto platform = Platform();
  platform.waiting = {{{"ns", "ada"}, Ask(1, {{"a100", 1}, {"t4", 2}})}};
  CHECK(Place(platform).at({"ns", "ada"}) == On("a100", 1, "a100-0"));
  platform.uses = {{"a100-0", {{"nvidia.com/gpu", Quantity::FromUnits(1)}}}};
  CHECK(Place(platform).at({"ns", "ada"}) == On("t4", 2, "t4-0"));
}

TEST_CASE("a session needs all its devices, processor, memory and a pod slot on one node") {
  auto platform = Platform();
  platform.waiting = {{{"ns", "ada"}, Ask(1, {{"t4", 2}})}};
  const auto use = [&](const char* resource, Quantity amount) {
    platform.uses = {{"t4-0", {{resource, amount}}}};
  };
  SECTION("devices") {
    use("nvidia.com/gpu", Quantity::FromUnits(1));
  }
  SECTION("processor") {
    use("cpu", Quantity::FromMilli(15001));
  }
  SECTION("memory") {
    use("memory", Quantity::FromUnits(62 * kGi + 1));
  }
  SECTION("pods") {
    use("pods", Quantity::FromUnits(110));
  }
  const auto proposals = Place(platform);
  CHECK(WaitOf(proposals, "ada").reason == "NoFreeDevice");
  CHECK_FALSE(WaitOf(proposals, "ada").message.empty());
}

TEST_CASE("a node that is not ready, not selected or not tolerated is not used") {
  auto platform = Platform();
  platform.waiting = {{{"ns", "ada"}, Ask(1, {{"a100", 1}})}};
  auto& node = platform.nodes[1];
  SECTION("not usable") {
    node.usable = false;
    const auto proposals = Place(platform);
    CHECK(WaitOf(proposals, "ada").reason == "WaitingForMachine");
    CHECK_FALSE(WaitOf(proposals, "ada").stalled);
    return;
  }
  SECTION("tainted") {
    node.taints = {{"nvidia.com/gpu", "present", "NoSchedule"}};
  }
  SECTION("another selector") {
    platform.waiting.at({"ns", "ada"}).node_selector = {{"zone", "b"}};
  }
  const auto proposals = Place(platform);
  CHECK(WaitOf(proposals, "ada").reason == "NoSuchShape");
  CHECK(WaitOf(proposals, "ada").stalled);
}

TEST_CASE("a taint that the device class tolerates keeps nobody off") {
  auto platform = Platform();
  platform.waiting = {{{"ns", "ada"}, Ask(1, {{"a100", 1}})}};
  platform.nodes[1].taints = {{"nvidia.com/gpu", "present", "NoSchedule"}};
  platform.classes[0].tolerations = {{"nvidia.com/gpu", "Exists", "", ""}};
  CHECK(Place(platform).at({"ns", "ada"}) == On("a100", 1, "a100-0"));
}

TEST_CASE("what no node could ever hold is said as that") {
  auto platform = Platform();
  platform.waiting = {{{"ns", "many"}, Ask(1, {{"t4", 8}})},
                      {{"ns", "none"}, Ask(2, {{"a30", 1}})},
                      {{"ns", "gone"}, Ask(3, {{"a100", 1}})}};
  platform.nodes.erase(platform.nodes.begin() + 1);
  const auto proposals = Place(platform);
  CHECK(WaitOf(proposals, "many").message ==
        "No node is large enough for 8 t4 with 1 cpu and 2Gi memory; ask for less, or an administrator for a "
        "larger "
        "node.");
  CHECK(WaitOf(proposals, "none").message == "There is no AcceleratorClass \"a30\"; ask for another.");
  CHECK(WaitOf(proposals, "gone").message ==
        "No node that is ready offers a100; an administrator must add one.");
}

TEST_CASE("sessions without devices keep off device nodes while they can") {
  auto platform = Platform();
  platform.nodes[2].name = "z-cpu";
  platform.waiting = {{{"ns", "ada"}, Ask(1, {})}};
  CHECK(Place(platform).at({"ns", "ada"}) == On("cpu", 0, "z-cpu"));
  platform.uses = {{"z-cpu", {{"cpu", Quantity::FromUnits(16)}}}};
  CHECK(Place(platform).at({"ns", "ada"}) == On("cpu", 0, "a100-0"));
}

TEST_CASE("where two classes claim a node's resource, the more exact one has it, then the first by name") {
  const DeviceClass any{"any-gpu", "nvidia.com/gpu", {}, {}};
  const DeviceClass exact{"z-exact", "nvidia.com/gpu", {{"product", "A100"}}, {}};
  const DeviceClass twin{"a-exact", "nvidia.com/gpu", {{"product", "A100"}}, {}};
  const std::vector<DeviceClass> classes{any, exact, twin};
  CHECK(OwnerOf(classes, {{"product", "A100"}}, "nvidia.com/gpu")->name == "a-exact");
  CHECK(OwnerOf(classes, {{"product", "T4"}}, "nvidia.com/gpu")->name == "any-gpu");
  CHECK(OwnerOf(classes, {}, "xilinx.com/fpga") == nullptr);
}

TEST_CASE("the order of the inputs changes nothing") {
  auto platform = Platform();
  for (int i = 0; i < 6; ++i)
    platform.waiting[{"ns", "s" + std::to_string(i)}] = Ask(i, {{"a100", 1}, {"t4", 1}});
  const auto expected = Place(platform);
  std::ranges::reverse(platform.nodes);
  std::ranges::reverse(platform.classes);
  CHECK(Place(platform) == expected);
}

TEST_CASE("a pass that may admit only some admits the first, and says nothing about the others") {
  auto platform = Platform();
  platform.nodes = {Node("t4-0", "T4", 8)};
  for (int order = 0; order < 6; ++order)
    platform.waiting.emplace(Key{"ns", "s" + std::to_string(order)},
                             Ask(order, {{"t4", order == 1 ? 9 : 1}}));
  const auto proposals = Place(platform, {.admits = 3});
  CHECK(proposals.size() == 3);
  for (const char* name : {"s0", "s2", "s3"}) CHECK(proposals.at({"ns", name}) == On("t4", 1, "t4-0"));
  CHECK(Place(platform).size() == 6);
}

TEST_CASE("who asks for what another could not have gets that answer, as if it had been looked for") {
  std::mt19937 chance(7);
  const auto below = [&](int n) { return static_cast<int>(chance() % static_cast<unsigned>(n)); };
  // A volume that every node reaches: such a request is looked at by itself.
  api::ClaimNeed anywhere{.claim = {"ns", "data"}, .is_home = false, .reach = {}, .node = {}, .holder = {}};
  anywhere.reach = kube::NodeSelector{
      {{.expressions = {{.key = "nowhere", .operation = "DoesNotExist", .values = {}}}, .fields = {}}}};
  for (int world = 0; world < 300; ++world) {
    auto platform = Platform();
    platform.nodes.clear();
    for (int n = 0; n < 4; ++n)
      platform.nodes.push_back(Node("n" + std::to_string(n), below(2) == 0 ? "T4" : "A100", below(4)));
    auto tied = platform;
    for (int order = 0; order < 25; ++order) {
      std::vector<api::Alternative> alternatives;
      for (int i = below(3); i > 0; --i)
        alternatives.push_back({below(2) == 0 ? "t4" : "a100", 1 + below(3)});
      auto request = Ask(order, std::move(alternatives));
      request.cpu = Quantity::FromUnits(1 + below(3));
      if (below(4) == 0) request.node_selector = {{"nvidia.com/gpu.product", "T4"}};
      const Key key{"ns", "s" + std::to_string(order)};
      platform.waiting.emplace(key, request);
      request.claims = {anywhere};
      tied.waiting.emplace(key, request);
    }
    const auto quick = Place(platform), thorough = Place(tied);
    REQUIRE(quick.size() == thorough.size());
    for (const auto& [key, proposal] : quick) {
      const auto* wait = std::get_if<api::Wait>(&proposal);
      if (wait == nullptr) {
        REQUIRE(proposal == thorough.at(key));
      } else {  // the words may tell of a moment earlier in the pass
        REQUIRE(wait->reason == WaitOf(thorough, key.name.c_str()).reason);
        REQUIRE(wait->shape == WaitOf(thorough, key.name.c_str()).shape);
      }
    }
  }
}

}  // namespace
}  // namespace marea::placement
