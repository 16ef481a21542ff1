#include "controllers/placement/quota.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

namespace marea::placement {

QuotaTree::QuotaTree(std::vector<ProjectShare> projects) {
  std::ranges::sort(projects, {}, &ProjectShare::name);
  for (auto& project : projects) {
    if (!by_name_.emplace(project.name, nodes_.size()).second) continue;  // names are the API server's
    nodes_.push_back({.name = project.name, .parent = {}, .share = project.share});
  }
  for (const auto& project : projects) {
    const Project child = by_name_.at(project.name);
    const auto parent = Find(project.parent);
    bool circle = false;
    for (auto above = parent; above && !circle; above = nodes_[*above].parent) circle = *above == child;
    if (!circle) nodes_[child].parent = parent;
  }
  // Children contribute before their parents do: a leaf's line is complete once all below it are.
  std::vector<std::size_t> waits(nodes_.size());
  for (const Node& node : nodes_) {
    if (node.parent) ++waits[*node.parent];
  }
  std::vector<Project> ready;
  for (Project project = 0; project < nodes_.size(); ++project) {
    nodes_[project].quota = nodes_[project].promised = nodes_[project].share.guarantee;
    if (waits[project] == 0) ready.push_back(project);
  }
  while (!ready.empty()) {
    const Node& node = nodes_[ready.back()];
    ready.pop_back();
    if (!node.parent) continue;
    nodes_[*node.parent].quota += node.quota - Local(node);
    nodes_[*node.parent].promised += node.promised;
    if (--waits[*node.parent] == 0) ready.push_back(*node.parent);
  }
}

std::optional<QuotaTree::Project> QuotaTree::Find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::int64_t QuotaTree::Local(const Node& node) const {
  return node.share.lending_limit ? std::max<std::int64_t>(0, node.quota - *node.share.lending_limit) : 0;
}

std::int64_t QuotaTree::Borrowed(Project project) const {
  return std::max<std::int64_t>(0, nodes_[project].counted - nodes_[project].quota);
}

std::int64_t QuotaTree::Room(Project project) const {
  const Node& node = nodes_[project];
  if (!node.parent) return node.quota - node.counted;
  const std::int64_t local = Local(node);
  std::int64_t above = Room(*node.parent);
  if (node.share.borrowing_limit) {
    const std::int64_t lent = node.quota - local, taken = std::max<std::int64_t>(0, node.counted - local);
    above = std::min(above, lent - taken + *node.share.borrowing_limit);
  }
  return std::max<std::int64_t>(0, local - node.counted) + std::max<std::int64_t>(0, above);
}

std::int64_t QuotaTree::Available(Project project) const {
  std::int64_t available = Room(project);
  for (std::optional<Project> at = project; at; at = nodes_[*at].parent) {
    const Node& node = nodes_[*at];
    if (node.share.limit) available = std::min(available, *node.share.limit - node.used);
  }
  return std::max<std::int64_t>(0, available);
}

bool QuotaTree::FitsQuota(Project project, std::int64_t amount) const {
  for (std::optional<Project> at = project; at && amount > 0; at = nodes_[*at].parent) {
    const Node& node = nodes_[*at];
    if (node.counted + amount > node.quota) return false;
    amount -= std::clamp<std::int64_t>(Local(node) - node.counted, 0, amount);
  }
  return true;
}

void QuotaTree::Add(Project project, std::int64_t amount) {
  assert(amount >= 0);
  std::int64_t counted = amount;  // what the project below could not keep to itself
  for (std::optional<Project> at = project; at; at = nodes_[*at].parent) {
    Node& node = nodes_[*at];
    const std::int64_t kept = std::clamp<std::int64_t>(Local(node) - node.counted, 0, counted);
    node.used += amount;
    node.counted += counted;
    counted -= kept;
  }
}

void QuotaTree::Remove(Project project, std::int64_t amount) {
  std::int64_t counted = amount;
  for (std::optional<Project> at = project; at; at = nodes_[*at].parent) {
    Node& node = nodes_[*at];
    assert(amount >= 0 && amount <= node.used && counted <= node.counted);
    const std::int64_t above = std::max<std::int64_t>(0, node.counted - Local(node));
    node.used -= amount;
    node.counted -= counted;
    counted = std::min(counted, above);
  }
}

}  // namespace marea::placement
