#include "controllers/placement/sharing.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

namespace marea::placement {
namespace {

constexpr std::int64_t kUnbounded = 1'000'000'000;
constexpr std::int64_t kMostUse = 1'000'000'000'000'000;  // what a million credits come to, and more
constexpr const char* kRoot = "/";                        // no project's name

// In the order of names; each at most once.
std::vector<ProjectView> Complete(std::vector<ProjectView> given, const std::set<std::string>& known) {
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(given, name, &ProjectView::name) == given.end()) given.push_back({.name = name});
  };
  add(std::string(api::kDefaultProject));
  for (const auto& name : known) add(name);
  std::ranges::sort(given, {}, &ProjectView::name);
  return given;
}

}  // namespace

void Sharing::SetProjects(std::vector<ProjectView> projects) {
  given_ = std::move(projects);
  Rebuild();
}

void Sharing::SetClasses(std::map<std::string, Class> classes) {
  if (classes == classes_) return;
  classes_ = std::move(classes);
  for (auto& [project, credits] : credits_) credits = 0;
  for (const auto& [class_name, by_project] : held_) {
    for (const auto& [project, held] : by_project)
      credits_[project] += (held.guaranteed + held.borrowed) * CreditsOf(class_name);
  }
  trees_.clear();
}

void Sharing::Know(const std::string& project) {
  if (by_name_.contains(project)) return;
  known_.insert(project);
  Rebuild();
}

void Sharing::Rebuild() {
  projects_ = Complete(given_, known_);
  by_name_.clear();
  for (Project p = 0; p < projects_.size(); ++p) by_name_.emplace(projects_[p].name, p);
  parents_.assign(projects_.size(), {});
  for (Project p = 0; p < projects_.size(); ++p) {
    const auto parent = by_name_.find(projects_[p].parent);
    if (parent == by_name_.end()) continue;
    bool circle = false;
    for (std::optional<Project> above = parent->second; above && !circle; above = parents_[*above])
      circle = *above == p;
    if (!circle) parents_[p] = parent->second;
  }
  trees_.clear();
}

Sharing::Project Sharing::Find(const std::string& name) const {
  const auto found = by_name_.find(name);
  assert(found != by_name_.end());
  return found->second;
}

std::int64_t Sharing::CreditsOf(const std::string& class_name) const {
  const auto found = classes_.find(class_name);
  if (found != classes_.end()) return found->second.credits;
  return class_name == api::kCpuClass ? 0 : 1;
}

std::int64_t Sharing::Units(const std::string& class_name, std::int64_t count) {
  return class_name == api::kCpuClass ? 1 : count;
}

const ClassShare* Sharing::ShareOf(Project project, const std::string& class_name) const {
  const auto& classes = projects_[project].classes;
  const auto found = classes.find(class_name);
  return found == classes.end() ? nullptr : &found->second;
}

// Whether anybody was promised any of it.
bool Sharing::IsDivided(const std::string& class_name) const {
  return std::ranges::any_of(given_, [&](const ProjectView& project) {
    const auto share = project.classes.find(class_name);
    return share != project.classes.end() && share->second.guarantee;
  });
}

Sharing::Trees Sharing::MakeTrees(const std::string& class_name) const {
  const bool divided = IsDivided(class_name);
  std::vector<ProjectShare> shares{{.name = kRoot, .parent = {}, .share = {}}};
  std::int64_t promised = 0;
  for (Project p = 0; p < projects_.size(); ++p) {
    Share share;
    if (const ClassShare* given = ShareOf(p, class_name)) {
      share = {.guarantee = given->guarantee.value_or(0),
               .borrowing_limit = given->borrowing_limit,
               .lending_limit = given->lending_limit,
               .limit = given->limit};
    }
    promised += share.guarantee;
    if (!projects_[p].may_borrow) share.borrowing_limit = 0;
    if (!divided && class_name == api::kCpuClass) share.guarantee = kUnbounded;
    shares.push_back({.name = projects_[p].name,
                      .parent = parents_[p] ? projects_[*parents_[p]].name : kRoot,
                      .share = share});
  }
  const Project fallback = Find(std::string(api::kDefaultProject));
  const ClassShare* of_default = ShareOf(fallback, class_name);
  if (of_default == nullptr || !of_default->guarantee) {
    const auto known = classes_.find(class_name);
    const std::int64_t capacity = known == classes_.end() ? 0 : known->second.capacity;
    shares[fallback + 1].share.guarantee =
        divided ? std::max<std::int64_t>(0, capacity - promised) : kUnbounded;
  }
  return {divided, QuotaTree(shares), QuotaTree(shares), QuotaTree(shares)};
}

