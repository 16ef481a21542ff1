#include "controllers/placement/project_status.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <variant>

#include "controllers/api/projects.hpp"
#include "controllers/placement/conditions.hpp"

namespace marea::placement {
namespace {

constexpr std::int64_t kMost = 1'000'000'000;  // the schema's maximum
constexpr std::size_t kMostClasses = 256;

class Counter {
 public:
  Counter(const api::World& world, State& state) : world_(world), sharing_(state.sharing()), state_(state) {}

  ProjectCounts Count() {
    for (const auto& view : sharing_.projects()) counts_[view.name];
    for (const auto& [key, session] : world_.sessions.All()) CountSession(*session);
    for (const auto& [key, request] : world_.requests) CountWaiting(key, request);
    CountClasses();
    for (auto& [name, count] : counts_) {
      count.credits = sharing_.HeldCredits(name);
      if (const auto use = sharing_.RecordOf(name)) count.use = {use->first, use->second};
      if (const auto project = world_.projects.Get({"", name})) {
        count.generation = project->metadata.generation;
        FindProblem(*project, count);
      }
    }
    FindConflicts();
    return std::move(counts_);
  }

 private:
  // The project and those that it is a part of.
  template <class F>
  void Upwards(const std::string& project, F visit) {
    if (!counts_.contains(project)) return;
    for (std::optional at = sharing_.Find(project); at; at = sharing_.ParentOf(*at))
      visit(sharing_.ViewOf(*at).name);
  }

  void CountSession(const api::Session& session) {
    if (!session.status.admission) return;
    const auto& project = session.status.project;
    Upwards(project.empty() ? std::string(api::kDefaultProject) : project,
            [&](const std::string& name) { ++counts_[name].sessions; });
  }

  void CountWaiting(const Key& key, const api::Request& request) {
    const auto proposal = world_.proposals.find(key);
    if (proposal != world_.proposals.end() && std::holds_alternative<api::Admit>(proposal->second)) return;
    Upwards(request.project, [&](const std::string& name) {
      ++counts_[name].waiting;
      const bool cpu_only = request.alternatives.empty();
      const std::string wanted =
          cpu_only ? std::string(api::kCpuClass) : request.alternatives.front().class_name;
      waiting_[{name, wanted}] += cpu_only ? 1 : request.alternatives.front().count;
    });
  }

  void CountClasses() {
    std::set<std::string> names{std::string(api::kCpuClass)};
    std::map<std::string, std::int64_t> foreign;
    for (const auto& device : state_.capacity().classes()) {
      names.insert(device.name);
      const auto total = state_.capacity().TotalOf(device);
      foreign[device.name] =
          std::max<std::int64_t>(0, total.used - total.reclaimable - sharing_.Used(device.name));
    }
    for (const auto& view : sharing_.projects()) {
      for (const auto& [name, share] : view.classes) names.insert(name);
    }
    for (auto& [project, count] : counts_) {
      for (const auto& name : names) {
        if (count.classes.size() == kMostClasses) break;
        const auto standing = sharing_.StandingOf(project, name);
        const auto waits = waiting_.find({project, name});
        const std::int64_t waiting = waits == waiting_.end() ? 0 : waits->second;
        if (!standing.promised && standing.used == 0 && waiting == 0) continue;
        api::ProjectClassStatus status;
        status.class_name = name;
        status.used = std::min(kMost, standing.used);
        status.borrowed = std::min(kMost, standing.borrowed);
        status.waiting = std::min(kMost, waiting);
        if (standing.divided) status.guaranteed = std::min(kMost, standing.guaranteed);
        if (standing.promised) {
          const bool now = name == api::kCpuClass || sharing_.HasNow(project, name, foreign[name]);
          status.guarantee = now ? api::Availability::kNow : api::Availability::kAfterBoot;
        }
        count.classes.push_back(std::move(status));
      }
    }
  }

