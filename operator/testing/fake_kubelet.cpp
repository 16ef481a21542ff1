#include <utility>

#include "testing/fake_parts.hpp"

namespace marea::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSessionLabel = "marea.dev/session";
constexpr Duration kRetryMounts = 1s, kRetryContainers = 10s;

Json ContainerStatuses(const Json& pod, const Json& state) {
  const Json& name = pod.at("spec").at("containers").at(0).at("name");
  return Json::array({{{"name", name}, {"ready", false}, {"restartCount", 0}, {"state", state}}});
}

// The first Secret that a container's environment is taken from and that is not there; empty: none.
std::string MissingSecret(const FakeApi& api, const Json& pod) {
  for (const auto& source : pod.at("spec").at("containers").at(0).value("envFrom", Json::array())) {
    const auto secret = source.find("secretRef");
    if (secret == source.end()) continue;
    const std::string name = secret->at("name");
    if (!api.Get("secrets", {pod.at("metadata").at("namespace"), name})) return name;
  }
  return "";
}

}  // namespace

void FakeKubelets::Hear(const FakeApi::Change& change) {
  if (change.plural != "pods") return;
  const std::string uid = change.object->at("metadata").at("uid");
  if (change.type == "DELETED") {
    const auto run = runs_.find(uid);
    // Removed by force from a node that still runs it: its container goes on until the node hears of it.
    if (run != runs_.end() && !silent_.contains(run->second.node)) runs_.erase(run);
    stopping_.erase(uid);
    return;
  }
  Look(*change.object);
}

void FakeKubelets::Look(const Json& pod) {
  const std::string node = NodeOf(pod), uid = pod.at("metadata").at("uid");
  if (node.empty() || silent_.contains(node)) return;
  if (IsTerminating(pod)) {
    if (stopping_.insert(uid).second) client_.After(options_.stop, [this, uid] { Stop(uid); });
    runs_.try_emplace(uid,
                      Run{{pod.at("metadata").at("namespace"), pod.at("metadata").at("name")}, node, {}});
  } else if (!HasEnded(pod) && !runs_.contains(uid)) {
    const Key key{pod.at("metadata").at("namespace"), pod.at("metadata").at("name")};
    const auto labels = pod.at("metadata").value("labels", kube::StringMap{});
    const auto label = labels.find(kSessionLabel);
    runs_[uid] = {key, node, label == labels.end() ? "" : key.ns + "/" + label->second};
    client_.After(options_.start, [this, uid] { Start(uid); });
  }
}

Object FakeKubelets::PodOf(const std::string& uid) const {
  const auto run = runs_.find(uid);
  if (run == runs_.end() || silent_.contains(run->second.node)) return nullptr;
  auto pod = client_.api().Get("pods", run->second.pod);
  return pod && pod->at("metadata").at("uid") == uid && !HasEnded(*pod) ? pod : nullptr;
}

bool FakeKubelets::MountsAreThere(const Json& pod) const {
  for (const Key& key : ClaimsOf(pod)) {
    const auto claim = client_.api().Get("persistentvolumeclaims", key);
    if (!claim || PhaseOf(*claim) != "Bound") return false;
  }
  for (const auto& volume : pod.at("spec").value("volumes", Json::array())) {
    const auto secret = volume.find("secret");
    if (secret == volume.end()) continue;
    const Key key{pod.at("metadata").at("namespace"), secret->at("secretName")};
    if (!client_.api().Get("secrets", key)) return false;
  }
  return true;
}

void FakeKubelets::Start(const std::string& uid) {
  const auto pod = PodOf(uid);
  if (!pod || IsTerminating(*pod)) return;
  const auto hindered = hindered_.find(NodeOf(*pod));
  if (hindered != hindered_.end()) client_.Warn(*pod, hindered->second.first, hindered->second.second);
  if (hindered != hindered_.end() || !MountsAreThere(*pod))
    return client_.After(kRetryMounts, [this, uid] { Start(uid); });
  const auto fault = FaultOf(*pod);
  if (fault) ReportFault(uid, *pod, *fault);
  if (fault && !fault->reason.empty()) return client_.After(kRetryContainers, [this, uid] { Start(uid); });
  runs_[uid].running = true;
  ReportRunning(uid);
}

std::optional<FakeCluster::ContainerFault> FakeKubelets::FaultOf(const Json& pod) const {
  const auto broken = broken_.find(pod.at("spec").at("containers").at(0).at("image").get<std::string>());
  if (broken != broken_.end()) return broken->second;
  const auto secret = MissingSecret(client_.api(), pod);
  if (secret.empty()) return {};
  return FakeCluster::ContainerFault{.reason = "CreateContainerConfigError",
                                     .message = "secret \"" + secret + "\" not found"};
}

Json FakeKubelets::Prepared(const Json& pod) const {
  return WithCondition(pod, "PodReadyToStartContainers", "True", {}, {}, client_.world().Now());
}

