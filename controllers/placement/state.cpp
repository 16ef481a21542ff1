#include "controllers/placement/state.hpp"

#include <algorithm>
#include <utility>

#include "controllers/api/names.hpp"

namespace marea::placement {
namespace {

constexpr std::string_view kDraining = "marea.dev/draining";

NodeView ViewOf(const kube::Node& node) {
  const bool draining =
      std::ranges::find(node.spec.taints, kDraining, &kube::Taint::key) != node.spec.taints.end();
  return {
      .name = node.metadata.name,
      .labels = node.metadata.labels,
      .taints = node.spec.taints,
      .usable = !node.spec.unschedulable && !draining && !node.metadata.deletion_time && kube::IsReady(node),
      .allocatable = node.status.allocatable};
}

std::optional<Quantity> Asked(const api::World& world, const api::Session& session,
                              std::optional<Quantity> api::AskedResources::* resource) {
  if (const auto& own = session.spec.resources.*resource) return own;
  const auto c = world.session_classes.Get({"", session.spec.class_name});
  return c ? c->spec.resources.default_resources.*resource : std::nullopt;
}

}  // namespace

ProjectView ViewOf(const api::Project& project) {
  const auto& spec = project.spec;
  ProjectView view{.name = project.metadata.name,
                   .parent = spec.parent_name,
                   .may_borrow = spec.borrowing.policy == api::BorrowingPolicy::kAllowed,
                   .weight = std::clamp<std::int64_t>(spec.weight, 1, 1'000'000),
                   .max_priority = spec.max_priority};
  for (const auto& guarantee : spec.guarantees) {
    auto& share = view.classes[guarantee.class_name];
    share.guarantee = guarantee.count;
    share.lending_limit = guarantee.lending_limit;
  }
  for (const auto& limit : spec.limits) view.classes[limit.class_name].limit = limit.count;
  for (const auto& limit : spec.user_limits) view.classes[limit.class_name].user_limit = limit.count;
  for (const auto& limit : spec.borrowing.limits)
    view.classes[limit.class_name].borrowing_limit = limit.count;
  return view;
}

void State::Start() {
  started_ = true;
  for (const auto& [key, node] : world_.nodes.All()) capacity_.SetNode(ViewOf(*node));
  for (const auto& [key, project] : world_.projects.All()) {
    const auto& record = project->status.fair_share;
    if (record.milli_credit_seconds && record.time)
      sharing_.Restore(key.name, *record.milli_credit_seconds, *record.time);
  }
  ProjectsChanged();
  ClassesChanged();
}

// Where both have one name, a pod that is not the session's and the session are counted each.
State::Holding State::HoldingOf(const Key& key) const {
  Holding holding;
  const auto pod = world_.pods.Get(key);
  const auto session = world_.sessions.Get(key);
  const bool ours = pod && session && kube::ControllerUid(pod->metadata) == session->metadata.uid;
  const bool bound = pod && !pod->spec.node_name.empty();
  if (bound && !kube::HasEnded(*pod)) {
    Use use{pod->spec.node_name, kube::PodRequests(pod->spec)};
    use.need["pods"] = Quantity::FromUnits(1);
    if (!ours) use.priority = pod->spec.priority.value_or(0);
    holding.uses.push_back(std::move(use));
  }
  if (!session) return holding;
  if (const auto& admission = session->status.admission) {
    if (!ours || !bound) {
      if (auto use = UseOfAdmission(*session)) holding.uses.push_back(std::move(*use));
    }
    const auto& project = session->status.project;
    holding.charge = Charge{project.empty() ? std::string(api::kDefaultProject) : project,
                            session->status.user, admission->accelerator_class, admission->count,
                            admission->kind == api::AdmissionKind::kBorrowed};
  } else if (const auto promise = promises_.find(key); promise != promises_.end()) {
    holding.uses.push_back(promise->second.first);
    holding.charge = promise->second.second;
  }
  return holding;
}

std::optional<Use> State::UseOfAdmission(const api::Session& session) const {
  const auto& admission = *session.status.admission;
  Use use{admission.node_name, {{"pods", Quantity::FromUnits(1)}}};
  if (const auto cpu = Asked(world_, session, &api::AskedResources::cpu)) use.need["cpu"] = *cpu;
  if (const auto memory = Asked(world_, session, &api::AskedResources::memory)) use.need["memory"] = *memory;
  if (const DeviceClass* device = capacity_.Find(admission.accelerator_class))
    use.need[device->resource] = Quantity::FromUnits(admission.count);
  return use;
}

bool State::Recount(const Key& key) {
  if (!started_) return false;
  auto holding = HoldingOf(key);
  const auto held = holdings_.find(key);
  if (held == holdings_.end() ? holding == Holding{} : holding == held->second) return false;
  if (held != holdings_.end()) Uncount(held->second);
  Count(holding);
  if (holding == Holding{}) {
    holdings_.erase(key);
  } else {
    holdings_.insert_or_assign(key, std::move(holding));
  }
  return true;
}

void State::Count(const Holding& holding) {
  for (const auto& use : holding.uses) capacity_.Add(use);
  if (!holding.charge) return;
  sharing_.Add(*holding.charge);
  charges_changed_ = true;
}

void State::Uncount(const Holding& holding) {
  for (const auto& use : holding.uses) capacity_.Remove(use);
  if (!holding.charge) return;
  sharing_.Remove(*holding.charge);
  charges_changed_ = true;
}

bool State::PodChanged(const Key& key) {
  return Recount(key);
}

bool State::SessionChanged(const Key& key) {
  const auto session = world_.sessions.Get(key);
  if (session && session->status.user.empty() && !session->metadata.deletion_time) {
    unvisited_.insert(key);
  } else {
    unvisited_.erase(key);
  }
  const bool changed = Recount(key);
  // An admission looks just like the promise that led to it, and is charged from now on.
  if (std::exchange(charges_changed_, false)) sharing_.Settle(now_());
  return changed;
}

bool State::NodeChanged(const std::string& name) {
  if (!started_) return false;
  nodes_changed_ = true;
  if (const auto node = world_.nodes.Get({"", name})) {
    capacity_.SetNode(ViewOf(*node));
  } else {
    capacity_.RemoveNode(name);
  }
  return true;
}

void State::ProjectsChanged() {
  if (!started_) return;
  std::vector<ProjectView> projects;
  for (const auto& [key, project] : world_.projects.All()) projects.push_back(placement::ViewOf(*project));
  sharing_.SetProjects(std::move(projects));
}

// What an admission takes is said by its classes: all are counted anew.
void State::ClassesChanged() {
  if (!started_) return;
  std::vector<DeviceClass> classes;
  for (const auto& [key, c] : world_.accelerator_classes.All()) {
    classes.push_back({key.name, c->spec.device.extended_resource.name, c->spec.node_selector,
                       c->spec.tolerations, c->spec.credits, c->spec.reclaim_below_priority});
  }
  capacity_.SetClasses(std::move(classes));
  CountClasses();
  for (const auto& [key, pod] : world_.pods.All()) Recount(key);
  for (const auto& [key, session] : world_.sessions.All()) Recount(key);
  sharing_.Settle(now_());
}

void State::CountClasses() {
  nodes_changed_ = false;
  std::map<std::string, Sharing::Class> classes;
  for (const auto& device : capacity_.classes())
    classes[device.name] = {device.credits, capacity_.TotalOf(device).devices};
  classes[std::string(api::kCpuClass)] = {0, 0};
  sharing_.SetClasses(std::move(classes));
}

void State::Promise(const Key& session, std::optional<std::pair<Use, Charge>> promise) {
  if (promise) {
    promises_.insert_or_assign(session, std::move(*promise));
  } else if (promises_.erase(session) == 0) {
    return;
  }
  Recount(session);
}

Sharing& State::sharing() {
  if (nodes_changed_) CountClasses();
  return sharing_;
}

bool LooksTheSame(const kube::Node& before, const kube::Node& after) {
  return ViewOf(before) == ViewOf(after);
}

}  // namespace marea::placement
