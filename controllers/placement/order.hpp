// Whose turn it is: hierarchical fair share over the tree of projects. Among the parts of a project the one
// that has used least for its weight goes first, down to the sessions of one project, which go by priority,
// submit time and uid. The sessions of a project that has parts itself are a part beside them, of the
// project's own weight.
//
// Use is what was used, half of it forgotten in every half-life, and what the credits that are held now come
// to if they go on being held: who holds much today waits behind who used much last week. It is start-time
// fair queueing on a tree, as in Slurm's Fair Tree, with admissions for packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <vector>

#include "controllers/placement/sharing.hpp"

namespace marea::placement {

class FairOrder {
 public:
  using Project = Sharing::Project;

  FairOrder(const Sharing& sharing, Time now);

  // In the order of the project's own sessions.
  void Enqueue(Project project, std::size_t session);
  // The next, which is in the order no more. Empty: there is none.
  std::optional<std::size_t> Next();
  // It was given what it asked for.
  void Charge(Project project, std::int64_t credits);

 private:
  struct Part {  // of a project: one of its children, or its own sessions
    std::int64_t use, weight;
    std::size_t index;  // of the project it is, or whose own sessions it is
    bool own;
    bool operator<(const Part& other) const;
  };
  struct Branch {
    std::int64_t weight = 1, use = 0, own_use = 0;  // in thousandths of a credit-second
    std::size_t parent = 0;
    std::deque<std::size_t> sessions;
    std::set<Part> parts;  // that have sessions
  };

  std::size_t Root() const { return branches_.size() - 1; }
  Part PartOf(std::size_t branch) const {
    return {branches_[branch].use, branches_[branch].weight, branch, false};
  }
  Part OwnPart(std::size_t branch) const {
    return {branches_[branch].own_use, branches_[branch].weight, branch, true};
  }

  std::vector<Branch> branches_;  // by project; the last is the root
};

}  // namespace marea::placement
