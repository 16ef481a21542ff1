#include "testing/fake_owners.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "testing/fake_json.hpp"

namespace marea::testing {

namespace {

using fake::At;
using fake::Json;
using fake::TextAt;

constexpr const char* kOrphan = "orphan";
constexpr const char* kForeground = "foregroundDeletion";

struct Node {
  std::string plural;
  Key key;
  std::shared_ptr<const Json> object;

  const std::string& uid() const { return TextAt(*object, "metadata", "uid"); }
  const Json& owners() const { return At(*object, "metadata", "ownerReferences"); }
  bool terminating() const { return !At(*object, "metadata", "deletionTimestamp").is_null(); }
  bool Holds(const char* finalizer) const {
    const Json& finalizers = At(*object, "metadata", "finalizers");
    return terminating() && std::ranges::find(finalizers, finalizer) != finalizers.end();
  }
};
using Graph = std::map<std::string_view, Node>;  // by uid, which is the object's own

// Those that have owners or are told to go, and the owners. Most of what there is, events, has neither.
Graph Involved(const FakeApi& api) {
  Graph graph;
  std::set<std::string_view> owners;
  const auto plurals = api.Plurals();
  for (const std::string& plural : plurals) {
    for (const auto& [key, object] : api.All(plural)) {
      const Json& metadata = At(*object, "metadata");
      const auto references = metadata.find("ownerReferences");
      if (references == metadata.end() && !metadata.contains("deletionTimestamp")) continue;
      graph.try_emplace(TextAt(metadata, "uid"), plural, key, object);
      if (references == metadata.end()) continue;
      for (const Json& owner : *references) owners.insert(TextAt(owner, "uid"));
    }
  }
  if (owners.empty()) return graph;
  for (const std::string& plural : plurals) {
    for (const auto& [key, object] : api.All(plural)) {
      const std::string& uid = TextAt(*object, "metadata", "uid");
      if (owners.contains(uid)) graph.try_emplace(uid, plural, key, object);
    }
  }
  return graph;
}

std::vector<const Node*> DependentsOf(const Graph& graph, std::string_view uid) {
  std::vector<const Node*> dependents;
  for (const auto& [own, node] : graph) {
    if (std::ranges::any_of(node.owners(), [&](const Json& owner) { return TextAt(owner, "uid") == uid; })) {
      dependents.push_back(&node);
    }
  }
  return dependents;
}

class Round {
 public:
  explicit Round(FakeApi& api) : api_(api), graph_(Involved(api)) {}

  int Do() {
    for (const auto& [uid, node] : graph_) {
      if (!node.owners().empty()) Attend(node);
      if (node.Holds(kOrphan)) SetFree(node);
      if (node.Holds(kForeground)) LetGo(node);
    }
    return sent_;
  }

 private:
  // A dependent: kept by any owner that stays, else it goes.
  void Attend(const Node& node) {
    Json staying = Json::array();
    bool waited_for = false;
    for (const Json& owner : node.owners()) {
      const auto found = graph_.find(TextAt(owner, "uid"));
      if (found == graph_.end()) continue;
      const bool waits = found->second.Holds(kForeground);
      waited_for = waited_for || waits;
      if (!waits) staying.push_back(owner);
    }
    if (staying.size() == node.owners().size() || node.terminating()) return;
    if (!staying.empty()) return PutOwners(node, staying);
    const bool has_own = waited_for && !DependentsOf(graph_, node.uid()).empty();
    Send(http::Method::kDelete, node,
         {{"preconditions", {{"uid", node.uid()}}},
          {"propagationPolicy", has_own ? "Foreground" : "Background"}});
  }

  void SetFree(const Node& owner) {
    for (const Node* dependent : DependentsOf(graph_, owner.uid())) {
      Json others = Json::array();
      for (const Json& reference : dependent->owners()) {
        if (TextAt(reference, "uid") != owner.uid()) others.push_back(reference);
      }
      PutOwners(*dependent, others);
    }
    RemoveFinalizer(owner, kOrphan);
  }

  void LetGo(const Node& owner) {
    const auto dependents = DependentsOf(graph_, owner.uid());
    const bool blocked = std::ranges::any_of(dependents, [&](const Node* dependent) {
      return std::ranges::any_of(dependent->owners(), [&](const Json& reference) {
        return TextAt(reference, "uid") == owner.uid() && At(reference, "blockOwnerDeletion") == true;
      });
    });
    if (!blocked) RemoveFinalizer(owner, kForeground);
  }

  void RemoveFinalizer(const Node& node, const char* finalizer) {
    Json rest = Json::array();
    for (const Json& other : At(*node.object, "metadata", "finalizers")) {
      if (other != finalizer) rest.push_back(other);
    }
    Send(http::Method::kPatch, node, {{"metadata", {{"uid", node.uid()}, {"finalizers", rest}}}});
  }

  void PutOwners(const Node& node, const Json& owners) {
    Send(http::Method::kPatch, node, {{"metadata", {{"uid", node.uid()}, {"ownerReferences", owners}}}});
  }

  void Send(http::Method method, const Node& node, const Json& body) {
    const char* type = method == http::Method::kPatch ? "application/merge-patch+json" : "application/json";
    api_.Handle({method, api_.Path(node.plural, node.key), body.dump(), type});
    ++sent_;
  }

  FakeApi& api_;
  Graph graph_;
  int sent_ = 0;
};

}  // namespace

int CollectByOwners(FakeApi& api) {
  return Round(api).Do();
}

}  // namespace marea::testing
