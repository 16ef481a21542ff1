#include "simulation/sweep.hpp"

#include <catch2/catch.hpp>
#include <iostream>

using namespace marea;
using namespace marea::simulation;
using testing::At;
using testing::Effect;
using namespace std::chrono_literals;

namespace {

// Sanitizers are slow: they see every so manieth run. The build without them sees all.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStride = 40;
#else
constexpr std::size_t kStride = 1;
#endif

void Judge(const std::string& what, const SweepReport& report) {
  std::cout << what << ": " << report.runs << " runs, " << report.steps << " steps, "
            << report.failures.size() << " failed\n";
  CHECK(report.runs > 0);
  for (const auto& failure : report.failures) FAIL_CHECK(failure);
}

// Of a sweep, where nearly every fault finds what it is meant for.
void JudgeSweep(const std::string& what, const SweepReport& report) {
  CHECK(report.missed * 20 <= report.runs);
  Judge(what, report);
}

void JudgeAll(const char* what, At at, const std::vector<Effect>& effects) {
  SweepReport sum;
  for (const auto& scenario : Scenarios()) {
    INFO(scenario.name);
    Add(sum, Sweep(scenario.name, at, effects, kStride));
  }
  JudgeSweep(what, sum);
}

}  // namespace

TEST_CASE("a crash at any write of any story changes nothing about its end", "[sweep]") {
  JudgeAll("crashes", At::kWrite, {Effect::kCrashBefore, Effect::kCrashLost, Effect::kCrashAfter});
}

TEST_CASE("a watch event that is lost, late or stale changes nothing about the end", "[sweep]") {
  SweepReport sum;
  for (const auto& scenario : Scenarios()) {
    INFO(scenario.name);
    // The long one has many events of each kind: each of them meets one of the three.
    const std::size_t stride = scenario.name == "twenty" ? 4 : 1;
    Add(sum,
        Sweep(scenario.name, At::kEvent, {Effect::kLost, Effect::kLag, Effect::kStale}, stride * kStride));
  }
  JudgeSweep("events", sum);
}

TEST_CASE("a write that is answered badly, late or not at all changes nothing about the end", "[sweep]") {
  JudgeSweep("answers",
             Sweep("start", At::kWrite,
                   {Effect::kRefused, Effect::kReset, Effect::kLate, Effect::kStatus401, Effect::kStatus429,
                    Effect::kStatus500, Effect::kStatus503, Effect::kHtml, Effect::kHtmlOk,
                    Effect::kTruncated, Effect::kMalformed, Effect::kWrongTypes, Effect::kNull},
                   kStride));
}

TEST_CASE("a read that is answered badly, late or not at all changes nothing about the end", "[sweep]") {
  JudgeSweep("reads", Sweep("create", At::kRead, testing::EffectsAt(At::kRead), kStride));
}

TEST_CASE("a stream that breaks, falls silent or speaks nonsense changes nothing about the end", "[sweep]") {
  JudgeSweep(
      "streams",
      Sweep("start", At::kEvent,
            {Effect::kCut, Effect::kCoalesced, Effect::kSilent, Effect::kGone, Effect::kGarbage}, kStride));
}

TEST_CASE("a kind whose watch tells everything late changes nothing about the end", "[sweep]") {
  SweepReport sum;
  for (const auto& scenario : Scenarios()) {
    INFO(scenario.name);
    Add(sum, SweepLags(scenario.name, 3s));
    // Less than the minute that passes between the edit of a class and the run that is to follow it.
    Add(sum, SweepLags(scenario.name, 45s));
  }
  Judge("lags", sum);
}

TEST_CASE("stories under faults drawn by chance come to their end within the laws", "[sweep]") {
  Judge("chance", SweepSeeds(1, 400 / kStride));
}