// The pod's sandbox is there: it is the container that lacks something.
void FakeKubelets::ReportFault(const std::string& uid, const Json& pod,
                               const FakeCluster::ContainerFault& fault) {
  auto containers = ContainerStatuses(
      pod, fault.reason.empty() ? Json{{"running", Json::object()}}
                                : Json{{"waiting", {{"reason", fault.reason}, {"message", fault.message}}}});
  if (!fault.ended.empty()) {
    containers.at(0)["restartCount"] = 1;
    containers.at(0)["lastState"] = {
        {"terminated", {{"exitCode", fault.exit_code}, {"reason", fault.ended}}}};
  }
  client_.Patch(kube::kPods, runs_[uid].pod, "status",
                {{"status", {{"containerStatuses", containers}, {"conditions", Prepared(pod)}}}});
}

void FakeKubelets::ReportRunning(const std::string& uid) {
  const auto pod = PodOf(uid);
  if (!pod || IsTerminating(*pod)) return;
  client_.After(options_.ready, [this, uid] { BecomeReady(uid); });
  if (PhaseOf(*pod) == "Running") return;
  auto containers = ContainerStatuses(*pod, {{"running", Json::object()}});
  const auto known = pod->value(Json::json_pointer("/status/containerStatuses/0"), Json::object());
  for (const char* kept : {"lastState", "restartCount"}) {
    if (known.contains(kept)) containers.at(0)[kept] = known.at(kept);
  }
  client_.Patch(kube::kPods, runs_[uid].pod, "status",
                {{"status",
                  {{"phase", "Running"},
                   {"podIP", "10.244.0.7"},
                   {"containerStatuses", containers},
                   {"conditions", Prepared(*pod)}}}});
}

void FakeKubelets::BecomeReady(const std::string& uid) {
  const auto pod = PodOf(uid);
  if (!pod || IsTerminating(*pod)) return;
  auto containers = pod->at("status").at("containerStatuses");
  containers.at(0)["ready"] = true;
  const auto conditions = WithCondition(*pod, "Ready", "True", {}, {}, client_.world().Now());
  client_.Patch(kube::kPods, runs_[uid].pod, "status",
                {{"status", {{"containerStatuses", containers}, {"conditions", conditions}}}});
}

void FakeKubelets::Stop(const std::string& uid) {
  const auto run = runs_.find(uid);
  if (run == runs_.end() || silent_.contains(run->second.node)) return;
  const Key key = run->second.pod;
  const auto pod = client_.api().Get("pods", key);
  if (pod && !IsTerminating(*pod)) return;  // the server went back to before it was told to go
  runs_.erase(run);
  client_.Delete(kube::kPods, key, uid, 0);
}

void FakeKubelets::LookAnew() {
  std::erase_if(runs_, [&](const auto& run) {
    const auto pod = client_.api().Get("pods", run.second.pod);
    return !pod || pod->at("metadata").at("uid") != run.first || NodeOf(*pod) != run.second.node;
  });
  stopping_.clear();
  for (const auto& [uid, run] : runs_) {
    if (run.running) ReportRunning(uid);
  }
}

void FakeKubelets::Revive(const std::string& node) {
  silent_.erase(node);
  LookAnew();
  for (const auto& [key, pod] : client_.api().All("pods")) {
    if (NodeOf(*pod) != node) continue;
    stopping_.erase(pod->at("metadata").at("uid").get<std::string>());
    Look(*pod);
  }
}

void FakeKubelets::Lose(const std::string& node) {
  std::erase_if(runs_, [&](const auto& run) { return run.second.node == node; });
  silent_.erase(node);
}

void FakeKubelets::Fail(const Key& key, const std::string& reason, const std::string& message) {
  const auto pod = client_.api().Get("pods", key);
  if (!pod) return;
  runs_[pod->at("metadata").at("uid")].running = false;
  client_.Patch(kube::kPods, key, "status",
                {{"status", {{"phase", "Failed"}, {"reason", reason}, {"message", message}}}});
}

void FakeKubelets::Exit(const Key& key, int code) {
  const auto pod = client_.api().Get("pods", key);
  if (!pod) return;
  runs_[pod->at("metadata").at("uid")].running = false;
  auto containers = pod->at("status").value("containerStatuses", Json::array());
  for (auto& container : containers) {
    container["ready"] = false;
    container["state"] = {
        {"terminated", {{"exitCode", code}, {"reason", code == 0 ? "Completed" : "Error"}}}};
  }
  client_.Patch(
      kube::kPods, key, "status",
      {{"status", {{"phase", code == 0 ? "Succeeded" : "Failed"}, {"containerStatuses", containers}}}});
}

std::map<std::string, int> FakeKubelets::RunningBySession() const {
  std::map<std::string, int> running;
  for (const auto& [uid, run] : runs_) {
    if (run.running && !run.session.empty()) ++running[run.session];
  }
  return running;
}

}  // namespace marea::testing
