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

TEST_CASE("the fullest node that fits is taken, so that machines become empty") {
  auto platform = Platform();
  platform.nodes = {Node("a", "T4", 4), Node("b", "T4", 4), Node("c", "T4", 4)};
  platform.uses = {{"b", {{"nvidia.com/gpu", Quantity::FromUnits(1)}}},
                   {"c", {{"nvidia.com/gpu", Quantity::FromUnits(3)}}}};
  platform.waiting = {{{"ns", "one"}, Ask(1, {{"t4", 1}})},
                      {{"ns", "two"}, Ask(2, {{"t4", 2}})},
                      {{"ns", "four"}, Ask(3, {{"t4", 4}})}};
  const auto proposals = Place(platform);
  CHECK(proposals.at({"ns", "one"}) == On("t4", 1, "c"));
  CHECK(proposals.at({"ns", "two"}) == On("t4", 2, "b"));
  CHECK(proposals.at({"ns", "four"}) == On("t4", 4, "a"));
}

TEST_CASE(
    "a lesser alternative is taken once the patience for the preferred one is over, or at once where that "
    "can never be") {
  auto platform = Platform();
  platform.now = Time{} + seconds{100};
  auto ask = Ask(0, {{"a100", 1}, {"t4", 2}});
  ask.patience = seconds{300};
  platform.waiting = {{{"ns", "ada"}, ask}};
  SECTION("the preferred one is free") {
    CHECK(Place(platform).at({"ns", "ada"}) == On("a100", 1, "a100-0"));
  }
  SECTION("it is not") {
    platform.uses = {{"a100-0", {{"nvidia.com/gpu", Quantity::FromUnits(1)}}}};
    const auto placed = Stage(platform).Run(platform);
    CHECK(WaitOf(placed.proposals, "ada").message ==
          "Waiting for 1 a100; all 1 are in use. Number 1 in line.");
    REQUIRE(placed.next);
    CHECK(*placed.next == ask.since + seconds{300});
    platform.now = *placed.next;
    CHECK(Place(platform).at({"ns", "ada"}) == On("t4", 2, "t4-0"));
  }
  SECTION("there is none") {
    platform.nodes.erase(platform.nodes.begin() + 1);
    const auto placed = Stage(platform).Run(platform);
    CHECK(placed.proposals.at({"ns", "ada"}) == On("t4", 2, "t4-0"));
    CHECK_FALSE(placed.next);
  }
}

TEST_CASE("a place in line is counted among those who want the same devices, in the order of fair share") {
  auto platform = Platform();
  platform.projects = {{.name = "a"}, {.name = "b", .weight = 2}};
  platform.used_credits = {{"b", 1'000'000'000'000}};
  platform.uses = {{"t4-0", {{"nvidia.com/gpu", Quantity::FromUnits(2)}}},
                   {"a100-0", {{"nvidia.com/gpu", Quantity::FromUnits(1)}}}};
  int order = 0;
  const auto ask = [&](const std::string& name, const char* project, const char* device) {
    auto request = Ask(++order, {{device, 1}});
    request.project = project;
    request.preemptible = true;
    platform.waiting.emplace(Key{"ns", name}, request);
  };
  for (int i = 0; i < 12; ++i) ask("b" + std::to_string(10 + i), "b", "t4");
  ask("a10", "a", "t4");
  ask("x10", "b", "a100");
  const auto proposals = Place(platform);
  CHECK(WaitOf(proposals, "a10").position == 1);
  CHECK(WaitOf(proposals, "b10").position == 2);
  CHECK(WaitOf(proposals, "x10").position == 1);
  CHECK(WaitOf(proposals, "b18").position == 10);
  CHECK(WaitOf(proposals, "b18").message.ends_with(" Number 10 in line."));
  CHECK(WaitOf(proposals, "b19").position == 20);
  CHECK(WaitOf(proposals, "b21").position == 20);
  CHECK(WaitOf(proposals, "b21").message.ends_with(" Within the first 20 in line."));
  for (const auto& [place, told] :
       std::map<int, int>{{10, 10}, {11, 20}, {21, 50}, {51, 100}, {101, 200}, {201, 500}, {501, 1000}})
    CHECK(ToldPosition(place) == told);
}

