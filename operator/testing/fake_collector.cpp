#include <algorithm>
#include <array>

#include "testing/fake_parts.hpp"

namespace marea::testing {
namespace {

constexpr std::array<const kube::ResourceType*, 4> kCollected{&kube::kPods, &kube::kServices, &kube::kSecrets,
                                                              &kube::kClaims};

bool Owned(const Json& object, const std::string& uid) {
  const auto owners = object.at("metadata").value("ownerReferences", Json::array());
  return std::ranges::any_of(owners, [&](const Json& o) { return o.value("uid", "") == uid; });
}

}  // namespace

void FakeCollector::Hear(const FakeApi::Change& change) {
  if (change.type != "DELETED") return;
  client_.After(options_.collect, [this, uid = change.object->at("metadata").at("uid").get<std::string>()] {
    CollectDependents(uid);
  });
  if (change.plural == "nodes") {
    client_.After(options_.collect, [this, node = change.key.name] { CollectPods(node); });
  }
}

void FakeCollector::CollectDependents(const std::string& uid) {
  for (const auto* type : kCollected) {
    std::vector<std::pair<Key, std::string>> orphans;
    for (const auto& [key, object] : client_.api().All(type->plural)) {
      if (Owned(*object, uid)) orphans.emplace_back(key, object->at("metadata").at("uid"));
    }
    for (const auto& [key, orphan] : orphans) client_.Delete(*type, key, orphan, {});
  }
}

void FakeCollector::CollectPods(const std::string& node) {
  if (client_.api().Get("nodes", {"", node})) return;
  std::vector<std::pair<Key, std::string>> lost;
  for (const auto& [key, pod] : client_.api().All("pods")) {
    if (NodeOf(*pod) == node) lost.emplace_back(key, pod->at("metadata").at("uid"));
  }
  for (const auto& [key, uid] : lost) client_.Delete(kube::kPods, key, uid, 0);
}

}  // namespace marea::testing
