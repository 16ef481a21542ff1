// The functions of Cache; included by cache.hpp alone.
#pragma once

#include <algorithm>
#include <utility>

#include "runtime/cache.hpp"

namespace marea::runtime {

template <class T>
typename Cache<T>::Ptr Cache<T>::Get(const Key& key) const {
  const auto found = items_.find(key);
  return found == items_.end() ? nullptr : found->second;
}

template <class T>
bool Cache<T>::Upsert(Ptr object) {
  const Key key = KeyOf(object->metadata);
  const auto version = ParseVersion(object->metadata.resource_version);
  if (!version || tombstones_.Cover(key, object->metadata.uid, *version)) return false;
  Ptr& held = items_[key];
  const bool former = former_.erase(key) > 0;
  doubtful_.erase(key);
  if (held && !former && *version <= ParseVersion(held->metadata.resource_version)) return false;
  newest_ = std::max(newest_, *version);
  const Ptr before = std::exchange(held, object);
  Notify(key, before, object);
  return true;
}

template <class T>
bool Cache<T>::UpsertAnswer(Ptr object) {
  const Key key = KeyOf(object->metadata);
  const bool listed_away =
      !items_.contains(key) &&
      (doubtful_.contains(key) || ParseVersion(object->metadata.resource_version) <= listed_);
  return !listed_away && Upsert(std::move(object));
}

template <class T>
bool Cache<T>::Erase(const T& last) {
  const Key key = KeyOf(last.metadata);
  const auto version = ParseVersion(last.metadata.resource_version);
  if (!version) return false;
  newest_ = std::max(newest_, *version);
  const auto item = items_.find(key);
  if (item == items_.end()) {
    tombstones_.Add(key, last.metadata.uid, *version);
    return false;
  }
  if (!former_.contains(key) && *version < ParseVersion(item->second->metadata.resource_version))
    return false;  // it was made anew since
  Remove(item, *version);
  return true;
}

template <class T>
void Cache<T>::EraseByUid(const Key& key, const std::string& uid) {
  const auto item = items_.find(key);
  if (item == items_.end()) return tombstones_.Add(key, uid, 0);
  if (item->second->metadata.uid != uid) return;  // made anew since: its version is our protection
  Remove(item, *ParseVersion(item->second->metadata.resource_version));
}

template <class T>
void Cache<T>::BeginPages(const std::string& resource_version) {
  const auto version = ParseVersion(resource_version);
  if (!version) return;
  const bool noticed = *version < floor_;
  if (!std::exchange(expects_epoch_, false) && !noticed) return;
  newest_ = listed_ = *version;
  tombstones_ = Tombstones();
  for (const auto& [key, object] : items_) former_.insert(key);
  doubtful_.clear();
  floor_ = 0;  // the further pages of this list bear the same version
  if (!noticed) return;
  ++epochs_;
  for (const auto& listener : epoch_listeners_) listener();
}

template <class T>
void Cache<T>::FinishList(const std::set<Key>& listed, const std::string& resource_version) {
  synced_ = true;
  const auto version = ParseVersion(resource_version);
  if (!version) return;
  listed_ = *version;
  newest_ = std::max(newest_, *version);
  for (auto item = items_.begin(); item != items_.end();) {
    const auto current = item++;
    if (listed.contains(current->first)) continue;
    const bool newer = ParseVersion(current->second->metadata.resource_version) > version;
    if (!newer) {
      Remove(current, *version);
    } else if (former_.contains(current->first)) {
      doubtful_.insert(current->first);
      Drop(current);
    }
  }
  former_.clear();
}

template <class T>
void Cache<T>::Remove(typename Items::iterator item, std::uint64_t version) {
  tombstones_.Add(item->first, item->second->metadata.uid, version);
  Drop(item);
}

template <class T>
void Cache<T>::Drop(typename Items::iterator item) {
  const auto [key, before] = *item;
  items_.erase(item);
  former_.erase(key);
  Notify(key, before, nullptr);
}

template <class T>
void Cache<T>::Notify(const Key& key, const Ptr& before, const Ptr& after) {
  for (const Listener& listener : listeners_) listener(key, before, after);
}

}  // namespace marea::runtime