  void FindProblem(const api::Project& project, ProjectCount& count) const {
    const auto& shares = sharing_.ViewOf(sharing_.Find(project.metadata.name)).classes;
    for (const auto& [name, share] : shares) {
      if (name == api::kCpuClass || state_.capacity().Find(name) != nullptr) continue;
      count.problem = "ClassNotFound";
      count.message = "spec: there is no AcceleratorClass " + Quoted(name) + ", which the Project names.";
      return;
    }
    const auto& parent = project.spec.parent_name;
    if (parent.empty()) return;
    if (!world_.projects.Get({"", parent})) {
      count.problem = "ParentNotFound";
      count.message = "spec.parentName: there is no Project " + Quoted(parent) +
                      "; until there is, this one is a part of none.";
      return;
    }
    if (sharing_.ParentOf(sharing_.Find(project.metadata.name))) return;
    count.problem = "ParentCircle";
    count.message = "spec.parentName: by way of " + Quoted(parent) +
                    " it is a part of itself; until that ends it is a part of none.";
  }

  void FindConflicts() {
    for (const auto& [ns, claiming] : api::Contested(world_)) {
      for (const auto& name : claiming) {
        auto& count = counts_[name];
        if (!count.problem.empty()) continue;
        const auto& other = claiming[claiming[0] == name ? 1 : 0];
        count.problem = "NamespaceConflict";
        count.message =
            "Namespace " + ns + " is claimed by Project " + Quoted(other) +
            " too; sessions there that do not name one of them are not accepted. Leave it to one.";
      }
    }
  }

  const api::World& world_;
  Sharing& sharing_;
  State& state_;
  ProjectCounts counts_;
  std::map<std::pair<std::string, std::string>, std::int64_t> waiting_;  // devices, by project and class
};

api::Condition Condition(const char* type, bool holds, std::string reason, std::string message) {
  return {.type = type,
          .status = holds ? "True" : "False",
          .reason = std::move(reason),
          .message = std::move(message),
          .last_transition_time = {}};
}

api::Condition Guaranteed(const ProjectCount& count) {
  std::string later;
  bool promised = false;
  for (const auto& c : count.classes) {
    promised = promised || c.guarantee != api::Availability::kNone;
    if (c.guarantee == api::Availability::kAfterBoot) later += (later.empty() ? "" : ", ") + c.class_name;
  }
  if (!promised) return Condition("Guaranteed", true, "Nothing", "It was promised nothing by name.");
  if (later.empty())
    return Condition("Guaranteed", true, "Now",
                     "What it was promised can be had from devices that are online.");
  if (later.size() > 500) later = later.substr(0, 500) + "…";
  return Condition("Guaranteed", false, "AfterBoot",
                   "More machines must be started for what it was promised of: " + later + ".");
}

}  // namespace

ProjectCounts CountProjects(const api::World& world, State& state) {
  return Counter(world, state).Count();
}

runtime::Decision DecideProjectStatus(const api::World& world, const ProjectCounts& counts, const Key& key,
                                      const runtime::Context& context) {
  const auto project = world.projects.Get(key);
  const auto found = counts.find(key.name);
  if (!project || found == counts.end() || found->second.generation != project->metadata.generation)
    return {};
  const ProjectCount& count = found->second;
  auto status = project->status;
  status.classes = count.classes;
  status.sessions = std::min(kMost, count.sessions);
  status.waiting = std::min(kMost, count.waiting);
  if (count.use.time) status.fair_share = count.use;
  const bool ready = count.problem.empty();
  const auto set = [&](api::Condition condition) {
    SetCondition(status.conditions, std::move(condition), count.generation, context.now);
  };
  set(Condition("Ready", ready, ready ? "Ready" : count.problem,
                ready ? "Its sessions are counted and served." : count.message));
  set(Guaranteed(count));
  set(Condition("Stalled", !ready, ready ? "Progressing" : count.problem,
                ready ? "Nobody needs to act." : count.message));
  auto body = api::StatusPatch(project->status, status);
  if (body.empty()) return {};
  return {.actions = {runtime::Patch{&api::kProjects, key, "status", project->metadata.resource_version,
                                     std::move(body)}},
          .wake_at = {},
          .reason = "the project's use was counted"};
}

}  // namespace marea::placement
