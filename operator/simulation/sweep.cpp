#include "simulation/sweep.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <thread>

namespace marea::simulation {
namespace {

// What people did since the backup is undone by a restore: their story need not come to its end.
constexpr const char* kUnfinished = "it comes to pass: ";
constexpr std::size_t kLogs = 2;    // failures that are shown with their event logs
constexpr std::size_t kShown = 12;  // lines of the event log at each end, and around each fault

// Laws that were broken, and what differs from the run without faults; empty when there is nothing.
std::vector<std::string> Differences(const Outcome& expected, const Outcome& got) {
  std::vector<std::string> differences = got.violations;
  if (got.end_state != expected.end_state) {
    std::size_t at = 0;
    while (at < got.end_state.size() && at < expected.end_state.size() &&
           got.end_state[at] == expected.end_state[at])
      ++at;
    const auto around = [at](const std::string& state) { return state.substr(at < 60 ? 0 : at - 60, 160); };
    differences.push_back("the end differs: expected …" + around(expected.end_state) + "… got …" +
                          around(got.end_state) + "…");
  }
  for (const auto& [what, times] : expected.made_and_deleted) {
    const auto found = got.made_and_deleted.find(what);
    const int seen = found == got.made_and_deleted.end() ? 0 : found->second;
    if (seen != times)
      differences.push_back(what + " " + std::to_string(seen) + " times, not " + std::to_string(times));
  }
  for (const auto& [what, times] : got.made_and_deleted) {
    if (!expected.made_and_deleted.contains(what)) differences.push_back(what + ", which nobody expects");
  }
  return differences;
}

std::string ShortLog(const RunSpec& spec) {
  std::vector<std::string> lines;
  Play(spec, [&](const std::string& line) { lines.push_back(line); });
  std::vector<bool> shown(lines.size());
  const auto show = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, lines.size()); ++i) shown[i] = true;
  };
  show(0, kShown / 2);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool fault =
        lines[i].find(" ends ") != std::string::npos || lines[i].find("struck") != std::string::npos;
    if (fault) show(i < kShown ? 0 : i - kShown, i + kShown);
  }
  show(lines.size() < kShown ? 0 : lines.size() - kShown, lines.size());
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (shown[i]) text += "    " + lines[i] + "\n";
    if (!shown[i] && (i == 0 || shown[i - 1])) text += "    …\n";
  }
  return text;
}

void Tell(SweepReport& report, const RunSpec& spec, const std::vector<std::string>& complaints, bool again) {
  if (complaints.empty()) return;
  std::string text = ToText(spec) + "\n";
  for (const auto& complaint : complaints) text += "  " + complaint + "\n";
  if (again && report.failures.size() < kLogs) text += ShortLog(spec);
  report.failures.push_back(std::move(text));
}

template <class JudgeRun>
SweepReport RunAll(const std::vector<RunSpec>& specs, JudgeRun judge) {
  std::vector<std::vector<std::string>> complaints(specs.size());
  std::atomic<std::uint64_t> steps{0};
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < specs.size(); i = next++) {
      const Outcome outcome = Play(specs[i], {});
      steps += outcome.steps;
      complaints[i] = judge(specs[i], outcome);
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 1; i < std::max(1u, std::thread::hardware_concurrency()); ++i) workers.emplace_back(work);
  work();
  for (auto& worker : workers) worker.join();
  SweepReport report{.runs = specs.size(), .steps = steps};
  for (std::size_t i = 0; i < specs.size(); ++i) Tell(report, specs[i], complaints[i], true);
  return report;
}

}  // namespace

SweepReport Sweep(const Faults& faults) {
  const Outcome expected = Play({.scenario = faults.scenario}, {});
  const auto branches =
      PlayBranches(faults, [&](const Outcome& outcome) { return Differences(expected, outcome); });
  SweepReport report{.runs = branches.size()};
  for (const Branch& branch : branches) {
    report.steps += branch.steps;
    Tell(report, {.scenario = faults.scenario, .faults = {branch.fault}}, branch.complaints, !branch.died);
  }
  for (const auto& violation : expected.violations)
    report.failures.push_back(faults.scenario + " without faults: " + violation);
  return report;
}

SweepReport SweepLags(const std::string& scenario, std::chrono::seconds lag) {
  const Outcome expected = Play({.scenario = scenario}, {});
  std::vector<RunSpec> specs;
  for (const auto& plural : expected.counts.watched)
    specs.push_back({.scenario = scenario, .lag = {{plural, lag}}});
  return RunAll(specs,
                [&](const RunSpec&, const Outcome& outcome) { return Differences(expected, outcome); });
}

SweepReport SweepSeeds(std::uint64_t first, std::size_t count) {
  std::vector<RunSpec> specs;
  for (std::uint64_t seed = first; seed < first + count; ++seed) specs.push_back(Draw(seed));
  return RunAll(specs, [](const RunSpec& spec, const Outcome& outcome) {
    auto complaints = outcome.violations;
    const bool undone = std::ranges::find(spec.faults, testing::Effect::kRestore, &testing::Fault::effect) !=
                        spec.faults.end();
    if (undone) std::erase_if(complaints, [](const auto& c) { return c.starts_with(kUnfinished); });
    return complaints;
  });
}

void Add(SweepReport& sum, SweepReport part) {
  sum.runs += part.runs;
  sum.steps += part.steps;
  std::ranges::move(part.failures, std::back_inserter(sum.failures));
}

}  // namespace marea::simulation