TEST_CASE("a node is kept for who has waited very long and fits nowhere yet, and for nobody else") {
  auto platform = Platform();
  platform.nodes = {Node("t4-0", "T4", 4), Node("t4-1", "T4", 4)};
  platform.now = Time{} + kAgeing + seconds{100};
  platform.uses = {{"t4-0", {{"nvidia.com/gpu", Quantity::FromUnits(2)}}},
                   {"t4-1", {{"nvidia.com/gpu", Quantity::FromUnits(3)}}}};
  auto young = Ask(0, {{"t4", 1}});
  young.since = platform.now;
  for (const char* name : {"y0", "y1", "y2"}) platform.waiting[{"ns", name}] = young;
  platform.waiting[{"ns", "big"}] = Ask(101, {{"t4", 4}});  // for a second less than that
  CHECK(Stage(platform).Run(platform).kept == Kept{});
  CHECK(WaitOf(Place(platform), "big").reason == "NoFreeDevice");

  platform.waiting[{"ns", "big"}].since = Time{} + seconds{100};
  const auto placed = Stage(platform).Run(platform);
  CHECK(placed.kept.nodes == std::set<std::string>{"t4-0"});  // the one with most free
  CHECK(std::ranges::count_if(placed.proposals,
                              [](const auto& p) { return p.second == On("t4", 1, "t4-1"); }) == 1);
  CHECK(std::ranges::count_if(placed.proposals, [](const auto& p) {
          return std::holds_alternative<api::Wait>(p.second);
        }) == 3);

  platform.uses.pop_back(), platform.uses.pop_back();
  const auto proposals = Place(platform);
  CHECK(proposals.at({"ns", "big"}) == On("t4", 4, "t4-0"));
  CHECK(proposals.at({"ns", "y2"}) == On("t4", 1, "t4-1"));
}

TEST_CASE("of a class that someone has long waited to borrow nothing more is lent to others") {
  auto platform = Platform();
  platform.projects = {{.name = "owner", .classes = {{"t4", {.guarantee = 2, .lending_limit = 1}}}},
                       {.name = "b"}};
  platform.nodes = {Node("t4-0", "T4", 4)};
  platform.now = Time{} + kAgeing + seconds{100};
  auto big = Ask(1, {{"t4", 3}}), small = Ask(2, {{"t4", 1}});
  big.project = small.project = "b";
  big.preemptible = small.preemptible = true;
  small.since = platform.now;
  platform.charges = {{"b", "x", "t4", 1, true}};
  platform.uses = {{"t4-0", {{"nvidia.com/gpu", Quantity::FromUnits(1)}}}};
  platform.waiting = {{{"ns", "big"}, big}, {{"ns", "small"}, small}};
  const auto placed = Stage(platform).Run(platform);
  CHECK(placed.kept.not_lent == std::set<std::string>{"t4"});
  CHECK(std::holds_alternative<api::Wait>(placed.proposals.at({"ns", "small"})));
  small.project = "owner";  // within its guarantee
  platform.waiting[{"ns", "small"}] = small;
  CHECK(Place(platform).at({"ns", "small"}) == On("t4", 1, "t4-0"));
}

TEST_CASE(
    "what pods of lower priority use is free for classes that say so, where nothing is free otherwise") {
  auto platform = Platform();
  platform.nodes = {Node("t4-0", "T4", 2), Node("t4-1", "T4", 2)};
  const auto batch = [](const char* node, std::int64_t priority) {
    return Use{
        node, {{"nvidia.com/gpu", Quantity::FromUnits(1)}, {"cpu", Quantity::FromUnits(15)}}, priority};
  };
  platform.uses = {batch("t4-0", -10), batch("t4-0", -20), batch("t4-1", -10), batch("t4-1", 0)};
  platform.waiting = {{{"ns", "ada"}, Ask(1, {{"t4", 1}})}, {{"ns", "ben"}, Ask(2, {{"t4", 2}})}};
  CHECK(WaitOf(Place(platform), "ada").reason == "NoFreeDevice");

  platform.classes[1].reclaim_below_priority = 0;
  auto proposals = Place(platform);
  const api::Admit taken{"t4", 1, "t4-0", api::AdmissionKind::kGuaranteed, true};
  CHECK(proposals.at({"ns", "ada"}) == api::Proposal(taken));
  CHECK(WaitOf(proposals, "ben").reason ==
        "NoFreeDevice");  // one of two is left there, and a pod of priority 0

  platform.classes[1].reclaim_below_priority = -10;  // below that
  CHECK(Place(platform).at({"ns", "ada"}) == api::Proposal(taken));
  platform.classes[1].reclaim_below_priority = -20;
  CHECK(WaitOf(Place(platform), "ada").reason == "NoFreeDevice");

  platform.classes[1].reclaim_below_priority = 0;
  platform.nodes.push_back(Node("t4-9", "T4", 1));
  CHECK(Place(platform).at({"ns", "ada"}) == On("t4", 1, "t4-9"));  // nobody need go
}

