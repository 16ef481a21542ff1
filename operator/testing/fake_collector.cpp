#include "testing/fake_parts.hpp"

namespace marea::testing {

void FakeCollector::Hear(const FakeApi::Change& change) {
  if (change.type != "DELETED") return;
  client_.After(options_.collect, [this] { client_.CollectByOwners(); });
  if (change.plural == "nodes") {
    client_.After(options_.collect, [this, node = change.key.name] { CollectPods(node); });
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
