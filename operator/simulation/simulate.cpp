// simulate [--seed N] [--scenario NAME] [--fault PLAN] [--replicas N] [--lag LAG]: plays one run and prints
// its whole event log on stdout. Without a scenario, scenario and faults are drawn from the seed.
#include <getopt.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <optional>

#include "simulation/scenario.hpp"

namespace {

using namespace marea;
using namespace marea::simulation;

int Refuse(const std::string& why) {
  std::cerr << "simulate: " << why << "\n";
  return 2;
}

template <class Number>
std::optional<Number> Parse(const std::string& text) {
  Number number{};
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

bool Known(const std::string& scenario) {
  return std::ranges::find(Scenarios(), scenario, &Scenario::name) != Scenarios().end();
}

int PlayAloud(const RunSpec& spec) {
  std::cout << "# " << ToText(spec) << "\n";
  const auto outcome = Play(spec, [](const std::string& line) { std::cout << line << "\n"; });
  std::cout << "# " << outcome.counts.writes << " writes, " << outcome.counts.reads << " reads, "
            << outcome.counts.events << " events; " << outcome.struck << " faults struck\n";
  for (const auto& [plural, span] : spec.lag)
    if (!outcome.counts.watched.contains(plural)) return Refuse("nobody watches " + plural);
  for (const auto& violation : outcome.violations) std::cout << "# VIOLATION " << violation << "\n";
  return outcome.violations.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string seed = "1", scenario, faults, replicas = "1", lag;
  const option options[] = {
      {"seed", required_argument, nullptr, 's'},  {"scenario", required_argument, nullptr, 'c'},
      {"fault", required_argument, nullptr, 'f'}, {"replicas", required_argument, nullptr, 'r'},
      {"lag", required_argument, nullptr, 'l'},   {nullptr, 0, nullptr, 0}};
  for (int found = 0; (found = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
    if (found == '?') return 2;
    (found == 's'   ? seed
     : found == 'c' ? scenario
     : found == 'f' ? faults
     : found == 'l' ? lag
                    : replicas) = optarg;
  }
  const auto drawn_from = Parse<std::uint64_t>(seed);
  const auto operators = Parse<int>(replicas);
  if (!drawn_from || !operators || *operators < 1)
    return Refuse("SEED and REPLICAS are numbers, the latter from 1");
  RunSpec spec = Draw(*drawn_from);
  if (!scenario.empty()) {
    if (!Known(scenario)) {
      std::string names;
      for (const auto& known : Scenarios()) names += " " + known.name;
      return Refuse("SCENARIO is one of" + names);
    }
    auto plan = testing::ParseFaultPlan(faults);
    if (!plan) return Refuse(plan.error().message);
    spec.scenario = scenario;
    spec.faults = std::move(*plan);
  }
  spec.replicas = *operators;
  auto lags = ParseLag(lag);
  if (!lags) return Refuse(lags.error().message);
  spec.lag = std::move(*lags);
  return PlayAloud(spec);
}