TEST_CASE("people are told what their project may have, and what to do where that can never be enough") {
  auto platform = Platform();
  platform.nodes = {Node("t4-0", "T4", 8)};
  platform.projects = {
      {.name = "laser",
       .classes = {{"t4", {.guarantee = 2, .limit = 4, .user_limit = 3}}, {"a100", {.limit = 0}}}}};
  auto ask = Ask(1, {{"t4", 1}});
  ask.project = "laser";
  const auto wait = [&](std::int64_t count, bool preemptible, const char* device = "t4") {
    ask.alternatives = {{device, count}};
    ask.preemptible = preemptible;
    platform.waiting = {{{"ns", "ada"}, ask}};
    return WaitOf(Place(platform), "ada");
  };
  const auto says = [](const api::Wait& w) { return w.reason + (w.stalled ? "! " : ": ") + w.message; };
  CHECK(says(wait(1, false, "a100")) ==
        "ClassNotAllowed! Project laser may not use a100; ask for another, or the project's leader.");
  CHECK(says(wait(5, true)) ==
        "ProjectLimit! Project laser may never hold 5 t4 at a time; ask for fewer, or the project's leader.");
  CHECK(says(wait(4, true)) ==
        "UserLimit! In Project laser one user may never hold 4 t4 at a time; ask for fewer, or the project's "
        "leader.");
  CHECK(says(wait(3, false)) ==
        "ProjectLimit! Project laser was promised 2 t4, which is too few; set preemptible: true to borrow "
        "what others do not use.");
  platform.charges = {{"laser", "ada", "t4", 2, false}};
  CHECK(says(wait(1, false)) ==
        "ProjectLimit: Project laser was promised 2 t4, which its sessions hold; waiting for one of them to "
        "end. With preemptible: true it may borrow. Number 1 in line.");
  CHECK(says(wait(2, true)) ==
        "UserLimit: You hold 2 t4 in Project laser and may not hold more; stop a session, or wait for one to "
        "end.");
  platform.charges = {{"laser", "ben", "t4", 4, false}};
  CHECK(
      says(wait(1, true)) ==
      "ProjectLimit: Project laser holds 4 t4 and may not hold more; waiting for one of its sessions to end. "
      "Number 1 in line.");
  platform.projects[0].classes["t4"] = {.guarantee = 2};
  platform.charges = {{"default", "eve", "t4", 8, true}};
  CHECK(says(wait(1, false)) ==
        "ProjectLimit: Others use what Project laser could have; waiting for one of their sessions to end. "
        "Number 1 in line.");
  ask.project = "default";
  platform.projects[0].classes["t4"] = {.guarantee = 8};
  platform.charges = {};
  CHECK(says(wait(1, false)) ==
        "ProjectLimit: Beside what others were promised, Project default has 0 t4; waiting for more to come. "
        "With "
        "preemptible: true it may borrow. Number 1 in line.");
  ask.project = "laser";
  platform.projects[0].classes["t4"] = {};
  CHECK(says(wait(1, false)) ==
        "ProjectLimit! Project laser was promised no t4; set preemptible: true to borrow what others do not "
        "use.");
}

TEST_CASE("a volume's zone is part of what a machine would need") {
  auto platform = Platform();
  platform.uses = {{"t4-0", {{"nvidia.com/gpu", Quantity::FromUnits(2)}}}};
  auto ask = Ask(1, {{"t4", 1}});
  api::ClaimNeed home{.claim = {"ns", "claim-ada"}, .is_home = true, .reach = {}, .node = {}, .holder = {}};
  home.reach =
      kube::NodeSelector{{{.expressions = {{"topology.kubernetes.io/zone", "In", {"b"}}}, .fields = {}}}};
  platform.nodes[0].labels["topology.kubernetes.io/zone"] = "b";
  ask.claims = {home};
  platform.waiting = {{{"ns", "ada"}, ask}};
  CHECK(WaitOf(Place(platform), "ada").shape.zone == "b");
  ask.claims.clear();
  ask.node_selector = {{"topology.kubernetes.io/zone", "b"}};
  platform.waiting = {{{"ns", "ada"}, ask}};
  CHECK(WaitOf(Place(platform), "ada").shape.zone == "b");
}

TEST_CASE("a node that is gone leaves nothing behind, whenever its pods go") {
  Capacity capacity;
  capacity.SetClasses(Platform().classes);
  capacity.SetNode(Node("t4-0", "T4", 4));
  const Use one{"t4-0", {{"nvidia.com/gpu", Quantity::FromUnits(1)}}},
      two{"t4-0", {{"nvidia.com/gpu", Quantity::FromUnits(2)}}};
  capacity.Add(one);
  capacity.RemoveNode("t4-0");
  capacity.Add(two);
  const auto* t4 = capacity.Find("t4");
  CHECK_FALSE(capacity.FindFit(Ask(1, {{"t4", 1}}), t4, 1, {}));
  capacity.Remove(one);
  capacity.Remove(two);
  CHECK_FALSE(capacity.Look(Ask(1, {{"t4", 1}}), t4, 1).holds);
  CHECK(capacity.UsedOn("t4-0", "nvidia.com/gpu") == Quantity{});
  capacity.SetNode(Node("t4-0", "T4", 4));
  CHECK(capacity.FindFit(Ask(1, {{"t4", 4}}), t4, 4, {})->node == "t4-0");
}

}  // namespace
}  // namespace marea::placement
