#include "controllers/placement/order.hpp"

#include <tuple>

namespace marea::placement {
namespace {

__extension__ using Wide = __int128;

}  // namespace

bool FairOrder::Part::operator<(const Part& other) const {
  const Wide mine = Wide{use} * other.weight, others = Wide{other.use} * weight;
  return mine != others ? mine < others : std::tie(own, index) < std::tie(other.own, other.index);
}

FairOrder::FairOrder(const Sharing& sharing, Time now) : branches_(sharing.projects().size() + 1) {
  for (Project project = 0; project < Root(); ++project) {
    const auto& view = sharing.ViewOf(project);
    Branch& branch = branches_[project];
    branch.weight = view.weight;
    branch.parent = sharing.ParentOf(project).value_or(Root());
    branch.own_use = sharing.UseOf(view.name, now) + SteadyUse(sharing.HeldCredits(view.name), kHalfLife);
    for (std::size_t at = project;; at = sharing.ParentOf(at).value_or(Root())) {
      branches_[at].use += branch.own_use;
      if (at == Root()) break;
    }
  }
}

void FairOrder::Enqueue(Project project, std::size_t session) {
  auto& sessions = branches_[project].sessions;
  sessions.push_back(session);
  if (sessions.size() > 1) return;
  branches_[project].parts.insert(OwnPart(project));
  for (std::size_t at = project; at != Root(); at = branches_[at].parent) {
    if (!branches_[branches_[at].parent].parts.insert(PartOf(at)).second) break;
  }
}

std::optional<std::size_t> FairOrder::Next() {
  std::size_t at = Root();
  if (branches_[at].parts.empty()) return {};
  while (!branches_[at].parts.begin()->own) at = branches_[at].parts.begin()->index;
  auto& sessions = branches_[at].sessions;
  const std::size_t session = sessions.front();
  sessions.pop_front();
  if (!sessions.empty()) return session;
  branches_[at].parts.erase(OwnPart(at));
  for (; at != Root() && branches_[at].parts.empty(); at = branches_[at].parent)
    branches_[branches_[at].parent].parts.erase(PartOf(at));
  return session;
}

void FairOrder::Charge(Project project, std::int64_t credits) {
  const std::int64_t use = SteadyUse(credits, kHalfLife);
  const bool waits = branches_[project].parts.erase(OwnPart(project)) > 0;
  branches_[project].own_use += use;
  if (waits) branches_[project].parts.insert(OwnPart(project));
  for (std::size_t at = project; at != Root(); at = branches_[at].parent) {
    auto& parts = branches_[branches_[at].parent].parts;
    const bool has_sessions = parts.erase(PartOf(at)) > 0;
    branches_[at].use += use;
    if (has_sessions) parts.insert(PartOf(at));
  }
}

}  // namespace marea::placement
