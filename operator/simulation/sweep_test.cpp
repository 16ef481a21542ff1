#include "simulation/sweep.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

#include "simulation/branches.hpp"

using namespace marea;
using namespace marea::simulation;
using testing::At;
using testing::Effect;
using namespace std::chrono_literals;

namespace {

// Sanitizers are slow: they see every so manieth run. The build without them sees all.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStride = 100;
#else
constexpr std::size_t kStride = 1;
#endif

void Report(const std::string& what, const SweepReport& report) {
  std::cout << what << ": " << report.runs << " runs, " << report.steps << " steps, "
            << report.failures.size() << " failed\n";
  CHECK(report.runs > 0);
  for (const auto& failure : report.failures) FAIL_CHECK(failure);
}

void ReportAll(const char* what, At at, const std::vector<Effect>& effects) {
  SweepReport sum;
  for (const auto& scenario : Scenarios()) {
    INFO(scenario.name);
    Add(sum, Sweep({scenario.name, at, effects, kStride}));
  }
  Report(what, sum);
}

}  // namespace

TEST_CASE("what a copy of the run comes to is what a run of its own comes to", "[sweep]") {
  const auto told = [](const Outcome& outcome) {
    return std::vector{outcome.end_state, std::to_string(outcome.steps),
                       std::to_string(outcome.violations.size())};
  };
  for (const auto at : {At::kWrite, At::kRead, At::kEvent}) {
    const auto branches = PlayBranches({"start", at, testing::EffectsAt(at), 37}, told);
    CHECK(branches.size() > 5);
    for (const auto& branch : branches) {
      INFO(testing::ToText(branch.fault));
      CHECK(branch.complaints == told(Play({.scenario = "start", .faults = {branch.fault}}, {})));
    }
  }
}

TEST_CASE("a copy that dies is told of, and the others go on", "[sweep]") {
  const auto branches = PlayBranches({"create", At::kWrite, {Effect::kCrashLost}, 4},
                                     [](const Outcome&) -> std::vector<std::string> { std::abort(); });
  CHECK(branches.size() > 2);
  for (const auto& branch : branches) {
    CHECK(branch.died);
    CHECK(branch.complaints == std::vector<std::string>{"the process died of signal 6"});
  }
}

TEST_CASE("a crash at any write of any story changes nothing about its end", "[sweep]") {
  ReportAll("crashes", At::kWrite, {Effect::kCrashBefore, Effect::kCrashLost, Effect::kCrashAfter});
}

TEST_CASE("a watch event that is lost, late or stale changes nothing about the end", "[sweep]") {
  SweepReport sum;
  for (const auto& scenario : Scenarios()) {
    INFO(scenario.name);
    Add(sum, Sweep({scenario.name, At::kEvent, {Effect::kLost, Effect::kLag, Effect::kStale}, kStride}));
  }
  Report("events", sum);
}

TEST_CASE("a write that is answered badly, late or not at all changes nothing about the end", "[sweep]") {
  auto effects = testing::EffectsAt(At::kWrite);
  std::erase(effects, Effect::kStatus404);
  auto report = Sweep({"start", At::kWrite, effects, kStride});
  // Not of deletes: that an object is gone is believed, and nobody could know better.
  Add(report, Sweep({"start", At::kWrite, {Effect::kStatus404}, kStride, http::Method::kDelete}));
  Report("answers", report);
}

TEST_CASE("a read that is answered badly, late or not at all changes nothing about the end", "[sweep]") {
  Report("reads", Sweep({"create", At::kRead, testing::EffectsAt(At::kRead), kStride}));
}

TEST_CASE("a stream that breaks, falls silent or speaks nonsense changes nothing about the end", "[sweep]") {
  Report("streams",
         Sweep({"start",
                At::kEvent,
                {Effect::kCut, Effect::kCoalesced, Effect::kSilent, Effect::kGone, Effect::kGarbage},
                kStride}));
}

TEST_CASE("a kind whose watch tells everything late changes nothing about the end", "[sweep]") {
  SweepReport sum;
  for (const auto& scenario : Scenarios()) {
    if (kStride > 1 && scenario.name != "start") continue;
    INFO(scenario.name);
    Add(sum, SweepLags(scenario.name, 3s));
    Add(sum, SweepLags(scenario.name, 90s));
  }
  Report("lags", sum);
}

TEST_CASE("stories under faults drawn by chance come to their end within the laws", "[sweep]") {
  Report("chance", SweepSeeds(1, 400 / kStride));
}
