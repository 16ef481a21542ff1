#include <algorithm>

#include "kube/codec.hpp"
#include "testing/fake_parts.hpp"

namespace marea::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSelectedNode = "volume.kubernetes.io/selected-node";
constexpr Duration kTryAgain = 5s;

bool Matches(const Json& requirement, const std::string* value) {
  const std::string operation = requirement.at("operator");
  const auto values = requirement.value("values", std::vector<std::string>{});
  const bool listed = value != nullptr && std::ranges::find(values, *value) != values.end();
  if (operation == "In") return listed;
  if (operation == "NotIn") return !listed;
  if (operation == "Exists") return value != nullptr;
  return value == nullptr;  // DoesNotExist
}

// Terms are alternatives; what is in a term must all hold.
bool TermHolds(const Json& term, const Json& node) {
  const std::string name = node.at("metadata").at("name");
  const auto labels = node.at("metadata").value("labels", kube::StringMap{});
  const auto by_field = [&](const Json& r) { return Matches(r, &name); };
  const auto by_label = [&](const Json& r) {
    const auto label = labels.find(r.at("key").get<std::string>());
    return Matches(r, label == labels.end() ? nullptr : &label->second);
  };
  return std::ranges::all_of(term.value("matchFields", Json::array()), by_field) &&
         std::ranges::all_of(term.value("matchExpressions", Json::array()), by_label);
}

bool TermsHold(const Json& selector, const Json& node) {
  return std::ranges::any_of(selector.at("nodeSelectorTerms"),
                             [&](const Json& t) { return TermHolds(t, node); });
}

bool AffinityHolds(const Json& spec, const Json& node) {
  const auto labels = node.at("metadata").value("labels", kube::StringMap{});
  for (const auto& [key, value] : spec.value("nodeSelector", kube::StringMap{})) {
    const auto label = labels.find(key);
    if (label == labels.end() || label->second != value) return false;
  }
  static const Json::json_pointer kRequired(
      "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution");
  return !spec.contains(kRequired) || TermsHold(spec.at(kRequired), node);
}

bool TaintsTolerated(const Json& spec, const Json& node) {
  std::vector<kube::Toleration> tolerations;
  for (const auto& t : spec.value("tolerations", Json::array())) {
    tolerations.push_back(
        {t.value("key", ""), t.value("operator", ""), t.value("value", ""), t.value("effect", "")});
  }
  for (const auto& t : node.value("spec", Json::object()).value("taints", Json::array())) {
    const kube::Taint taint{t.value("key", ""), t.value("value", ""), t.value("effect", "")};
    const auto tolerates = [&](const kube::Toleration& toleration) {
      return kube::Tolerates(toleration, taint);
    };
    if (taint.effect != "PreferNoSchedule" && std::ranges::none_of(tolerations, tolerates)) return false;
  }
  return true;
}

bool VolumesReach(const FakeApi& api, const Json& pod, const Json& node) {
  for (const Key& key : ClaimsOf(pod)) {
    const auto claim = api.Get("persistentvolumeclaims", key);
    if (!claim) return false;
    const std::string volume_name = claim->at("spec").value("volumeName", "");
    const auto volume = volume_name.empty() ? nullptr : api.Get("persistentvolumes", {"", volume_name});
    static const Json::json_pointer kRequired("/spec/nodeAffinity/required");
    if (volume && volume->contains(kRequired) && !TermsHold(volume->at(kRequired), node)) return false;
  }
  return true;
}

// What is wrong with the pod's claims whatever the node; empty: nothing.
std::string LackingVolume(const FakeApi& api, const Json& pod) {
  for (const Key& key : ClaimsOf(pod)) {
    const auto claim = api.Get("persistentvolumeclaims", key);
    if (!claim) return "persistentvolumeclaim \"" + key.name + "\" not found";
    if (PhaseOf(*claim) == "Lost")
      return "persistentvolumeclaim \"" + key.name + "\" bound to non-existent persistentvolume";
    if (PhaseOf(*claim) == "Bound") continue;
    const auto storage = api.Get("storageclasses", {"", claim->at("spec").value("storageClassName", "")});
    if (!storage || storage->value("volumeBindingMode", "") != "WaitForFirstConsumer")
      return "pod has unbound immediate PersistentVolumeClaims";
  }
  return "";
}

}  // namespace

void FakeScheduler::Hear(const FakeApi::Change& change) {
  if (change.plural == "pods") {
    Count(change);
    const Json& pod = *change.object;
    const bool wants = change.type != "DELETED" && NodeOf(pod).empty() && !IsTerminating(pod);
    if (wants && change.type == "ADDED") TryLater(change.key);
    if (!wants) waiting_.erase(change.key);
    if (change.type == "DELETED" || HasEnded(pod)) TryAllAgain();
  } else if (change.plural == "nodes" || change.plural == "persistentvolumeclaims") {
    TryAllAgain();
  }
}

