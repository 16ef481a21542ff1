// The platform as placement sees it, kept up to date with the world one object at a time: what nodes have,
// who holds what of it, and how much of its share each project has used. What it says is what a State that is
// made anew from the same world would say.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controllers/api/world.hpp"
#include "controllers/placement/capacity.hpp"
#include "controllers/placement/sharing.hpp"

namespace marea::placement {

// What is counted is counted once: a bound pod by its requests (foreign pods too, unless they have ended), an
// admitted session whose pod is not bound yet by its admission, a promise until there is an admission.
class State {
 public:
  State(const api::World& world, std::function<Time()> now) : world_(world), now_(std::move(now)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Counts everything; when the world is synced. Until then changes are not looked at.
  void Start();

  // An object has changed, come or gone. They say whether placement sees a difference.
  bool PodChanged(const Key& key);
  bool SessionChanged(const Key& key);
  bool NodeChanged(const std::string& name);
  void ProjectsChanged();
  void ClassesChanged();  // of sessions or of accelerators, but for their status

  // Whether some session has come that was not visited yet: what it asks for is not known.
  bool AwaitsVisits() const { return !unvisited_.empty(); }

  // A session was told to take a place, or, with none, is no longer.
  void Promise(const Key& session, std::optional<std::pair<Use, Charge>> promise);

  Capacity& capacity() { return capacity_; }
  const Capacity& capacity() const { return capacity_; }
  // With what has changed since it was last asked for.
  Sharing& sharing();
  const Sharing& known_sharing() const { return sharing_; }

 private:
  struct Holding {
    std::vector<Use> uses;
    std::optional<Charge> charge;
    bool operator==(const Holding&) const = default;
  };

  Holding HoldingOf(const Key& key) const;
  std::optional<Use> UseOfAdmission(const api::Session& session) const;
  bool Recount(const Key& key);
  void Count(const Holding& holding);
  void Uncount(const Holding& holding);
  void CountClasses();

  const api::World& world_;
  std::function<Time()> now_;
  bool started_ = false;
  bool nodes_changed_ = false, charges_changed_ = false;
  Capacity capacity_;
  Sharing sharing_;
  std::map<Key, Holding> holdings_;  // by pod and session, which bear the same name
  std::map<Key, std::pair<Use, Charge>> promises_;
  std::set<Key> unvisited_;
};

// Whether placement sees no difference between two states of a node: kubelets write their nodes all the time.
bool LooksTheSame(const kube::Node& before, const kube::Node& after);

// Whether it is the same class or project (null: none) in all but its status, which placement does not look
// at.
template <class T>
bool OnlyStatusChanged(const T* before, const T* after) {
  return before != nullptr && after != nullptr && before->metadata.uid == after->metadata.uid &&
         before->metadata.generation == after->metadata.generation;
}

ProjectView ViewOf(const api::Project& project);

}  // namespace marea::placement
