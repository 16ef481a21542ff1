#include "simulation/week.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

#include "simulation/platform.hpp"

namespace marea::simulation {
namespace {

using namespace std::chrono_literals;

struct Model {
  const char* name;     // of the AcceleratorClass
  const char* product;  // the nodes' label
  int nodes, devices;
};
constexpr std::array<Model, 4> kModels{
    {{"t4", "T4", 6, 4}, {"rtx5000", "RTX5000", 4, 4}, {"a30", "A30", 3, 4}, {"a100", "A100", 3, 8}}};
constexpr int kPeople = 48, kStudents = 60, kWorkingDays = 5;

// Everything that happens is put on the world's clock beforehand, drawn from one generator.
class Week {
 public:
  Week(std::uint64_t seed, int replicas, int days)
      : platform_({.seed = seed, .replicas = replicas}), random_(seed), days_(days) {}

  WeekReport Live() {
    Furnish();
    platform_.api().Listen([this](const testing::FakeApi::Change& change) { Watch(change); });
    for (int day = 0; day < std::min(days_, kWorkingDays); ++day) {
      for (int person = 0; person < kPeople; ++person) Work(day, person);
    }
    Lecture(1, 10h);
    LoseMachines();
    CareForTheOperator();
    for (int hour = 0; hour < 24 * days_; ++hour) {
      platform_.Run(1h);
      report_.busy_by_hour.push_back(static_cast<int>(held_.size()));
    }
    platform_.Rest();
    return Close();
  }

 private:
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  bool Chance(int percent) { return Between(1, 100) <= percent; }

  void At(Duration when, std::function<void()> what) { platform_.world().After(when, std::move(what)); }

  void Furnish() {
    for (const Model& model : kModels) {
      platform_.Apply(api::kAcceleratorClasses, {"", model.name}, DeviceClass(model.name, model.product));
      for (int node = 0; node < model.nodes; ++node)
        AddMachine(model, std::string(model.name) + "-" + std::to_string(node));
      report_.devices += model.nodes * model.devices;
    }
    Json accelerators = Json::array();
    for (const Model& model : kModels) accelerators.push_back({{"className", model.name}, {"maxCount", 4}});
    platform_.Apply(
        api::kSessionClasses, {"", "default"},
        {{"spec", {{"accelerators", accelerators}, {"home", {{"accessMode", "ReadWriteMany"}}}}}});
  }

  void AddMachine(const Model& model, const std::string& name) {
    platform_.cluster().AddNode(name, {{"nvidia.com/gpu.product", model.product}},
                                {{"cpu", "64"},
                                 {"memory", "512Gi"},
                                 {"pods", "110"},
                                 {"nvidia.com/gpu", std::to_string(model.devices)}},
                                DeviceTaints());
  }

  void Ask(const std::string& name, const std::string& user, const std::vector<std::string>& classes,
           std::int64_t seconds) {
    Json spec = Wants(classes);
    spec["user"] = user;
    spec["durationSeconds"] = seconds;
    platform_.Ask(name, std::move(spec));
    ++report_.asked;
    unserved_.insert(name);
  }

  // One or two sessions a day; some are stopped by hand, some deleted, most just end.
  void Work(int day, int person) {
    for (std::int64_t part = 0, parts = Between(0, 2); part < parts; ++part) {
      const std::string name =
          "p" + std::to_string(person) + "-" + std::to_string(day) + "-" + std::to_string(part);
      const auto& first = kModels[static_cast<std::size_t>(Between(0, 3))];
      const auto& second = kModels[static_cast<std::size_t>(Between(0, 3))];
      std::vector<std::string> classes{first.name};
      if (Chance(60) && second.name != first.name) classes.emplace_back(second.name);
      const auto seconds = Between(30, 240) * 60;
      const Duration start = day * 24h + std::chrono::seconds{Between(0, 9 * 3600)};  // the clock starts at 8
      At(start, [this, name, person, classes, seconds] {
        Ask(name, "person-" + std::to_string(person), classes, seconds);
      });
      const Duration end = start + std::chrono::seconds{seconds} + std::chrono::minutes{Between(60, 900)};
      if (Chance(20))
        At(start + std::chrono::seconds{seconds / 2},
           [this, name] { platform_.Edit(name, {{"desiredState", "Stopped"}}); });
      if (Chance(50)) At(end + 12h, [this, name] { platform_.Remove(name); });
    }
  }

  void Lecture(int day, Duration hour) {
    for (int student = 0; student < kStudents; ++student) {
      const std::string name = "class-" + std::to_string(student);
      const Duration start = day * 24h + hour - 8h + std::chrono::seconds{Between(0, 300)};
      At(start, [this, name, student] {
        Ask(name, "student-" + std::to_string(student), {"t4", "rtx5000", "a30", "a100"}, 90 * 60);
      });
      At(start + 3h, [this, name] { platform_.Remove(name); });
    }
  }

  // Three machines die in the middle of a working day; each is replaced by a new one.
  void LoseMachines() {
    for (const int day : {0, 2, 3}) {
      const Model& model = kModels[static_cast<std::size_t>(day)];
      const std::string lost = std::string(model.name) + "-0";
      const Duration when = day * 24h + std::chrono::minutes{Between(60, 400)};
      At(when, [this, lost] { platform_.cluster().SilenceNode(lost); });
      At(when + 10min, [this, lost] { platform_.cluster().RemoveNode(lost); });
      At(when + 20min, [this, &model, lost] { AddMachine(model, lost + "-new"); });
    }
  }

  void CareForTheOperator() {
    for (int day = 0; day < days_; ++day) At(day * 24h + 4h, [this] { platform_.UpgradeOperators(); });
    for (const int day : {1, 4})
      At(day * 24h + std::chrono::minutes{Between(30, 500)}, [this] { platform_.RestartOperators(); });
  }

  void Watch(const testing::FakeApi::Change& change) {
    if (change.plural != "sessions") return;
    const auto& status = change.object->value("status", Json::object());
    if (status.value("summary", "") == "Ready") unserved_.erase(change.key.name);
    const bool holds = change.type != "DELETED" && status.contains("admission");
    holds ? static_cast<void>(held_.insert(change.key.name))
          : static_cast<void>(held_.erase(change.key.name));
  }

  WeekReport Close() {
    report_.unserved.assign(unserved_.begin(), unserved_.end());
    report_.served = report_.asked - static_cast<int>(unserved_.size());
    report_.writes = platform_.laws().writes();
    report_.steps = platform_.world().Steps();
    report_.violations = platform_.laws().violations();
    return std::move(report_);
  }

  Platform platform_;
  std::mt19937_64 random_;
  int days_;
  std::set<std::string> unserved_, held_;
  WeekReport report_;
};

}  // namespace

WeekReport LiveAWeek(std::uint64_t seed, int replicas, int days) {
  return Week(seed, replicas, days).Live();
}

}  // namespace marea::simulation
