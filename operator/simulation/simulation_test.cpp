#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>

#include "simulation/scenario.hpp"
#include "simulation/week.hpp"

using namespace marea;
using namespace marea::simulation;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;

// Sanitizers are slow: they see fewer moments, seeds and days.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kStep = 20, kDays = 2;
constexpr std::uint64_t kSeeds = 3;
#else
constexpr int kStep = 4, kDays = 7;
constexpr std::uint64_t kSeeds = 20;
#endif

Lines LogOf(const RunSpec& spec) {
  Lines lines;
  Play(spec, [&](const std::string& line) { lines.push_back(line); });
  return lines;
}

Outcome Quietly(const RunSpec& spec) {
  return Play(spec, {});
}

testing::FaultPlan Faults(const char* text) {
  return *testing::ParseFaultPlan(text);
}

}  // namespace

TEST_CASE("every story comes to its end without faults", "[simulation]") {
  for (const auto& scenario : Scenarios()) {
    const auto outcome = Quietly({.scenario = scenario.name});
    INFO(scenario.name);
    CHECK(outcome.violations == Lines{});
    CHECK(outcome.counts.writes > 5);
  }
}

TEST_CASE("the same seed gives the same event log, another seed another one", "[simulation]") {
  const RunSpec spec{.scenario = "start", .seed = 7, .faults = Faults("write:5:crash-lost,second:9:outage")};
  const auto first = LogOf(spec);
  CHECK(first.size() > 100);
  CHECK(LogOf(spec) == first);
  RunSpec other = spec;
  other.seed = 8;
  CHECK(LogOf(other) != first);
}

TEST_CASE("another seed, another timing, the same end", "[simulation]") {
  const auto expected = Quietly({.scenario = "start"});
  for (std::uint64_t seed = 2; seed < kSeeds; ++seed) {
    INFO(seed);
    const auto outcome = Quietly({.scenario = "start", .seed = seed});
    CHECK(outcome.end_state == expected.end_state);
    CHECK(outcome.made_and_deleted == expected.made_and_deleted);
  }
}

TEST_CASE("two hundred sessions at rest: ten hours without a write", "[simulation]") {
  Platform platform({.seed = 3});
  for (int node = 0; node < 50; ++node) {
    platform.cluster().AddNode(
        "node-" + std::to_string(node), {{"nvidia.com/gpu.product", "A100"}},
        {{"cpu", "64"}, {"memory", "512Gi"}, {"pods", "110"}, {"nvidia.com/gpu", "4"}});
  }
  const auto name = [](int i) { return "s" + std::to_string(i); };
  for (int i = 0; i < 200; ++i) {
    platform.Ask(name(i),
                 {{"user", "user-" + std::to_string(i)},
                  {"durationSeconds", 86400},
                  {"accelerator", {{"alternatives", Json::array({{{"className", "a100"}, {"count", 1}}})}}}});
  }
  platform.Until("all are Ready", [&] {
    for (int i = 0; i < 200; ++i) {
      if (platform.Summary(name(i)) != "Ready") return false;
    }
    return true;
  });
  platform.Run(1min);
  const auto before = platform.laws().writes();
  platform.Run(10h);
  CHECK(platform.laws().writes() == before);
  CHECK(platform.laws().violations() == Lines{});
}

TEST_CASE("wrong clocks, an absent server, a restored one: the laws hold and the story ends",
          "[simulation]") {
  for (const auto* fault :
       {"second:3:clock-back", "second:3:clock-forward", "second:1:drift", "second:4:pause", "second:4:kill",
        "second:3:outage", "second:3:compact", "second:25:restore"}) {
    for (const auto* scenario : {"create", "start", "delete"}) {
      const auto outcome = Quietly({.scenario = scenario, .faults = Faults(fault)});
      INFO(scenario << " " << fault);
      CHECK(outcome.violations == Lines{});
    }
  }
}

TEST_CASE("a request that was given up long ago may find no server when it arrives", "[simulation]") {
  for (int write = 1; write <= 16; ++write) {
    const auto faults = "write:" + std::to_string(write) + ":slow,second:12:outage";
    const auto outcome = Quietly({.scenario = "create", .faults = Faults(faults.c_str())});
    INFO(faults);
    CHECK(outcome.violations == Lines{});
  }
}

