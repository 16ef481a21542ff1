// What placement costs by itself, and how well it fills a platform: `make bench-placement` prints the table
// of docs/benchmarks.md. No cluster, no network; the trace runs in virtual time.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "controllers/placement/placement.hpp"

namespace marea::placement {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Spread {
  double median, least, most;
};

Spread Of(std::vector<double> values) {
  std::ranges::sort(values);
  return {values[values.size() / 2], values.front(), values.back()};
}

double Micros(const std::function<void()>& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

void Row(const char* what, Spread figure, const char* unit, double aim) {
  std::printf("| %s | %.3g %s (%.3g … %.3g) | ≤ %.3g %s | %s |\n", what, figure.median, unit, figure.least,
              figure.most, aim, unit, figure.median <= aim ? "yes" : "**no**");
}

api::Request Ask(int number, std::string project, std::string device, std::int64_t count) {
  return {.uid = "uid-" + std::to_string(number),
          .user = "user-" + std::to_string(number % 500),
          .project = std::move(project),
          .since = Time{std::chrono::hours{500000}} + milliseconds{number},
          .preemptible = true,
          .alternatives = {{std::move(device), count}},
          .cpu = Quantity::FromUnits(1),
          .memory = Quantity::FromUnits(1)};
}

// 20 classes, 200 projects in 20 families, 5,000 sessions on 1,250 nodes, 10,000 that wait.
struct Platform {
  static constexpr int kClasses = 20, kProjects = 200, kNodes = 1250, kWaiting = 10000;
  Capacity capacity;
  Sharing sharing;
  std::map<Key, api::Request> requests;
  Time now = Time{std::chrono::hours{500001}};

  explicit Platform(unsigned seed) {
    std::mt19937 chance(seed);
    const auto below = [&](int n) { return static_cast<int>(chance() % static_cast<unsigned>(n)); };
    std::vector<DeviceClass> classes;
    std::map<std::string, Sharing::Class> shares;
    for (int c = 0; c < kClasses; ++c) {
      const std::string name = "class-" + std::to_string(c);
      classes.push_back({name, "nvidia.com/gpu", {{"product", name}}, {}, 1 + c});
      shares[name] = {1 + c, kNodes * 4 / kClasses};
    }
    capacity.SetClasses(std::move(classes));
    for (int n = 0; n < kNodes; ++n) {
      capacity.SetNode({.name = "node-" + std::to_string(n),
                        .labels = {{"product", "class-" + std::to_string(n % kClasses)}},
                        .usable = true,
                        .allocatable = {{"cpu", Quantity::FromUnits(64)},
                                        {"memory", Quantity::FromUnits(64)},
                                        {"pods", Quantity::FromUnits(110)},
                                        {"nvidia.com/gpu", Quantity::FromUnits(4)}}});
    }
    std::vector<ProjectView> projects;
    for (int p = 0; p < kProjects; ++p) {
      ProjectView project{.name = "project-" + std::to_string(p), .weight = 1 + p % 3};
      if (p >= 20) project.parent = "project-" + std::to_string(p % 20);
      project.classes["class-" + std::to_string(p % kClasses)] = {.guarantee = 10};
      projects.push_back(std::move(project));
    }
    sharing.SetProjects(std::move(projects));
    sharing.SetClasses(std::move(shares));
    for (int s = 0; s < kNodes * 4; ++s) {
      const auto request = Ask(s, "project-" + std::to_string(below(kProjects)),
                               "class-" + std::to_string(s / 4 % kClasses), 1);
      const api::Admit admit{request.alternatives[0].class_name, 1, "node-" + std::to_string(s / 4),
                             api::AdmissionKind::kBorrowed, false};
      capacity.Add(UseOf(capacity, request, admit));
      sharing.Add(ChargeOf(request, admit));
    }
    sharing.Settle(now);
    for (int w = 0; w < kWaiting; ++w) {
      requests.emplace(Key{"ns-" + std::to_string(w % 300), "session-" + std::to_string(w)},
                       Ask(w, "project-" + std::to_string(below(kProjects)),
                           "class-" + std::to_string(below(kClasses)), 1 + below(4)));
    }
  }
  Waiting All() const {
    Waiting waiting;
    for (const auto& [key, request] : requests) waiting.push_back({&key, &request});
    return waiting;
  }
};

void MeasureScale(unsigned seed) {
  Platform platform(seed);
  const auto waiting = platform.All();
  Kept kept;
  std::vector<double> full, freed, refused, placed;
  for (int round = 0; round < 31; ++round) {
    full.push_back(
        Micros([&] {
          kept = Place(platform.capacity, platform.sharing, waiting, platform.now, {.admits = 128}).kept;
        }) /
        1000);
  }
  // A hundred sessions have ended: a pass that gives their devices away.
  for (int s = 0; s < 100; ++s) {
    const auto request = Ask(0, "project-0", "class-" + std::to_string(s % 20), 1);
    platform.capacity.Remove(UseOf(platform.capacity, request,
                                   {request.alternatives[0].class_name, 1, "node-" + std::to_string(s),
                                    api::AdmissionKind::kBorrowed, false}));
  }
  for (int round = 0; round < 31; ++round)
    freed.push_back(Micros([&] {
                      (void)Place(platform.capacity, platform.sharing, waiting, platform.now,
                                  {.admits = 128});
                    }) /
                    1000);
  for (int round = 0; round < 1001; ++round) {
    const Key key{"ns", "new"};
    const auto none = Ask(20000 + round, "project-" + std::to_string(round % 200),
                          "class-" + std::to_string(round % 20), 4);
    refused.push_back(Micros(
        [&] { (void)PlaceArrival(platform.capacity, platform.sharing, kept, key, none, platform.now); }));
    const auto fits = Ask(20000 + round, "project-" + std::to_string(round % 200),
                          "class-" + std::to_string(round % 20), 1);
    placed.push_back(Micros(
        [&] { (void)PlaceArrival(platform.capacity, platform.sharing, kept, key, fits, platform.now); }));
  }
  Row("a full pass, nothing free", Of(full), "ms", 50);
  Row("a full pass, 100 devices free", Of(freed), "ms", 50);
  Row("an arrival that fits nowhere", Of(refused), "µs", 100);
  Row("an arrival that is placed", Of(placed), "µs", 100);
}

// Kueue's baseline performance trace: 5 cohorts of 6 queues with a quota of 20 cpu each, that borrow up to
// 100 of their cohort; per queue 350 workloads of 1 cpu for 200 ms, one each 100 ms, 100 of 5 for 500 ms, one
// each 500 ms, and 50 of 20 for a second, one each 1.2 s, of rising priority. Here a cpu is a device, and a
// cohort a family of projects that lends nothing to others. (kubernetes-sigs/kueue,
// test/performance/scheduler/configs/baseline.)
struct Trace {
  struct Kind {
    int count, every_ms, runtime_ms, size, priority;
  };
  static constexpr Kind kKinds[] = {
      {350, 100, 200, 1, 50}, {100, 500, 500, 5, 100}, {50, 1200, 1000, 20, 200}};
  struct Event {
    milliseconds at;
    int number;
    bool ends;
    bool operator>(const Event& other) const {
      return std::tie(at, number) > std::tie(other.at, other.number);
    }
  };

  Capacity capacity;
  Sharing sharing;
  std::map<Key, api::Request> known;
  std::vector<Key> keys;
  std::vector<int> runtimes;
  std::map<Key, const api::Request*> waits;
  std::map<int, api::Admit> runs;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  const Time start{std::chrono::hours{500000}};
  milliseconds last{};
  double deciding = 0, work = 0;
  std::size_t decisions = 0;

  Trace() {
    capacity.SetClasses({{"cpu-unit", "example.org/cpu", {}, {}, 1}});
    std::vector<ProjectView> projects;
    for (int c = 0; c < 5; ++c) {
      const std::string cohort = "cohort-" + std::to_string(c);
      projects.push_back({.name = cohort,
                          .classes = {{"cpu-unit", {.guarantee = 0, .lending_limit = 0}}},
                          .max_priority = 1000});
      capacity.SetNode({.name = cohort,
                        .usable = true,
                        .allocatable = {{"cpu", Quantity::FromUnits(1'000'000)},
                                        {"memory", Quantity::FromUnits(1'000'000)},
                                        {"pods", Quantity::FromUnits(1'000'000)},
                                        {"example.org/cpu", Quantity::FromUnits(120)}}});
      for (int q = 0; q < 6; ++q) {
        const std::string queue = cohort + "-" + std::to_string(q);
        projects.push_back({.name = queue,
                            .parent = cohort,
                            .classes = {{"cpu-unit", {.guarantee = 20, .borrowing_limit = 100}}},
                            .max_priority = 1000});
        for (const auto& kind : kKinds) {
          for (int i = 0; i < kind.count; ++i) {
            const int number = static_cast<int>(keys.size());
            keys.push_back({queue, "w" + std::to_string(number)});
            runtimes.push_back(kind.runtime_ms);
            auto request = Ask(number, queue, "cpu-unit", kind.size);
            request.since = start + milliseconds{i * kind.every_ms};
            request.priority = kind.priority;
            known.emplace(keys.back(), request);
            events.push({milliseconds{i * kind.every_ms}, number, false});
            work += kind.size * kind.runtime_ms / 1000.0;
          }
        }
      }
    }
    sharing.SetProjects(std::move(projects));
    sharing.SetClasses({{"cpu-unit", {1, 600}}, {"cpu", {0, 0}}});
  }

  void Run() {
    while (!events.empty()) {
      const auto at = events.top().at;
      last = at;
      while (!events.empty() && events.top().at == at) {
        const auto event = events.top();
        events.pop();
        const Key& key = keys[static_cast<std::size_t>(event.number)];
        if (!event.ends) {
          waits.emplace(key, &known.at(key));
          continue;
        }
        const auto run = runs.find(event.number);
        capacity.Remove(UseOf(capacity, known.at(key), run->second));
        sharing.Remove(ChargeOf(known.at(key), run->second));
        runs.erase(run);
      }
      deciding += Micros([&] { Decide(at); });
    }
  }

  void Decide(milliseconds at) {
    Waiting waiting;
    for (const auto& [key, request] : waits) waiting.push_back({&key, request});
    const auto placed = Place(capacity, sharing, waiting, start + at);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      const auto* admit = std::get_if<api::Admit>(&*placed.proposals[i]);
      if (admit == nullptr) continue;
      const Key key = *waiting[i].key;
      const auto& request = known.at(key);
      const int number = std::stoi(key.name.substr(1));
      capacity.Add(UseOf(capacity, request, *admit));
      sharing.Add(ChargeOf(request, *admit));
      runs.emplace(number, *admit);
      waits.erase(key);
      events.push({at + milliseconds{runtimes[static_cast<std::size_t>(number)]}, number, true});
      ++decisions;
    }
  }
};

void MeasureTrace() {
  Trace trace;
  trace.Run();
  const double makespan = static_cast<double>(trace.last.count()) / 1000;
  std::printf(
      "| Kueue's baseline trace, 15,000 workloads: until the last has ended, virtual | %.1f s | ≤ 1.1 × 68 s "
      "| %s |\n",
      makespan, makespan <= 68 * 1.1 ? "yes" : "**no**");
  std::printf("| … of the devices in use meanwhile | %.1f %% | | |\n", 100 * trace.work / (600 * makespan));
  std::printf("| … all its decisions, %zu admissions | %.3g s | | |\n", trace.decisions,
              trace.deciding / 1e6);
}

}  // namespace
}  // namespace marea::placement

int main() {
  std::puts("| what | figure | aim | reached |\n|---|---|---|---|");
  marea::placement::MeasureScale(1);
  marea::placement::MeasureTrace();
  return 0;
}
