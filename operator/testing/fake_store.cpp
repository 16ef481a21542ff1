#include "testing/fake_store.hpp"

#include "testing/fake_json.hpp"
#include "testing/fake_status.hpp"

namespace marea::testing::fake {

namespace {

// The real watch cache is bounded too; whoever was away for longer lists again.
constexpr std::size_t kHistory = 10'000;

std::shared_ptr<const Json> ObjectOf(const VersionPtr& version) {
  return {version, &version->object()};
}

}  // namespace

Version::Version(const Kind& kind, Json object, std::uint64_t number)
    : kind_(kind), object_(std::move(object)), number_(number) {
  object_["metadata"]["resourceVersion"] = std::to_string(number);
}

Version::Version(const Kind& kind, Json object) : kind_(kind), object_(std::move(object)), number_(0) {}

const std::string& Version::Text() const {
  if (!text_.empty()) return text_;
  text_ = R"({"apiVersion":")" + kind_.api_version() + R"(","kind":")" + kind_.kind + R"(",)";
  tail_ = text_.size();
  for (const auto& [name, value] : object_.items()) {
    if (name == "apiVersion" || name == "kind") continue;
    text_ += Dump(Json(name)) + ":" + Dump(value) + ",";
  }
  text_.back() = '}';
  return text_;
}

std::string_view Version::TypelessTail() const {
  return std::string_view(Text()).substr(tail_);
}

bool StorageOrder::operator()(const Key& a, const Key& b) const {
  if (a.ns == b.ns) return a.name < b.name;
  return a.ns + "/" < b.ns + "/";
}

Collection& Store::Add(Kind kind) {
  const std::string plural = kind.plural;
  return collections_.try_emplace(plural, std::move(kind)).first->second;
}

Collection* Store::Find(std::string_view plural) {
  const auto found = collections_.find(plural);
  return found == collections_.end() ? nullptr : &found->second;
}

Collection* Store::Find(std::string_view group, std::string_view version, std::string_view plural) {
  Collection* found = Find(plural);
  return found != nullptr && found->kind.group == group && found->kind.version == version ? found : nullptr;
}

VersionPtr Store::Put(Collection& collection, const Key& key, Json object) {
  const auto after = std::make_shared<const Version>(collection.kind, std::move(object), ++version_);
  VersionPtr& place = collection.versions[key];
  Commit commit{place == nullptr ? Commit::Type::kAdded : Commit::Type::kModified, key, place, after};
  place = after;
  collection.objects[key] = ObjectOf(after);
  Remember(collection, std::move(commit));
  return after;
}

VersionPtr Store::Remove(Collection& collection, const Key& key) {
  const auto found = collection.versions.find(key);
  if (found == collection.versions.end()) return nullptr;
  const VersionPtr before = found->second;
  const auto after = std::make_shared<const Version>(collection.kind, before->object(), ++version_);
  collection.versions.erase(found);
  collection.objects.erase(key);
  Remember(collection, {Commit::Type::kDeleted, key, before, after});
  return after;
}

void Store::Remember(Collection& collection, Commit commit) {
  collection.history.push_back(commit);
  if (collection.history.size() > kHistory) {
    collection.forgotten = collection.history.front().after->number();
    collection.history.pop_front();
  }
  if (on_commit) on_commit(collection, commit);
}

std::optional<Snapshot> Store::At(const Collection& collection, std::uint64_t version) const {
  if (version < collection.forgotten) return std::nullopt;
  Snapshot snapshot = collection.versions;
  for (auto change = collection.history.rbegin();
       change != collection.history.rend() && change->after->number() > version; ++change) {
    if (change->before == nullptr) {
      snapshot.erase(change->key);
    } else {
      snapshot[change->key] = change->before;
    }
  }
  return snapshot;
}

void Store::Compact() {
  for (auto& [plural, collection] : collections_) {
    collection.history.clear();
    collection.forgotten = version_;
  }
}

Store::Backup Store::Save() const {
  Backup backup{version_, {}};
  for (const auto& [plural, collection] : collections_) backup.versions[plural] = collection.versions;
  return backup;
}

void Store::Restore(const Backup& backup) {
  version_ = backup.version;
  for (auto& [plural, collection] : collections_) {
    const auto saved = backup.versions.find(plural);
    collection.versions = saved == backup.versions.end() ? Snapshot() : saved->second;
    collection.objects.clear();
    for (const auto& [key, version] : collection.versions) collection.objects[key] = ObjectOf(version);
    collection.history.clear();
    collection.forgotten = version_;
  }
}

}  // namespace marea::testing::fake