TEST_CASE("two operators: whatever befalls the leader, one leads and the story ends the same",
          "[simulation]") {
  for (const auto* scenario : {"start", "node-lost"}) {
    const auto expected = Quietly({.scenario = scenario, .replicas = 2});
    CHECK(expected.violations == Lines{});
    for (const auto* effect :
         {"pause", "kill", "outage", "clock-back", "clock-forward", "drift", "compact"}) {
      for (int second = 1; second < 30; second += kStep) {
        const auto fault = "second:" + std::to_string(second) + ":" + effect;
        const auto outcome = Quietly({.scenario = scenario, .faults = Faults(fault.c_str()), .replicas = 2});
        INFO(scenario << " " << fault);
        CHECK(outcome.violations == Lines{});
        CHECK(outcome.end_state == expected.end_state);
      }
    }
  }
}

TEST_CASE("two operators: the other one leads soon after the leader has died or was told to go",
          "[simulation]") {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Platform platform({.seed = seed, .replicas = 2});
    platform.Until("one leads", [&] { return !platform.Leader().empty(); });
    platform.Run(std::chrono::seconds{20 + seed});
    const auto first = platform.Leader();
    platform.KillLeader();
    auto since = platform.world().Monotonic();
    platform.Until("another one leads", [&] { return platform.Leader() != first; });
    CHECK(platform.world().Monotonic() - since <= 17s);

    platform.Run(1min);
    const auto second = platform.Leader();
    platform.UpgradeOperators();
    since = platform.world().Monotonic();
    platform.Until("yet another one leads",
                   [&] { return platform.Leader() != second && !platform.Leader().empty(); });
    // The first to be told may be the one that waits; the leader is told half a minute later.
    CHECK(platform.world().Monotonic() - since <= 32s);
    CHECK(platform.laws().violations() == Lines{});
  }
}

// One device; the older of two asks for two. The former leader gave it to the younger right before it died,
// and the watches, half a minute late, have not told. Then the machine gets its second device.
TEST_CASE("a new leader gives nothing away that the former one gave away in its last moment",
          "[simulation]") {
  PlatformOptions options{.seed = 1, .replicas = 2};
  options.network.lag["sessions"] = 30s;
  Platform platform(std::move(options));
  kube::StringMap machine{{"cpu", "32"}, {"memory", "128Gi"}, {"pods", "110"}, {"nvidia.com/gpu", "1"}};
  platform.cluster().AddNode("node-a", {{"nvidia.com/gpu.product", "A100"}}, machine);
  Json two = Wants({"a100"});
  two["accelerator"]["alternatives"][0]["count"] = 2;
  platform.Ask("older", two);
  platform.Run(1min);
  const auto first = platform.Leader();
  platform.Ask("younger", Wants({"a100"}));
  platform.Until("the younger has the device", [&] { return platform.NodeOf("younger") == "node-a"; });
  platform.KillLeader();
  machine["nvidia.com/gpu"] = "2";
  platform.cluster().SetResources("node-a", machine);
  platform.Until("another one leads", [&] { return platform.Leader() != first; });
  platform.Run(5min);
  CHECK(platform.Summary("younger") == "Ready");
  CHECK(platform.Summary("older") == "Queued");
  CHECK(platform.laws().violations() == Lines{});
}

TEST_CASE("a week of a platform", "[simulation]") {
  const auto began = std::chrono::steady_clock::now();
  const auto week = LiveAWeek(1, 1, kDays);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::cout << kDays << " days: " << week.asked << " sessions, " << week.writes << " writes, " << week.steps
            << " steps in " << took.count() << " s; at most "
            << *std::max_element(week.busy_by_hour.begin(), week.busy_by_hour.end()) << " of " << week.devices
            << " devices held\n";
  CHECK(week.violations == Lines{});
  CHECK(week.unserved == Lines{});
  CHECK(week.asked > 30 * kDays);
}
