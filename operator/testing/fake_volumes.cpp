#include <algorithm>

#include "testing/fake_parts.hpp"

namespace marea::testing {
namespace {

constexpr const char* kSelectedNode = "volume.kubernetes.io/selected-node";
constexpr Duration kRetry = std::chrono::seconds{10};
constexpr const char* kProtection = "kubernetes.io/pvc-protection";

bool HasProtection(const Json& claim) {
  const auto finalizers = claim.at("metadata").value("finalizers", std::vector<std::string>{});
  return std::ranges::find(finalizers, kProtection) != finalizers.end();
}

}  // namespace

void FakeVolumes::Hear(const FakeApi::Change& change) {
  if (change.plural == "persistentvolumeclaims" && change.type != "DELETED") {
    if (IsTerminating(*change.object)) {
      client_.After(options_.collect, [this, claim = change.key] { ReleaseIfUnused(claim); });
    } else if (PhaseOf(*change.object) != "Bound") {
      BindLater(change.key);
    }
  }
  if (change.plural == "storageclasses" && change.type == "ADDED") {
    for (const auto& [key, claim] : client_.api().All("persistentvolumeclaims")) {
      const bool of_this = claim->at("spec").value("storageClassName", "") == change.key.name;
      if (of_this && PhaseOf(*claim) != "Bound") BindLater(key);
    }
  }
  if (change.plural == "pods" && (change.type == "DELETED" || HasEnded(*change.object))) {
    for (const Key& claim : ClaimsOf(*change.object)) {
      client_.After(options_.collect, [this, claim] { ReleaseIfUnused(claim); });
    }
  }
}

void FakeVolumes::BindLater(const Key& key) {
  const auto claim = client_.api().Get("persistentvolumeclaims", key);
  const auto storage =
      client_.api().Get("storageclasses", {"", claim->at("spec").value("storageClassName", "")});
  if (!storage) return;
  const bool waits = storage->value("volumeBindingMode", "") == "WaitForFirstConsumer" &&
                     !claim->at("metadata").value("annotations", kube::StringMap{}).contains(kSelectedNode);
  if (!waits) client_.After(options_.bind_volume, [this, key] { Bind(key); });
}

// A class with the parameter `local: "true"` makes volumes that stay on the node they were made for.
void FakeVolumes::Bind(const Key& key) {
  const auto claim = client_.api().Get("persistentvolumeclaims", key);
  if (!claim || IsTerminating(*claim) || PhaseOf(*claim) == "Bound") return;
  const std::string class_name = claim->at("spec").value("storageClassName", "");
  if (const auto broken = broken_.find(class_name); broken != broken_.end()) {
    client_.Warn(*claim, "ProvisioningFailed", broken->second);
    return client_.After(kRetry, [this, key] { Bind(key); });
  }
  const auto storage = client_.api().Get("storageclasses", {"", class_name});
  const std::string name = "pvc-" + claim->at("metadata").at("uid").get<std::string>();
  const Json request = claim->at("spec").at("resources").at("requests").at("storage");
  Json spec = {
      {"capacity", {{"storage", request}}},
      {"accessModes", claim->at("spec").at("accessModes")},
      {"storageClassName", class_name},
      {"hostPath", {{"path", "/homes/" + name}}},
      {"claimRef", {{"namespace", key.ns}, {"name", key.name}, {"uid", claim->at("metadata").at("uid")}}}};
  if (storage && storage->value("parameters", kube::StringMap{}).contains("local")) {
    const std::string node = claim->at("metadata").at("annotations").at(kSelectedNode);
    const Json here = {{"key", "metadata.name"}, {"operator", "In"}, {"values", Json::array({node})}};
    spec["nodeAffinity"] = {
        {"required", {{"nodeSelectorTerms", Json::array({{{"matchFields", Json::array({here})}}})}}}};
  }
  client_.Create(
      kube::kVolumes, "",
      {{"apiVersion", "v1"}, {"kind", "PersistentVolume"}, {"metadata", {{"name", name}}}, {"spec", spec}});
  client_.Patch(kube::kClaims, key, "", {{"spec", {{"volumeName", name}}}});
  client_.Patch(kube::kClaims, key, "status",
                {{"status", {{"phase", "Bound"}, {"capacity", {{"storage", request}}}}}});
}

void FakeVolumes::ReleaseIfUnused(const Key& key) {
  const auto claim = client_.api().Get("persistentvolumeclaims", key);
  if (!claim || !IsTerminating(*claim) || !HasProtection(*claim)) return;
  for (const auto& [at, pod] : client_.api().All("pods")) {
    const auto claims = ClaimsOf(*pod);
    if (!HasEnded(*pod) && std::ranges::find(claims, key) != claims.end()) return;
  }
  client_.Patch(kube::kClaims, key, "", {{"metadata", {{"finalizers", nullptr}}}});
}

}  // namespace marea::testing