Sharing::Trees& Sharing::TreesOf(const std::string& class_name) const {
  if (const auto made = trees_.find(class_name); made != trees_.end()) return made->second;
  auto& trees = trees_.emplace(class_name, MakeTrees(class_name)).first->second;
  if (const auto held = held_.find(class_name); held != held_.end()) {
    for (const auto& [project, use] : held->second) {
      const auto node = NodeOf(Find(project));
      trees.all.Add(node, use.guaranteed + use.borrowed);
      trees.guaranteed.Add(node, use.guaranteed);
    }
  }
  return trees;
}

void Sharing::Add(const Charge& charge) {
  Know(charge.project);
  const std::int64_t units = Units(charge.class_name, charge.count);
  auto& trees = TreesOf(charge.class_name);
  const auto node = NodeOf(Find(charge.project));
  trees.all.Add(node, units);
  if (!charge.borrowed) trees.guaranteed.Add(node, units);
  Change(charge, units);
}

void Sharing::Remove(const Charge& charge) {
  const std::int64_t units = Units(charge.class_name, charge.count);
  auto& trees = TreesOf(charge.class_name);
  const auto node = NodeOf(Find(charge.project));
  trees.all.Remove(node, units);
  if (!charge.borrowed) trees.guaranteed.Remove(node, units);
  Change(charge, -units);
}

void Sharing::Change(const Charge& charge, std::int64_t units) {
  auto& by_project = held_[charge.class_name];
  auto& held = by_project[charge.project];
  (charge.borrowed ? held.borrowed : held.guaranteed) += units;
  if (held == Held{}) by_project.erase(charge.project);
  const auto user = user_holds_.try_emplace({charge.project, charge.user, charge.class_name}).first;
  user->second += units;
  if (user->second == 0) user_holds_.erase(user);
  credits_[charge.project] += units * CreditsOf(charge.class_name);
}

void Sharing::Settle(Time now) {
  for (const auto& [project, credits] : credits_) {
    auto& use = use_.try_emplace(project, kHalfLife, now, 0).first->second;
    const bool restored = restored_.erase(project) > 0;
    if (use.held() != credits) use.Hold(restored ? Time{} : now, std::min<std::int64_t>(credits, 1'000'000));
  }
}

void Sharing::Restore(const std::string& project, std::int64_t milli_credit_seconds, Time time) {
  const std::int64_t use = std::clamp<std::int64_t>(milli_credit_seconds, 0, kMostUse);
  if (use_.try_emplace(project, kHalfLife, time, use).second) restored_.insert(project);
  Know(project);
}

Sharing::Answer Sharing::Ask(const Charge& wanted, bool preemptible) const {
  return Ask(Find(wanted.project), wanted.user, wanted.class_name, wanted.count, preemptible);
}

