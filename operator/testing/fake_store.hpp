// What etcd and the watch cache are to the real server: objects by kind, one version number for all of them,
// and the history that watches and paged lists look back into.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/names.hpp"
#include "testing/fake_kind.hpp"

namespace marea::testing::fake {

// One version of an object, shared by the store, the history and whoever is told of it. Its text is made
// once.
class Version {
 public:
  Version(const Kind& kind, Json object, std::uint64_t number);
  Version(const Kind& kind, Json object);  // never stored: it says what resourceVersion it says

  const Json& object() const { return object_; }
  std::uint64_t number() const { return number_; }
  const std::string& Text() const;        // of the whole object; apiVersion and kind come first
  std::string_view TypelessTail() const;  // Text() after "{" and those two: items of core kinds' lists

 private:
  const Kind& kind_;
  Json object_;
  std::uint64_t number_;
  mutable std::string text_;
  mutable std::size_t tail_ = 0;
};
using VersionPtr = std::shared_ptr<const Version>;

// Objects are listed in the order of etcd's keys: by "namespace/name".
struct StorageOrder {
  bool operator()(const Key& a, const Key& b) const;
};
using Snapshot = std::map<Key, VersionPtr, StorageOrder>;

struct Commit {
  enum class Type { kAdded, kModified, kDeleted };
  Type type;
  Key key;
  VersionPtr before;  // null: added
  VersionPtr after;   // deleted: the last state with the version of its end
};

struct Collection {
  explicit Collection(Kind what) : kind(std::move(what)) {}
  const Kind kind;
  Snapshot versions;
  std::map<Key, std::shared_ptr<const Json>> objects;  // the same, for fakes that look around
  std::deque<Commit> history;
  std::uint64_t forgotten = 0;  // the history holds what came after this version
};

class Store {
 public:
  std::uint64_t version() const { return version_; }

  Collection& Add(Kind kind);                 // replaces none: a known plural stays as it is
  Collection* Find(std::string_view plural);  // null: unknown
  Collection* Find(std::string_view group, std::string_view version, std::string_view plural);
  const std::map<std::string, Collection, std::less<>>& all() const { return collections_; }

  // Both give the object its resourceVersion, remember the change and tell `on_commit`.
  VersionPtr Put(Collection& collection, const Key& key, Json object);
  VersionPtr Remove(Collection& collection, const Key& key);
  std::function<void(Collection&, const Commit&)> on_commit;

  // The objects as they were at `version`; nothing when the history does not reach back that far.
  std::optional<Snapshot> At(const Collection& collection, std::uint64_t version) const;

  void Compact();

  struct Backup {
    std::uint64_t version;
    std::map<std::string, Snapshot, std::less<>> versions;
  };
  Backup Save() const;
  void Restore(const Backup& backup);

 private:
  void Remember(Collection& collection, Commit commit);

  std::uint64_t version_ = 1;
  std::map<std::string, Collection, std::less<>> collections_;
};

}  // namespace marea::testing::fake
