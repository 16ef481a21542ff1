// The laws of placement, each over thousands of random platforms. A platform that breaks one is made smaller,
// piece by piece, for as long as it still does, and what is left is printed.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <random>
#include <sstream>

#include "controllers/placement/explain.hpp"
#include "controllers/placement/sample_test.hpp"

namespace marea::placement {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr int kWorlds = 2000;
const Time kNow = Time{hours{500000}};
const std::vector<std::string> kClasses{"a100", "mig", "t4"};

struct Chance {
  std::mt19937 engine;
  std::int64_t Below(std::int64_t n) {
    return static_cast<std::int64_t>(engine() % static_cast<unsigned>(n));
  }
  bool Once(std::int64_t in) { return Below(in) == 0; }
  template <class T>
  const T& Of(const std::vector<T>& items) {
    return items[static_cast<std::size_t>(Below(std::ssize(items)))];
  }
};

Key KeyOf(int number) {
  return {"ns", "s" + std::to_string(1000 + number)};
}

std::vector<ProjectView> Projects(Chance& chance) {
  std::vector<ProjectView> projects;
  for (std::int64_t i = chance.Below(6); i > 0; --i) {
    ProjectView project{.name = "p" + std::to_string(projects.size())};
    if (!projects.empty() && chance.Once(2)) project.parent = chance.Of(projects).name;
    for (const auto& name : kClasses) {
      ClassShare share;
      if (chance.Once(2)) share.guarantee = chance.Below(5);
      if (share.guarantee && chance.Once(4)) share.lending_limit = chance.Below(*share.guarantee + 1);
      if (chance.Once(5)) share.borrowing_limit = chance.Below(4);
      if (chance.Once(6)) share.limit = 1 + chance.Below(6);
      if (chance.Once(6)) share.user_limit = 1 + chance.Below(3);
      if (share != ClassShare{}) project.classes[name] = share;
    }
    project.may_borrow = !chance.Once(5);
    project.weight = 1 + chance.Below(4);
    project.max_priority = chance.Below(3);
    projects.push_back(project);
  }
  return projects;
}

NodeView Node(Chance& chance, std::size_t number) {
  NodeView node{.name = "n" + std::to_string(number),
                .usable = !chance.Once(8),
                .allocatable = {{"cpu", Quantity::FromUnits(4 + chance.Below(12))},
                                {"memory", Quantity::FromUnits(64)},
                                {"pods", Quantity::FromUnits(6)}}};
  const auto kind = chance.Below(4);
  if (kind < 2) {
    node.labels["gpu"] = kind == 0 ? "A100" : "T4";
    node.allocatable["nvidia.com/gpu"] = Quantity::FromUnits(1 + chance.Below(4));
  } else if (kind == 2) {
    node.allocatable["nvidia.com/mig-1g.5gb"] = Quantity::FromUnits(1 + chance.Below(7));
  }
  return node;
}

api::Request Request(Chance& chance, int number, const std::vector<ProjectView>& projects) {
  api::Request request{.uid = "uid-" + std::to_string(chance.Below(1000)) + "-" + std::to_string(number),
                       .user = "user" + std::to_string(chance.Below(4)),
                       .project = projects.empty() || chance.Once(4) ? "default" : chance.Of(projects).name,
                       .since = kNow - seconds{chance.Below(3600)},
                       .priority = chance.Below(4) - 1,
                       .preemptible = chance.Once(2),
                       .patience = seconds{chance.Once(3) ? 1800 : 0},
                       .cpu = Quantity::FromUnits(1 + chance.Below(3)),
                       .memory = Quantity::FromUnits(1 + chance.Below(8))};
  if (chance.Once(8)) return request;  // without devices
  std::vector<std::string> classes = kClasses;
  std::ranges::shuffle(classes, chance.engine);
  for (std::int64_t i = 1 + chance.Below(2); i > 0; --i)
    request.alternatives.push_back({classes[static_cast<std::size_t>(i)], 1 + chance.Below(3)});
  return request;
}

Sample Platform(Chance& chance) {
  Sample sample{.classes = {{"a100", "nvidia.com/gpu", {{"gpu", "A100"}}, {}, 8},
                            {"t4", "nvidia.com/gpu", {{"gpu", "T4"}}, {}, 1},
                            {"mig", "nvidia.com/mig-1g.5gb", {}, {}, 2}},
                .nodes = {},
                .now = kNow};
  for (std::int64_t i = 1 + chance.Below(6); i > 0; --i)
    sample.nodes.push_back(Node(chance, sample.nodes.size()));
  sample.projects = Projects(chance);
  for (const auto& project : sample.projects) {
    if (chance.Once(2)) sample.used_credits[project.name] = chance.Below(1'000'000) * 1'000'000;
  }
  for (std::int64_t i = chance.Below(3); i > 0; --i) {
    const auto& node = chance.Of(sample.nodes);
    Use batch{node.name, {{"cpu", Quantity::FromUnits(1)}, {"pods", Quantity::FromUnits(1)}}, -10};
    if (chance.Once(2)) batch.need["nvidia.com/gpu"] = Quantity::FromUnits(1);
    sample.uses.push_back(batch);
  }
  const int waiting = static_cast<int>(chance.Below(25));
  for (int i = 0; i < waiting; ++i) sample.waiting.emplace(KeyOf(i), Request(chance, i, sample.projects));
  return sample;
}

// Those whom a pass admits run from then on.
Sample After(Sample sample) {
  const auto placed = Stage(sample).Run(sample).proposals;
  Capacity capacity;
  capacity.SetClasses(sample.classes);
  for (const auto& [key, proposal] : placed) {
    const auto* admit = std::get_if<api::Admit>(&proposal);
    if (admit == nullptr) continue;
    const auto& request = sample.waiting.at(key);
    sample.uses.push_back(UseOf(capacity, request, *admit));
    sample.charges.push_back(ChargeOf(request, *admit));
    sample.waiting.erase(key);
  }
  return sample;
}

std::string Print(const Sample& sample) {
  std::ostringstream text;
  for (const auto& node : sample.nodes) {
    text << "node " << node.name << (node.usable ? "" : " (not usable)");
    for (const auto& [resource, amount] : node.allocatable)
      text << " " << resource << "=" << amount.ToString();
    for (const auto& [label, value] : node.labels) text << " " << label << ":" << value;
    text << "\n";
  }
  const auto number = [&](const char* what, const auto& value) {
    if (value) text << " " << what << "=" << *value;
  };
  for (const auto& project : sample.projects) {
    text << "project " << project.name << " in '" << project.parent << "' weight " << project.weight
         << (project.may_borrow ? "" : " borrows nothing");
    for (const auto& [name, share] : project.classes) {
      text << " | " << name;
      number("guarantee", share.guarantee), number("lends", share.lending_limit);
      number("borrows", share.borrowing_limit), number("limit", share.limit),
          number("user", share.user_limit);
    }
    text << "\n";
  }
  for (const auto& charge : sample.charges)
    text << "runs: " << charge.project << " " << charge.user << " " << charge.count << " "
         << charge.class_name << (charge.borrowed ? " borrowed\n" : "\n");
  for (const auto& use : sample.uses) {
    text << "use of " << use.node;
    for (const auto& [resource, amount] : use.need) text << " " << resource << "=" << amount.ToString();
    text << "\n";
  }
  for (const auto& [key, request] : sample.waiting) {
    text << "waits: " << key.name << " " << request.project << " " << request.user << " priority "
         << request.priority << (request.preemptible ? " preemptible" : "") << " since -"
         << (sample.now - request.since) / seconds{1} << "s cpu " << request.cpu.ToString();
    for (const auto& a : request.alternatives) text << " | " << a.count << " " << a.class_name;
    text << "\n";
  }
  return text.str();
}

// What a law says of a platform: nothing, or how it is broken.
using Law = std::function<std::string(const Sample&)>;

template <class Items>
bool DropOne(Sample& sample, Items Sample::* items, const Law& law) {
  for (auto item = (sample.*items).begin(); item != (sample.*items).end(); ++item) {
    Sample smaller = sample;
    auto& fewer = smaller.*items;
    fewer.erase(std::next(fewer.begin(), std::distance((sample.*items).begin(), item)));
    if (law(smaller).empty()) continue;
    sample = std::move(smaller);
    return true;
  }
  return false;
}

Sample Shrink(Sample sample, const Law& law) {
  while (DropOne(sample, &Sample::waiting, law) || DropOne(sample, &Sample::nodes, law) ||
         DropOne(sample, &Sample::projects, law) || DropOne(sample, &Sample::charges, law) ||
         DropOne(sample, &Sample::uses, law)) {
  }
  return sample;
}

void Hold(const Law& law) {
  for (unsigned seed = 0; seed < kWorlds; ++seed) {
    Chance chance{std::mt19937(seed)};
    Sample sample = Platform(chance);
    for (int round = static_cast<int>(chance.Below(3)); round > 0; --round) {  // some run already
      sample = After(std::move(sample));
      for (int i = 0; i < 8; ++i)
        sample.waiting.emplace(KeyOf(100 * round + i), Request(chance, 100 * round + i, sample.projects));
    }
    if (law(sample).empty()) continue;
    const auto smallest = Shrink(sample, law);
    INFO("seed " << seed << "\n" << Print(smallest) << law(smallest));
    REQUIRE(law(smallest).empty());
  }
}

const api::Admit* AdmitOf(const std::map<Key, api::Proposal>& proposals, const Key& key) {
  const auto found = proposals.find(key);
  return found == proposals.end() ? nullptr : std::get_if<api::Admit>(&found->second);
}

std::string Says(const api::Admit* admit) {
  if (admit == nullptr) return "waits";
  return "has " + std::to_string(admit->count) + " " + admit->accelerator_class + " on " + admit->node_name +
         (admit->kind == api::AdmissionKind::kBorrowed ? ", borrowed" : "");
}

// Who has which place, in words; what the others are told is left out.
std::string Outcome(const std::map<Key, api::Proposal>& proposals) {
  std::string text;
  for (const auto& [key, proposal] : proposals)
    text += key.name + " " + Says(std::get_if<api::Admit>(&proposal)) + "\n";
  return text;
}

TEST_CASE("law: use stays within guarantee and borrowing, by what is online, at every level") {
  Hold([](const Sample& sample) -> std::string {
    const auto after = After(sample);
    const Stage stage(after);
    for (const auto& name : kClasses) {
      std::int64_t capacity = 0;
      if (const auto* device = stage.capacity.Find(name)) capacity = stage.capacity.TotalOf(*device).devices;
      for (const auto& project : stage.sharing.projects()) {
        const auto standing = stage.sharing.StandingOf(project.name, name);
        const auto share = project.classes.find(name);
        if (share == project.classes.end()) continue;
        if (share->second.limit && standing.used > *share->second.limit)
          return project.name + " is above its limit of " + name;
        if (!standing.divided || standing.borrowed == 0) continue;
        if (!project.may_borrow) return project.name + " borrows " + name;
        const auto bound = share->second.borrowing_limit;
        if (bound && standing.borrowed > *bound)
          return project.name + " borrows more " + name + " than it may";
      }
      if (const auto* device = stage.capacity.Find(name); device != nullptr && stage.sharing.Used(name) > 0) {
        if (stage.sharing.Used(name) > capacity) return "more " + name + " than there are";
      }
    }
    for (const auto& charge : after.charges) {
      const auto& view = stage.sharing.ViewOf(stage.sharing.Find(charge.project));
      const auto share = view.classes.find(charge.class_name);
      if (share == view.classes.end() || !share->second.user_limit) continue;
      if (stage.sharing.UserHolds(charge.project, charge.user, charge.class_name) > *share->second.user_limit)
        return charge.user + " holds too many " + charge.class_name;
    }
    return "";
  });
}

TEST_CASE("law: what is not borrowed is within the guarantee at every level") {
  Hold([](const Sample& sample) -> std::string {
    const auto after = After(sample);
    // Guaranteed use, taken away and asked for again in any order, fits each time.
    Sample empty = after;
    empty.charges.clear();
    Stage stage(empty);
    for (const auto& charge : after.charges) {
      if (charge.borrowed) continue;
      stage.sharing.Know(charge.project);
      if (stage.sharing.Ask(charge, false) != Sharing::Answer::kGuaranteed)
        return charge.project + " holds " + std::to_string(charge.count) + " " + charge.class_name +
               " as guaranteed that it was not";
      stage.sharing.Add(charge);
    }
    return "";
  });
}

TEST_CASE("law: a pass leaves capacity and shares as they were") {
  Hold([](const Sample& sample) -> std::string {
    Stage stage(sample);
    const auto first = stage.Run(sample).proposals;
    const auto second = stage.Run(sample).proposals;
    return first == second ? ""
                           : "a second pass says otherwise:\n" + Outcome(first) + "then\n" + Outcome(second);
  });
}

TEST_CASE("law: what was added and taken away leaves no trace") {
  Hold([](const Sample& sample) -> std::string {
    const auto after = After(sample);
    Stage stage(after);
    const auto seen = [&](const Sample& s) {
      std::string text = Outcome(stage.Run(s).proposals);
      for (const auto& device : stage.capacity.classes())
        text += device.name + " " + std::to_string(stage.capacity.TotalOf(device).free) + "\n";
      return text;
    };
    const auto before = seen(after);
    const auto more = After(after);
    for (std::size_t i = after.charges.size(); i < more.charges.size(); ++i)
      stage.sharing.Add(more.charges[i]);
    for (std::size_t i = after.uses.size(); i < more.uses.size(); ++i) stage.capacity.Add(more.uses[i]);
    for (const auto& node : sample.nodes) stage.capacity.RemoveNode(node.name);
    for (std::size_t i = after.charges.size(); i < more.charges.size(); ++i)
      stage.sharing.Remove(more.charges[i]);
    for (std::size_t i = after.uses.size(); i < more.uses.size(); ++i) stage.capacity.Remove(more.uses[i]);
    for (const auto& node : sample.nodes) stage.capacity.SetNode(node);
    return before == seen(after) ? "" : "it is otherwise than before";
  });
}

// Who waits after a pass though it could start, as `as`: on devices that are free and that nobody keeps.
std::string CouldStart(const Sample& after, std::initializer_list<Sharing::Answer> as) {
  Stage stage(after);
  for (const auto& [key, request] : after.waiting) {
    stage.sharing.Know(request.project);
    if (request.patience > seconds{0} && after.now < request.since + request.patience)
      continue;  // it may choose to wait
    for (const auto& wanted : Choices(request)) {
      const bool cpu_only = wanted.class_name == api::kCpuClass;
      const auto* device = cpu_only ? nullptr : stage.capacity.Find(wanted.class_name);
      if (!cpu_only && device == nullptr) continue;
      const Charge charge{request.project, request.user, wanted.class_name, wanted.count, false};
      const auto answer = stage.sharing.Ask(charge, request.preemptible);
      if (std::ranges::find(as, answer) == as.end()) continue;
      if (const auto fit = stage.capacity.FindFit(request, device, wanted.count, {}))
        return key.name + " could have " + std::to_string(wanted.count) + " " + wanted.class_name + " on " +
               fit->node;
    }
  }
  return "";
}

TEST_CASE("law: nobody waits who may use what is free, within the guarantee or by borrowing") {
  Hold([](const Sample& sample) {
    return CouldStart(After(sample), {Sharing::Answer::kGuaranteed, Sharing::Answer::kBorrowed});
  });
}

TEST_CASE("law: nothing is given above a guarantee while a request within one that fits waits") {
  Hold([](const Sample& sample) -> std::string {
    // Take back what this pass lent: nobody who was left out has a guarantee that would have fitted then.
    const auto proposals = Stage(sample).Run(sample).proposals;
    Capacity classes;
    classes.SetClasses(sample.classes);
    Sample without_loans = sample;
    for (const auto& [key, proposal] : proposals) {
      const auto* admit = std::get_if<api::Admit>(&proposal);
      if (admit == nullptr) continue;
      const auto& request = sample.waiting.at(key);
      if (admit->kind != api::AdmissionKind::kBorrowed) {
        without_loans.uses.push_back(UseOf(classes, request, *admit));
        without_loans.charges.push_back(ChargeOf(request, *admit));
      }
      without_loans.waiting.erase(key);
    }
    return CouldStart(without_loans, {Sharing::Answer::kGuaranteed});
  });
}

TEST_CASE("law: the order in which things are told changes nothing") {
  Hold([](const Sample& sample) -> std::string {
    Sample shuffled = sample;
    std::mt19937 engine(sample.waiting.size());
    std::ranges::shuffle(shuffled.nodes, engine);
    std::ranges::shuffle(shuffled.classes, engine);
    std::ranges::shuffle(shuffled.projects, engine);
    std::ranges::shuffle(shuffled.uses, engine);
    std::ranges::shuffle(shuffled.charges, engine);
    const auto one = Stage(sample).Run(sample).proposals;
    Stage stage(shuffled);
    Waiting waiting;
    for (const auto& [key, request] : sample.waiting) waiting.push_back({&key, &request});
    std::ranges::shuffle(waiting, engine);
    const auto other = stage.Run(waiting, sample.now).proposals;
    return one == other ? "" : "in another order:\n" + Outcome(one) + "then\n" + Outcome(other);
  });
}

TEST_CASE("law: only the proportions of credits and of weights count") {
  Hold([](const Sample& sample) -> std::string {
    Sample dearer = sample, heavier = sample;
    for (auto& device : dearer.classes) device.credits *= 7;
    for (auto& [project, used] : dearer.used_credits) used *= 7;
    for (auto& project : heavier.projects) project.weight *= 1000;
    // `default` has no object here, and with it no weight that could be raised as well.
    for (auto* other : {&dearer, &heavier}) {
      if (other == &heavier && std::ranges::any_of(sample.waiting, [](const auto& item) {
            return item.second.project == "default";
          }))
        continue;
      const auto one = Outcome(Stage(sample).Run(sample).proposals),
                 two = Outcome(Stage(*other).Run(*other).proposals);
      if (one != two) return "otherwise:\n" + one + "then\n" + two;
    }
    return "";
  });
}

TEST_CASE("law: who raises its own priority does not start later for it") {
  Hold([](const Sample& sample) -> std::string {
    const auto before = Stage(sample).Run(sample).proposals;
    for (const auto& [key, request] : sample.waiting) {
      if (AdmitOf(before, key) == nullptr) continue;
      Sample raised = sample;
      raised.waiting.at(key).priority += 2;
      if (AdmitOf(Stage(raised).Run(raised).proposals, key) == nullptr)
        return key.name + " waits for having raised it";
    }
    return "";
  });
}

TEST_CASE("law: after a pass another one gives nothing more") {
  Hold([](const Sample& sample) -> std::string {
    const auto after = After(sample);
    const auto again = Stage(after).Run(after).proposals;
    for (const auto& [key, proposal] : again) {
      if (const auto* admit = std::get_if<api::Admit>(&proposal)) return key.name + " " + Says(admit);
    }
    return "";
  });
}

TEST_CASE("law: who comes alone is given what a pass over all would give") {
  Hold([](const Sample& sample) -> std::string {
    if (sample.waiting.empty()) return "";
    Sample settled = sample;
    const auto newcomer = std::prev(settled.waiting.end())->first;
    const auto request = settled.waiting.at(newcomer);
    settled.waiting.erase(newcomer);
    settled = After(std::move(settled));
    Stage stage(settled);
    const auto kept = stage.Run(settled).kept;
    const auto alone = PlaceArrival(stage.capacity, stage.sharing, kept, newcomer, request, settled.now);
    settled.waiting.emplace(newcomer, request);
    const auto all = Stage(settled).Run(settled).proposals;
    const auto* among = AdmitOf(all, newcomer);
    const bool same = among == nullptr ? !alone : alone && *alone == *among;
    return same ? "" : "alone it " + Says(alone ? &*alone : nullptr) + ", among all it " + Says(among);
  });
}

TEST_CASE(
    "law: every admission fits its node by the scheduler's rules, and is of a class that was asked for") {
  Hold([](const Sample& sample) -> std::string {
    const auto proposals = Stage(sample).Run(sample).proposals;
    std::map<std::string, kube::ResourceList> used;
    for (const auto& use : sample.uses) {
      for (const auto& [resource, amount] : use.need)
        used[use.node][resource] = used[use.node][resource] + amount;
    }
    for (const auto& [key, proposal] : proposals) {
      const auto* admit = std::get_if<api::Admit>(&proposal);
      if (admit == nullptr) continue;
      const auto& request = sample.waiting.at(key);
      const auto node = std::ranges::find(sample.nodes, admit->node_name, &NodeView::name);
      if (node == sample.nodes.end() || !node->usable) return key.name + " is on no usable node";
      const auto device = std::ranges::find(sample.classes, admit->accelerator_class, &DeviceClass::name);
      const bool cpu_only = request.alternatives.empty();
      if (!cpu_only) {
        const api::Alternative given{admit->accelerator_class, admit->count};
        if (std::ranges::find(request.alternatives, given) == request.alternatives.end())
          return key.name + " did not ask for it";
        if (!Selects(device->node_selector, node->labels))
          return key.name + " is on a node of another device";
      }
      auto& there = used[node->name];
      const auto add = [&](const std::string& resource, Quantity amount) {
        there[resource] = there[resource] + amount;
      };
      add("cpu", request.cpu), add("memory", request.memory), add("pods", Quantity::FromUnits(1));
      if (!cpu_only) add(device->resource, Quantity::FromUnits(admit->count));
      for (const char* resource : {"cpu", "memory", "pods", "nvidia.com/gpu", "nvidia.com/mig-1g.5gb"}) {
        const bool asks =
            resource != std::string("nvidia.com/gpu") && resource != std::string("nvidia.com/mig-1g.5gb");
        if (!asks && (cpu_only || device->resource != resource)) continue;
        if (there[resource] > Amount(node->allocatable, resource))
          return key.name + " overfills " + node->name + " with " + resource;
      }
    }
    return "";
  });
}

// Virtual hours of a platform that more and more people come to: whoever may run at all does in the end.
TEST_CASE("law: nobody waits for ever while sessions end") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    Chance chance{std::mt19937(seed)};
    Sample sample{.classes = {{"t4", "nvidia.com/gpu", {}, {}, 1}}, .nodes = {}, .now = kNow};
    for (int n = 0; n < 3; ++n) {
      auto node = Node(chance, sample.nodes.size());
      node.usable = true;
      node.allocatable = {{"cpu", Quantity::FromUnits(64)},
                          {"memory", Quantity::FromUnits(640)},
                          {"pods", Quantity::FromUnits(60)},
                          {"nvidia.com/gpu", Quantity::FromUnits(4)}};
      sample.nodes.push_back(node);
    }
    const bool shared = chance.Once(2);
    if (shared)
      sample.projects = {{.name = "big", .classes = {{"t4", {.guarantee = 8}}}},
                         {.name = "small", .weight = 3}};
    struct Run {
      Time end;
      Use use;
      Charge charge;
    };
    std::vector<Run> running;
    const Key patient = KeyOf(9999);
    api::Request big = Request(chance, 9999, {});
    big.alternatives = {{"t4", 4}};
    big.patience = {};
    big.preemptible = shared;
    big.project = shared ? "small" : "default";
    big.since = sample.now;
    big.priority = -1;
    sample.waiting.emplace(patient, big);
    bool started = false;
    Capacity classes;
    classes.SetClasses(sample.classes);
    for (int step = 0, number = 0; step < 24 * 6 && !started; ++step, sample.now += hours{1} / 6) {
      std::erase_if(running, [&](const Run& run) { return run.end <= sample.now; });
      for (std::int64_t i = 2 + chance.Below(4); i > 0; --i) {  // always more than there is room for
        auto request = Request(chance, number, {});
        request.alternatives = {{"t4", 1}};
        request.patience = {};
        request.since = sample.now;
        request.preemptible = true;
        if (shared) request.project = "small";
        sample.waiting.emplace(KeyOf(number++), request);
      }
      sample.uses.clear();
      sample.charges.clear();
      for (const auto& run : running) sample.uses.push_back(run.use), sample.charges.push_back(run.charge);
      for (const auto& [key, proposal] : Stage(sample).Run(sample).proposals) {
        const auto* admit = std::get_if<api::Admit>(&proposal);
        if (admit == nullptr) continue;
        started = started || key == patient;
        const auto& request = sample.waiting.at(key);
        running.push_back({sample.now + seconds{1800 + chance.Below(7200)}, UseOf(classes, request, *admit),
                           ChargeOf(request, *admit)});
        sample.waiting.erase(key);
      }
    }
    INFO("seed " << seed);
    REQUIRE(started);
  }
}

}  // namespace
}  // namespace marea::placement
