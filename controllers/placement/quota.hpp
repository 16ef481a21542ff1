// Who may use how many devices of one class: a tree of projects, each with a guarantee, that lend each other
// what they do not use. Integers only; every operation costs the depth of the tree.
//
// A project's quota is its own guarantee and what its children contribute: a child keeps what it does not
// lend (its local part) to itself. What is used counts against the local part first; the rest counts against
// the parent's quota, as far up as need be. So what is lent out is seen at once by everybody who could borrow
// it, and what its owner uses by nobody else. The arithmetic is that of Kueue's cohorts (KEP-79, hierarchical
// cohorts; KEP-1224, lending limits).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace marea::placement {

// In devices; all of it at least 0.
struct Share {
  std::int64_t guarantee = 0;
  std::optional<std::int64_t> borrowing_limit = {};  // above the quota; absent: as much as there is
  std::optional<std::int64_t> lending_limit = {};    // of the quota; absent: all that is not used
  std::optional<std::int64_t> limit = {};            // of use, borrowed or not; absent: none
};

struct ProjectShare {
  std::string name;
  std::string parent;  // empty, or not there: a root
  Share share;
};

class QuotaTree {
 public:
  using Project = std::size_t;

  // The order does not matter. A project whose parents lead back to itself is a root, as if it named none.
  explicit QuotaTree(std::vector<ProjectShare> projects);

  std::optional<Project> Find(const std::string& name) const;

  std::int64_t Quota(Project project) const { return nodes_[project].quota; }
  // Its guarantee and those of all below it, lent or not.
  std::int64_t Promised(Project project) const { return nodes_[project].promised; }
  // By the project and its children, borrowed or not.
  std::int64_t Used(Project project) const { return nodes_[project].used; }
  // Of what it uses, what others lent it: beyond its quota.
  std::int64_t Borrowed(Project project) const;
  // How much more it may use now, what it may borrow included. Never below 0.
  std::int64_t Available(Project project) const;
  // Whether that much more stays within its quota and, of what it does not keep to itself, within the quota
  // of each above it. Asked of a tree that counts only what cannot be taken back, it says what more could
  // not.
  bool FitsQuota(Project project, std::int64_t amount) const;

  // Counts use whether or not it is available: what runs, runs. `amount` is at least 0; of Remove at most
  // what was added for this project.
  void Add(Project project, std::int64_t amount);
  void Remove(Project project, std::int64_t amount);

 private:
  struct Node {
    std::string name;
    std::optional<Project> parent;
    Share share;
    std::int64_t quota = 0;  // guarantee and what the children contribute
    std::int64_t promised = 0;
    std::int64_t used = 0;     // of the whole subtree
    std::int64_t counted = 0;  // against the quota: without what children keep to themselves
  };

  std::int64_t Local(const Node& node) const;  // what is not lent
  std::int64_t Room(Project project) const;    // by quotas and borrowing alone; of a root it may be below 0

  std::vector<Node> nodes_;
  std::map<std::string, Project> by_name_;
};

}  // namespace marea::placement
