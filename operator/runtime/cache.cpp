#include "runtime/cache.hpp"

#include <algorithm>
#include <charconv>

namespace marea::runtime {

std::optional<std::uint64_t> ParseVersion(std::string_view resource_version) {
  std::uint64_t version = 0;
  const char* begin = resource_version.data();
  const char* end = begin + resource_version.size();
  const auto [stopped, error] = std::from_chars(begin, end, version);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return version;
}

void Tombstones::Add(const Key& key, const std::string& uid, std::uint64_t version) {
  Newest& newest = newest_[key];
  newest.version = std::max(newest.version, version);
  if (!uids_.insert(uid).second) return;
  ++newest.stones;
  order_.emplace_back(key, uid);
  if (order_.size() <= capacity_) return;
  const auto& [oldest, its_uid] = order_.front();
  uids_.erase(its_uid);
  if (const auto found = newest_.find(oldest); --found->second.stones == 0) newest_.erase(found);
  order_.pop_front();
}

bool Tombstones::Cover(const Key& key, const std::string& uid, std::uint64_t version) const {
  if (uids_.contains(uid)) return true;
  const auto found = newest_.find(key);
  return found != newest_.end() && version <= found->second.version;
}

}  // namespace marea::runtime