// What a pod asks for never changes.
const kube::ResourceList& FakeScheduler::RequestsOf(const Json& pod) {
  const auto [known, added] = requests_.try_emplace(pod.at("metadata").at("uid"));
  if (!added) return known->second;
  const auto decoded = kube::DecodeObject<kube::Pod>(pod.dump());
  if (decoded) known->second = kube::PodRequests(decoded->spec);
  known->second["pods"] = Quantity::FromUnits(1);
  return known->second;
}

void FakeScheduler::Forget() {
  waiting_.clear();
  requests_.clear();
  used_.clear();
}

void FakeScheduler::Count(const FakeApi::Change& change) {
  const Json& pod = *change.object;
  const auto node = NodeOf(pod);
  const std::string uid = pod.at("metadata").at("uid");
  if (change.type == "DELETED") requests_.erase(uid);
  if (node.empty()) return;
  if (change.type == "DELETED" || HasEnded(pod)) {
    used_[node].erase(uid);
  } else if (!used_[node].contains(uid)) {
    used_[node][uid] = RequestsOf(pod);
  }
}

void FakeScheduler::TryLater(const Key& pod) {
  if (!queued_.insert(pod).second) return;
  client_.After(options_.schedule, [this, pod] { Try(pod); });
}

void FakeScheduler::TryAllAgain() {
  for (const Key& pod : waiting_) TryLater(pod);
}

void FakeScheduler::Try(const Key& key) {
  queued_.erase(key);
  const auto pod = client_.api().Get("pods", key);
  if (!pod || !NodeOf(*pod).empty() || IsTerminating(*pod)) return;
  if (const auto lack = LackingVolume(client_.api(), *pod); !lack.empty()) return Refuse(*pod, lack);
  const auto& requests = RequestsOf(*pod);
  std::map<std::string, int> reasons;
  std::optional<std::pair<std::size_t, std::string>> best;
  for (const auto& [at, node] : client_.api().All("nodes")) {
    const auto refusal = Refusal(*pod, requests, *node);
    if (!refusal.empty()) {
      ++reasons[refusal];
      continue;
    }
    const std::pair candidate{used_[at.name].size(), at.name};
    if (!best || candidate < *best) best = candidate;
  }
  if (best) {
    if (!VolumesReady(*pod, best->second)) {
      waiting_.insert(key);
      return;
    }
    waiting_.erase(key);
    client_.Post(kube::kPods, key, "binding",
                 {{"apiVersion", "v1"},
                  {"kind", "Binding"},
                  {"metadata", {{"name", key.name}}},
                  {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", best->second}}}});
    return;
  }
  std::string message = "0/" + std::to_string(client_.api().All("nodes").size()) + " nodes are available";
  for (const auto& [reason, count] : reasons) message += ", " + std::to_string(count) + " " + reason;
  Refuse(*pod, message + ".");
}

void FakeScheduler::Refuse(const Json& pod, const std::string& message) {
  const Key key{pod.at("metadata").at("namespace"), pod.at("metadata").at("name")};
  waiting_.insert(key);
  client_.Patch(kube::kPods, key, "status",
                {{"status",
                  {{"conditions", WithCondition(pod, "PodScheduled", "False", "Unschedulable", message,
                                                client_.world().Now())}}}});
  client_.After(kTryAgain, [this, key] {
    if (waiting_.contains(key)) TryLater(key);
  });
}

std::string FakeScheduler::Refusal(const Json& pod, const kube::ResourceList& requests,
                                   const Json& node) const {
  const Json& spec = pod.at("spec");
  if (!AffinityHolds(spec, node)) return "node(s) didn't match Pod's node affinity/selector";
  if (node.value("spec", Json::object()).value("unschedulable", false)) return "node(s) were unschedulable";
  if (!TaintsTolerated(spec, node)) return "node(s) had untolerated taint(s)";
  if (!VolumesReach(client_.api(), pod, node)) return "node(s) had volume node affinity conflict";
  const auto allocatable = node.at("status").value("allocatable", kube::StringMap{});
  const auto used = used_.find(node.at("metadata").at("name").get<std::string>());
  for (const auto& [resource, amount] : requests) {
    Quantity sum = amount;
    if (used != used_.end()) {
      for (const auto& [uid, list] : used->second) {
        if (const auto part = list.find(resource); part != list.end()) sum = sum + part->second;
      }
    }
    const auto there = allocatable.find(resource);
    const auto room = there == allocatable.end() ? Result<Quantity>{} : Quantity::Parse(there->second);
    if (amount > Quantity{} && sum > room.value_or(Quantity{})) return "Insufficient " + resource;
  }
  return {};
}

// A claim that waits for its consumer is told the node; the pod is bound when all are.
bool FakeScheduler::VolumesReady(const Json& pod, const std::string& node) {
  bool ready = true;
  for (const Key& key : ClaimsOf(pod)) {
    const auto claim = client_.api().Get("persistentvolumeclaims", key);
    if (PhaseOf(*claim) == "Bound") continue;
    ready = false;
    const auto annotations = claim->at("metadata").value("annotations", kube::StringMap{});
    if (!annotations.contains(kSelectedNode)) {
      client_.Patch(kube::kClaims, key, "", {{"metadata", {{"annotations", {{kSelectedNode, node}}}}}});
    }
  }
  return ready;
}

}  // namespace marea::testing