Sharing::Answer Sharing::Ask(Project project, const std::string& user, const std::string& class_name,
                             std::int64_t count, bool preemptible) const {
  const std::int64_t units = Units(class_name, count);
  const Trees& trees = TreesOf(class_name);
  const auto node = NodeOf(project);

  Answer limited = Answer::kGuaranteed;
  for (std::optional<Project> at = project; at; at = parents_[*at]) {
    const ClassShare* share = ShareOf(*at, class_name);
    if (share == nullptr || !share->limit) continue;
    if (*share->limit == 0) return Answer::kNotAllowed;
    if (*share->limit < units) return Answer::kNeverProjectLimit;
    if (trees.all.Used(NodeOf(*at)) + units > *share->limit) limited = Answer::kProjectLimit;
  }
  const ClassShare* own = ShareOf(project, class_name);
  if (own != nullptr && own->user_limit) {
    if (*own->user_limit < units) return Answer::kNeverUserLimit;
    if (UserHolds(projects_[project].name, user, class_name) + units > *own->user_limit)
      limited = Answer::kUserLimit;
  }
  const bool borrows = preemptible && projects_[project].may_borrow;
  // What the others leave grows with the platform: it is never too little for good.
  const bool grows = projects_[project].name == api::kDefaultProject && !parents_[project] &&
                     (own == nullptr || !own->guarantee);
  if (!grows && (borrows ? trees.empty.Available(node) < units : !trees.empty.FitsQuota(node, units)))
    return Answer::kNeverGuaranteed;
  if (limited != Answer::kGuaranteed) return limited;
  if (trees.guaranteed.FitsQuota(node, units))
    return trees.all.Available(node) >= units ? Answer::kGuaranteed : Answer::kLater;
  if (!borrows) return Answer::kNotGuaranteed;
  return trees.all.Available(node) >= units ? Answer::kBorrowed : Answer::kLater;
}

Sharing::Standing Sharing::StandingOf(const std::string& project, const std::string& class_name) const {
  const Project p = Find(project);
  const Trees& trees = TreesOf(class_name);
  const auto node = NodeOf(p);
  const ClassShare* share = ShareOf(p, class_name);
  Standing standing{.used = trees.all.Used(node), .borrowed = trees.all.Borrowed(node)};
  standing.promised = share != nullptr && share->guarantee;
  standing.divided = trees.divided;
  if (standing.divided) {
    standing.guaranteed = trees.all.Promised(node);
    standing.quota = trees.all.Quota(node);
  }
  return standing;
}

std::int64_t Sharing::Used(const std::string& class_name) const {
  const Trees& trees = TreesOf(class_name);
  return trees.all.Used(*trees.all.Find(kRoot));
}

std::int64_t Sharing::Unused(const std::string& project, const std::string& class_name) const {
  const Trees& trees = TreesOf(class_name);
  const auto node = NodeOf(Find(project));
  return std::max<std::int64_t>(0, trees.all.Quota(node) - trees.guaranteed.Used(node));
}

bool Sharing::HasNow(const std::string& project, const std::string& class_name, std::int64_t foreign) const {
  const auto known = classes_.find(class_name);
  const std::int64_t capacity = known == classes_.end() ? 0 : known->second.capacity;
  const Trees& trees = TreesOf(class_name);
  const std::int64_t taken = trees.guaranteed.Used(*trees.guaranteed.Find(kRoot));
  return Unused(project, class_name) <= capacity - foreign - taken;
}

std::int64_t Sharing::UserHolds(const std::string& project, const std::string& user,
                                const std::string& class_name) const {
  const auto found = user_holds_.find({project, user, class_name});
  return found == user_holds_.end() ? 0 : found->second;
}

std::int64_t Sharing::UseOf(const std::string& project, Time now) const {
  const auto found = use_.find(project);
  return found == use_.end() ? 0 : found->second.At(now);
}

std::optional<std::pair<std::int64_t, Time>> Sharing::RecordOf(const std::string& project) const {
  const auto found = use_.find(project);
  if (found == use_.end()) return {};
  return std::pair(found->second.At(found->second.since()), found->second.since());
}

std::int64_t Sharing::HeldCredits(const std::string& project) const {
  const auto found = credits_.find(project);
  return found == credits_.end() ? 0 : found->second;
}

}  // namespace marea::placement
