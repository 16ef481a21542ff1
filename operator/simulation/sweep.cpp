#include "simulation/sweep.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <thread>

namespace marea::simulation {
namespace {

constexpr std::size_t kShown = 12;  // lines of the event log at each end, and around each fault

// What differs from the run without faults, in words; empty when nothing does.
std::vector<std::string> Differences(const Outcome& expected, const Outcome& got) {
  std::vector<std::string> differences;
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

template <class Judge>
SweepReport RunAll(const std::vector<RunSpec>& specs, Judge judge) {
  SweepReport report;
  std::mutex mutex;
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < specs.size(); i = next++) {
      const Outcome outcome = Play(specs[i], {});
      auto complaints = outcome.violations;
      std::ranges::move(judge(outcome), std::back_inserter(complaints));
      const std::lock_guard lock(mutex);
      ++report.runs;
      report.steps += outcome.steps;
      if (!specs[i].faults.empty() && outcome.struck == 0) ++report.missed;
      if (complaints.empty()) continue;
      std::string text = ToText(specs[i]) + "\n";
      for (const auto& complaint : complaints) text += "  " + complaint + "\n";
      report.failures.push_back(std::move(text));
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 1; i < std::max(1u, std::thread::hardware_concurrency()); ++i) workers.emplace_back(work);
  work();
  for (auto& worker : workers) worker.join();
  std::ranges::sort(report.failures);
  for (std::size_t i = 0; i < std::min<std::size_t>(2, report.failures.size()); ++i) {
    const auto& text = report.failures[i];
    const auto spec =
        std::ranges::find_if(specs, [&](const RunSpec& s) { return text.starts_with(ToText(s) + "\n"); });
    report.failures[i] += ShortLog(*spec);
  }
  return report;
}

}  // namespace

SweepReport Sweep(const std::string& scenario, testing::At at, const std::vector<testing::Effect>& effects,
                  std::size_t stride) {
  const Outcome expected = Play({.scenario = scenario}, {});
  const auto& counts = expected.counts;
  const std::uint64_t last = at == testing::At::kWrite  ? counts.writes
                             : at == testing::At::kRead ? counts.reads
                                                        : counts.events;
  std::vector<RunSpec> specs;
  std::size_t place = 0;
  for (std::uint64_t number = 1; number <= last; ++number) {
    for (const auto effect : effects) {
      if (place++ % stride == 0) specs.push_back({.scenario = scenario, .faults = {{at, number, effect}}});
    }
  }
  auto report = RunAll(specs, [&](const Outcome& outcome) { return Differences(expected, outcome); });
  for (const auto& violation : expected.violations)
    report.failures.push_back(scenario + " without faults: " + violation);
  return report;
}

SweepReport SweepLags(const std::string& scenario, std::chrono::seconds lag) {
  const Outcome expected = Play({.scenario = scenario}, {});
  std::vector<RunSpec> specs;
  for (const auto& plural : expected.counts.watched)
    specs.push_back({.scenario = scenario, .lag = {{plural, lag}}});
  return RunAll(specs, [&](const Outcome& outcome) { return Differences(expected, outcome); });
}

SweepReport SweepSeeds(std::uint64_t first, std::size_t count) {
  std::vector<RunSpec> specs;
  for (std::uint64_t seed = first; seed < first + count; ++seed) specs.push_back(Draw(seed));
  return RunAll(specs, [](const Outcome&) { return std::vector<std::string>{}; });
}

void Add(SweepReport& sum, SweepReport part) {
  sum.runs += part.runs;
  sum.steps += part.steps;
  sum.missed += part.missed;
  std::ranges::move(part.failures, std::back_inserter(sum.failures));
}

}  // namespace marea::simulation
