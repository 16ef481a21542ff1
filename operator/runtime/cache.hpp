// The typed view of one kind of object: what the watch said, corrected by the answers to our own writes.
// Loop thread only. Iteration is in key order, so that decisions are deterministic.
//
// Versions: resourceVersions are compared as integers; an event or answer older than what is held for the same key is
// dropped, and one for a uid that our own delete removed (a tombstone) too.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "kube/types.hpp"

namespace marea::runtime {

template <class T>
class Cache {
 public:
  using Ptr = std::shared_ptr<const T>;
  using Items = std::map<Key, Ptr>;
  // `before` is null for a new object, `after` for one that is gone.
  using Listener = std::function<void(const Key&, const Ptr& before, const Ptr& after)>;

  // Null when there is none.
  Ptr Get(const Key& key) const;
  const Items& All() const { return items_; }
  bool Synced() const { return synced_; }  // a first LIST was complete

  void Listen(Listener listener) { listeners_.push_back(std::move(listener)); }

  // An ADDED or MODIFIED event, a page's item, a fresh read or the answer to our write. False: it was stale.
  bool Upsert(Ptr object);
  // A DELETED event: its object carries the resourceVersion of the deletion. False: stale or unknown.
  bool Erase(const T& last);
  // Our own DELETE was answered and the object is gone at once (no finalizers, no grace): keep a tombstone.
  void EraseByUid(const Key& key, const std::string& uid);
  // A LIST is complete: what it did not name and is not newer than it is gone. Marks the cache synced.
  void FinishList(const std::set<Key>& listed, const std::string& resource_version);

 private:
  void Notify(const Key& key, const Ptr& before, const Ptr& after);

  Items items_;
  std::map<std::string, std::uint64_t> tombstones_;  // uid -> the newest version seen; dropped at the next LIST
  std::vector<Listener> listeners_;
  bool synced_ = false;
};

}  // namespace marea::runtime

#include "runtime/cache_impl.hpp"
