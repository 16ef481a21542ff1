#include "controllers/placement/quota.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

namespace marea::placement {
namespace {

using Project = QuotaTree::Project;

struct Chance {
  std::mt19937 engine;
  std::int64_t Below(std::int64_t n) {
    return static_cast<std::int64_t>(engine() % static_cast<unsigned>(n));
  }
  bool Once(std::int64_t in) { return Below(in) == 0; }
};

std::vector<ProjectShare> Forest(Chance& chance, bool limits) {
  std::vector<ProjectShare> projects;
  const std::int64_t count = 2 + chance.Below(10);
  for (std::int64_t i = 0; i < count; ++i) {
    ProjectShare project{
        .name = "p" + std::to_string(i), .parent = {}, .share = {.guarantee = chance.Below(9)}};
    if (i > 0 && !chance.Once(6)) project.parent = "p" + std::to_string(chance.Below(i));
    if (limits && chance.Once(3)) project.share.borrowing_limit = chance.Below(6);
    if (limits && chance.Once(3)) project.share.lending_limit = chance.Below(6);
    if (limits && chance.Once(5)) project.share.limit = chance.Below(12);
    projects.push_back(project);
  }
  return projects;
}

// Uses that were all available when they began, and some ends.
std::vector<std::pair<Project, std::int64_t>> Live(QuotaTree& tree, std::size_t projects, Chance& chance) {
  std::vector<std::pair<Project, std::int64_t>> uses;
  for (int step = 0; step < 60; ++step) {
    if (!uses.empty() && chance.Once(3)) {
      const auto ended = uses.begin() + chance.Below(std::ssize(uses));
      tree.Remove(ended->first, ended->second);
      uses.erase(ended);
      continue;
    }
    const auto project = static_cast<Project>(chance.Below(static_cast<std::int64_t>(projects)));
    const std::int64_t amount = 1 + chance.Below(4);
    if (tree.Available(project) < amount) continue;
    tree.Add(project, amount);
    uses.emplace_back(project, amount);
  }
  return uses;
}

struct State {
  std::vector<std::int64_t> used, available, borrowed;
  bool operator==(const State&) const = default;
};

State StateOf(const QuotaTree& tree, std::size_t projects) {
  State state;
  for (Project p = 0; p < projects; ++p) {
    state.used.push_back(tree.Used(p));
    state.available.push_back(tree.Available(p));
    state.borrowed.push_back(tree.Borrowed(p));
  }
  return state;
}

}  // namespace

TEST_CASE("who uses less than its guarantee lends the rest, and has it back as far as it is free") {
  QuotaTree tree({{"lab", "", {}}, {"ada", "lab", {.guarantee = 4}}, {"ben", "lab", {.guarantee = 4}}});
  const Project ada = *tree.Find("ada"), ben = *tree.Find("ben"), lab = *tree.Find("lab");
  CHECK(tree.Quota(lab) == 8);
  CHECK(tree.Available(ada) == 8);
  tree.Add(ada, 6);
  CHECK(tree.Borrowed(ada) == 2);
  CHECK(tree.Available(ben) == 2);
  CHECK(tree.Used(lab) == 6);
  tree.Remove(ada, 3);
  CHECK(tree.Borrowed(ada) == 0);
  CHECK(tree.Available(ben) == 5);
}

TEST_CASE("what is not lent is nobody else's, and what may not be borrowed is not") {
  QuotaTree tree({{"lab", "", {}},
                  {"ada", "lab", {.guarantee = 4, .lending_limit = 1}},
                  {"ben", "lab", {.guarantee = 4, .borrowing_limit = 0}},
                  {"cleo", "lab", {.limit = 2}}});
  const Project ada = *tree.Find("ada"), ben = *tree.Find("ben"), cleo = *tree.Find("cleo");
  CHECK(tree.Quota(*tree.Find("lab")) == 5);
  CHECK(tree.Available(ben) == 4);
  CHECK(tree.Available(cleo) == 2);
  CHECK(tree.Available(ada) == 8);
  tree.Add(cleo, 2);
  tree.Add(ben, 3);
  CHECK(tree.Available(ada) == 3);
}

TEST_CASE("what cannot be taken back fits the quota at every level") {
  QuotaTree held({{"lab", "", {.guarantee = 1}}, {"ada", "lab", {.guarantee = 2}}, {"ben", "lab", {}}});
  const Project ada = *held.Find("ada"), ben = *held.Find("ben"), lab = *held.Find("lab");
  CHECK(held.FitsQuota(ada, 2));
  CHECK_FALSE(held.FitsQuota(ada, 3));
  CHECK_FALSE(held.FitsQuota(ben, 1));
  CHECK(held.FitsQuota(lab, 3));
  held.Add(lab, 2);
  CHECK(held.FitsQuota(ada, 1));
  CHECK_FALSE(held.FitsQuota(ada, 2));
}

TEST_CASE("a circle of parents is no tree: who closes it is a root") {
  QuotaTree tree({{"a", "b", {.guarantee = 1}}, {"b", "c", {.guarantee = 2}}, {"c", "a", {.guarantee = 4}}});
  std::int64_t largest = 0;
  for (const char* name : {"a", "b", "c"}) largest = std::max(largest, tree.Quota(*tree.Find(name)));
  CHECK(largest == 7);
  CHECK_FALSE(tree.Find("nobody"));
}

TEST_CASE("law: add then remove restores everything") {
  Chance chance{std::mt19937(1)};
  for (int world = 0; world < 2000; ++world) {
    const auto projects = Forest(chance, true);
    QuotaTree tree(projects);
    Live(tree, projects.size(), chance);
    const auto before = StateOf(tree, projects.size());
    const auto p = static_cast<Project>(chance.Below(std::ssize(projects)));
    const std::int64_t amount = chance.Below(20);  // more than there is, too
    tree.Add(p, amount);
    tree.Remove(p, amount);
    REQUIRE(StateOf(tree, projects.size()) == before);
  }
}

TEST_CASE("law: use stays within quota, borrowing and limits when only what is available is used") {
  Chance chance{std::mt19937(2)};
  for (int world = 0; world < 2000; ++world) {
    const auto projects = Forest(chance, true);
    QuotaTree tree(projects);
    Live(tree, projects.size(), chance);
    for (const auto& project : projects) {
      const Project p = *tree.Find(project.name);
      if (project.parent.empty()) REQUIRE(tree.Borrowed(p) == 0);
      if (project.share.borrowing_limit) REQUIRE(tree.Borrowed(p) <= *project.share.borrowing_limit);
      if (project.share.limit) REQUIRE(tree.Used(p) <= *project.share.limit);
    }
  }
}

TEST_CASE("law: what is not lent stays available to its owner, whatever the others do") {
  Chance chance{std::mt19937(3)};
  for (int world = 0; world < 2000; ++world) {
    auto projects = Forest(chance, false);
    auto& owner = projects[static_cast<std::size_t>(chance.Below(std::ssize(projects)))];
    owner.share.lending_limit = chance.Below(5);
    QuotaTree tree(projects);
    const Project p = *tree.Find(owner.name);
    const std::int64_t kept = std::max<std::int64_t>(0, tree.Quota(p) - *owner.share.lending_limit);
    for (int step = 0; step < 30; ++step) {
      const auto other = static_cast<Project>(chance.Below(std::ssize(projects)));
      if (tree.Used(p) == 0 && other != p && tree.Available(other) > 0) tree.Add(other, 1);
      if (tree.Used(p) > 0) break;  // a child of the owner's: what it uses is the owner's
      REQUIRE(tree.Available(p) >= kept);
    }
  }
}

TEST_CASE("law: without limits nobody waits while a device of the tree is free") {
  Chance chance{std::mt19937(4)};
  for (int world = 0; world < 1000; ++world) {
    auto projects = Forest(chance, false);
    for (std::size_t i = 1; i < projects.size(); ++i) {
      if (projects[i].parent.empty()) projects[i].parent = "p0";  // one tree
    }
    QuotaTree tree(projects);
    Live(tree, projects.size(), chance);
    const Project root = *tree.Find("p0");
    for (Project p = 0; p < projects.size(); ++p)
      REQUIRE(tree.Available(p) == tree.Quota(root) - tree.Used(root));
  }
}

TEST_CASE("law: neither the order of projects nor that of uses changes anything") {
  Chance chance{std::mt19937(5)};
  for (int world = 0; world < 1000; ++world) {
    auto projects = Forest(chance, true);
    QuotaTree tree(projects);
    auto uses = Live(tree, projects.size(), chance);
    std::ranges::shuffle(projects, chance.engine);
    std::ranges::shuffle(uses, chance.engine);
    QuotaTree again(projects);
    for (const auto& [project, amount] : uses) again.Add(project, amount);  // numbered by name
    REQUIRE(StateOf(again, projects.size()) == StateOf(tree, projects.size()));
  }
}

}  // namespace marea::placement
