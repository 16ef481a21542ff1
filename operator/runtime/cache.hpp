// The typed view of one kind of object: what the watch said, corrected by the answers to our own writes.
// Loop thread only. Iteration is in key order, so that decisions are deterministic.
//
// Versions: resourceVersions are compared as integers. What is not newer than what is held for the same key
// is dropped, and so is what comes late about an object that is gone: a tombstone keeps its uid and version,
// so that the slow answer to a patch does not bring back what the watch has seen deleted, nor an old event
// what our own delete removed. The same name with a new uid and a newer version is a new object.
//
// Epochs: a list whose version is below what was seen before it was asked for comes from an API server that
// went back in time (etcd was restored from a backup). Its objects win over all that is held. Another kind
// may notice it first: versions are counted for all kinds together. What such a list does not name although
// it was held in a newer version is gone, or was made by us since the list was taken: only a list or an event
// brings it back, no late answer.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.hpp"
#include "kube/types.hpp"

namespace marea::runtime {

// Nullopt when it is no number: what we cannot order we do not take.
std::optional<std::uint64_t> ParseVersion(std::string_view resource_version);

// The objects that went lately; the oldest are forgotten beyond `capacity`.
class Tombstones {
 public:
  explicit Tombstones(std::size_t capacity = 4096) : capacity_(capacity) {}

  void Add(const Key& key, const std::string& uid, std::uint64_t version);
  // Whether an object of this uid is gone, or was held of this key in a newer version before it went.
  bool Cover(const Key& key, const std::string& uid, std::uint64_t version) const;

 private:
  struct Newest {
    std::uint64_t version;
    std::size_t stones;  // of this key
  };
  std::size_t capacity_;
  std::deque<std::pair<Key, std::string>> order_;  // key and uid, each uid once
  std::set<std::string> uids_;
  std::map<Key, Newest> newest_;
};

template <class T>
class Cache {
 public:
  using Ptr = std::shared_ptr<const T>;
  using Items = std::map<Key, Ptr>;
  // `before` is null for a new object, `after` for one that is gone. It may read the cache, not change it.
  using Listener = std::function<void(const Key&, const Ptr& before, const Ptr& after)>;

  // Null when there is none.
  Ptr Get(const Key& key) const;
  const Items& All() const { return items_; }
  bool Synced() const { return synced_; }           // a first LIST was complete
  std::uint64_t Epochs() const { return epochs_; }  // that were noticed here

  void Listen(Listener listener) { listeners_.push_back(std::move(listener)); }
  // Of those that were noticed here.
  void ListenForEpochs(std::function<void()> listener) { epoch_listeners_.push_back(std::move(listener)); }

  // A LIST is about to be asked for; and: its first page bears this version.
  void BeginList() { floor_ = newest_; }
  void BeginPages(const std::string& resource_version);
  void ExpectEpoch() { expects_epoch_ = true; }  // the next list is of a new one, whatever its version

  // An ADDED or MODIFIED event or a page's item. False: it was stale.
  bool Upsert(Ptr object);
  // The answer to our own write or fresh read, which may come late: besides, what is older than the last
  // complete list and was not in it is gone. False: it was stale.
  bool UpsertAnswer(Ptr object);
  // A DELETED event: its object carries the resourceVersion of the deletion. False: stale or unknown.
  bool Erase(const T& last);
  // Our own DELETE was answered and the object is gone at once (no finalizers, no grace).
  void EraseByUid(const Key& key, const std::string& uid);
  // A LIST is complete: what it did not name and is not newer than it is gone. Marks the cache synced.
  void FinishList(const std::set<Key>& listed, const std::string& resource_version);

 private:
  void Remove(typename Items::iterator item, std::uint64_t version);
  void Drop(typename Items::iterator item);
  void Notify(const Key& key, const Ptr& before, const Ptr& after);

  Items items_;
  std::set<Key> former_;    // held since before this epoch: any listed state of them is newer
  std::set<Key> doubtful_;  // dropped at its beginning, and perhaps newer than its list
  Tombstones tombstones_;
  std::vector<Listener> listeners_;
  std::vector<std::function<void()>> epoch_listeners_;
  std::uint64_t newest_ = 0, floor_ = 0;  // versions: of all that was seen, of what was when the list began
  std::uint64_t listed_ = 0;              // version of the last complete list
  std::uint64_t epochs_ = 0;
  bool synced_ = false, expects_epoch_ = false;
};

}  // namespace marea::runtime

#include "runtime/cache_impl.hpp"
