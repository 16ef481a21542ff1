#include "kube/storage.hpp"

#include <algorithm>
#include <charconv>

namespace marea::kube {
namespace {

std::optional<std::int64_t> Number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

bool Compares(const NodeRequirement& requirement, const std::string& value) {
  if (requirement.values.size() != 1) return false;
  const auto bound = Number(requirement.values.front()), number = Number(value);
  if (!bound || !number) return false;
  return requirement.operation == "Gt" ? *number > *bound : *number < *bound;
}

bool Holds(const NodeRequirement& requirement, const std::string* value) {
  const auto& operation = requirement.operation;
  const bool listed =
      value != nullptr && std::ranges::find(requirement.values, *value) != requirement.values.end();
  if (operation == "In") return listed;
  if (operation == "NotIn") return !listed;
  if (operation == "Exists") return value != nullptr;
  if (operation == "DoesNotExist") return value == nullptr;
  if (operation == "Gt" || operation == "Lt") return value != nullptr && Compares(requirement, *value);
  return false;
}

}  // namespace

bool Matches(const NodeSelector& selector, const std::string& node_name, const StringMap& labels) {
  const auto label = [&](const NodeRequirement& requirement) {
    const auto found = labels.find(requirement.key);
    return Holds(requirement, found == labels.end() ? nullptr : &found->second);
  };
  const auto field = [&](const NodeRequirement& requirement) {
    return Holds(requirement, requirement.key == "metadata.name" ? &node_name : nullptr);
  };
  return std::ranges::any_of(selector.terms, [&](const NodeSelectorTerm& term) {
    if (term.expressions.empty() && term.fields.empty()) return false;
    return std::ranges::all_of(term.expressions, label) && std::ranges::all_of(term.fields, field);
  });
}

std::optional<NodeSelector> Topology(const StorageClass& storage) {
  if (storage.allowed_topologies.empty()) return {};
  NodeSelector selector;
  for (const auto& topology : storage.allowed_topologies) {
    NodeSelectorTerm term;
    for (const auto& wanted : topology.expressions)
      term.expressions.push_back({wanted.key, "In", wanted.values});
    selector.terms.push_back(std::move(term));
  }
  return selector;
}

}  // namespace marea::kube
