#include "controllers/session/diagnosis.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "controllers/session/container_trouble.hpp"

namespace marea::session {
namespace {

using Found = std::optional<Trouble>;

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// The newest word of a warning with this reason about an object; "" when there is none. Events are named
// after what they are about.
std::string Warning(const View& view, const kube::ObjectMeta& about, std::string_view reason) {
  std::string message;
  const std::string prefix = about.name + ".";
  const auto& warnings = view.world.warnings.All();
  for (auto it = warnings.lower_bound({about.ns, prefix});
       it != warnings.end() && it->first.ns == about.ns && it->first.name.starts_with(prefix); ++it) {
    const auto& event = *it->second;
    if (event.involved.uid == about.uid && event.reason == reason) message = event.message;
  }
  return message;
}

// Whom a name or a place is taken by.

Found NameTaken(const View& view) {
  const auto taken = [&](const char* kind) {
    return Trouble{"NameTaken",
                   std::string("A ") + kind + " named " + view.key.name +
                       " exists and is not this session's; delete it, or delete this Session and choose "
                       "another name.",
                   true};
  };
  // One that is ending makes room by itself.
  if (view.foreign_pod != nullptr && !Terminating(*view.foreign_pod)) return taken("Pod");
  if (view.foreign_service != nullptr && !view.foreign_service->metadata.deletion_time)
    return taken("Service");
  if (view.foreign_route != nullptr && !view.foreign_route->deletion_time) return taken("route");
  return {};
}

// What the API server refuses, in the words of who made the rule.
struct RefusalKind {
  std::string_view part, reason, remedy;
};
constexpr std::array<RefusalKind, 5> kRefusals{{
    {"exceeded quota", "QuotaExceeded",
     "Stop or delete something in this namespace, ask for less, or ask an administrator for a larger quota."},
    {"violates PodSecurity", "PodSecurityRefused",
     "The namespace's Pod Security level does not allow the class's pods; an administrator must change one."},
    {"is being terminated", "NamespaceEnding",
     "The namespace is being deleted; create the Session in another."},
    {"cannot create resource", "NotPermitted",
     "Marea's account lacks a right; an administrator must install its roles again."},
    {"ValidatingAdmissionPolicy", "PolicyRefused", "Change what the policy names, or ask an administrator."},
}};

Found Refused(const View& view) {
  const auto* refusal = StandingRefusal(view);
  if (refusal == nullptr) return {};
  std::string_view reason = "Refused", remedy = "Change the Session or its class, or ask an administrator.";
  for (const auto& kind : kRefusals) {
    if (!Has(refusal->message, kind.part)) continue;
    reason = kind.reason;
    remedy = kind.remedy;
    break;
  }
  return Trouble{std::string(reason),
                 "The API server refuses the " + refusal->object + ": " + Quoted(refusal->message, 500) +
                     ". " + std::string(remedy) + " It is tried again every half minute.",
                 true};
}

// The home.

std::string HomeName(const View& view) {
  return "PersistentVolumeClaim " + view.home->metadata.name;
}

Found HomeLost(const View& view) {
  if (view.home == nullptr || view.home->status.phase != "Lost") return {};
  return Trouble{"HomeLost",
                 "The volume behind " + HomeName(view) + " is gone; an administrator must restore it.", true};
}

Found HomeDeleted(const View& view) {
  if (view.home == nullptr || !view.home->metadata.deletion_time || view.pod != nullptr) return {};
  return Trouble{"HomeEnding",
                 "Somebody is deleting " + HomeName(view) + "; a new home is made once it is gone.", false};
}

Found HomePending(const View& view) {
  if (view.home == nullptr || view.home->status.phase == "Bound") return {};
  const auto& name = view.home->spec.storage_class_name;
  if (name && !name->empty() && !view.world.storage_classes.Get({"", *name})) {
    return Trouble{"HomePending",
                   HomeName(view) + " asks for the StorageClass " + Quoted(*name) +
                       ", which does not exist; an administrator must create it.",
                   true};
  }
  if (const auto why = Warning(view, view.home->metadata, "ProvisioningFailed"); !why.empty()) {
    return Trouble{"HomePending",
                   "The storage does not make the volume of " + HomeName(view) + ": " + Quoted(why, 400) +
                       ". It is tried again by itself; if it stays so, an administrator must look.",
                   false};
  }
  return {};
}

// The node.

Found NodeTrouble(const View& view) {
  if (view.pod == nullptr || view.pod->spec.node_name.empty()) return {};
  const auto& name = view.pod->spec.node_name;
  if (!view.world.nodes.Get({"", name})) {
    return Trouble{"NodeLost", "Node " + name + " is gone; the session goes back to the queue.", false};
  }
  if (NodeAnswers(view, name)) return {};
  return Trouble{"NodeNotReady",
                 "Node " + name +
                     " does not answer. If it stays so, the session goes back to the queue; what "
                     "is in the home is kept.",
                 false};
}

Found Ending(const View& view) {
  if (view.pod == nullptr || !Terminating(*view.pod)) return {};
  if (auto stuck = DiagnoseEnding(view)) return stuck;
  return Trouble{"PodEnding", "The pod is being deleted by someone; another one follows.", false};
}

// The scheduler.

// "nvidia.com/gpu, memory" of the scheduler's "1 Insufficient nvidia.com/gpu, 2 Insufficient memory."
std::string Insufficient(std::string_view why) {
  static constexpr std::string_view kWord = "Insufficient ";
  std::string lacks;
  for (auto at = why.find(kWord); at != why.npos; at = why.find(kWord, at + 1)) {
    auto resource = why.substr(at + kWord.size());
    resource = resource.substr(0, resource.find_first_of(", "));
    if (resource.ends_with('.')) resource.remove_suffix(1);
    lacks += (lacks.empty() ? "" : ", ") + std::string(resource);
  }
  return lacks;
}

Found Unschedulable(const View& view) {
  if (view.pod == nullptr || !view.pod->spec.node_name.empty()) return {};
  const auto* scheduled = kube::FindCondition(view.pod->status.conditions, "PodScheduled");
  if (scheduled == nullptr || scheduled->status != "False") return {};
  const auto& why = scheduled->message;
  const std::string node = view.status.admission ? view.status.admission->node_name : "";
  if (Has(why, "unbound immediate PersistentVolumeClaims"))
    return Trouble{"HomePending", "The pod waits for a volume to be made: " + Quoted(why, 300) + ".", false};
  if (Has(why, "persistentvolumeclaim \""))
    return Trouble{"ClaimLost", "A claim the pod mounts is gone: " + Quoted(why, 300) + ".", false};
  if (MakesRoom(view))
    return Trouble{"MakingRoom",
                   "The scheduler ends pods of lower priority on node " + node +
                       " to make room: " + Quoted(why, 300) + ".",
                   false};
  if (scheduled->reason != "Unschedulable")  // SchedulingGated, SchedulerError
    return Trouble{scheduled->reason.empty() ? "Unschedulable" : scheduled->reason,
                   "The scheduler does not place the pod: " + Quoted(why, 400) + ".", false};
  const std::string lacks = Insufficient(why);
  const bool again = view.status.refused_places < kMaxUnschedulable;
  return Trouble{"Unschedulable",
                 "The scheduler refuses node " + node +
                     (lacks.empty() ? "" : ", which has too little free of: " + lacks) + " (" +
                     Quoted(why, 300) + "). " +
                     (again ? "Another place is looked for."
                            : "It was tried several times; an administrator must look."),
                 !again};
}

// The kubelet, before there is a container: volumes, network.

Found NotMounted(const View& view) {
  if (view.pod == nullptr || view.pod->spec.node_name.empty()) return {};
  const auto* prepared = kube::FindCondition(view.pod->status.conditions, "PodReadyToStartContainers");
  if (prepared != nullptr && prepared->status == "True") return {};
  if (const auto why = Warning(view, view.pod->metadata, "FailedAttachVolume"); !why.empty()) {
    if (Has(why, "Multi-Attach"))
      return Trouble{"HomeInUse",
                     "A volume of the session is still attached to another node: " + Quoted(why, 400) +
                         ". It starts once that is over.",
                     false};
    return Trouble{"VolumeNotAttached",
                   "A volume cannot be attached to node " + view.pod->spec.node_name + ": " +
                       Quoted(why, 400) + ". It is tried again by itself.",
                   false};
  }
  if (const auto why = Warning(view, view.pod->metadata, "FailedMount"); !why.empty()) {
    return Trouble{"VolumeNotMounted",
                   "A volume cannot be mounted: " + Quoted(why, 400) + ". It is tried again by itself.",
                   false};
  }
  if (const auto why = Warning(view, view.pod->metadata, "FailedCreatePodSandBox"); !why.empty()) {
    return Trouble{"NodeNotPrepared",
                   "Node " + view.pod->spec.node_name + " cannot prepare the pod: " + Quoted(why, 400) +
                       ". It is tried again by itself.",
                   false};
  }
  return {};
}

// The container.

Found Container(const View& view) {
  if (view.pod == nullptr) return {};
  const auto memory = view.session_class == nullptr ? Quantity{} : AskedMemory(view);
  for (const auto& container : view.pod->status.containers) {
    if (container.name != "notebook") continue;
    if (auto trouble = ContainerTrouble(container, view.pod->status, memory)) return trouble;
  }
  return {};
}

using Look = Found (*)(const View&);
constexpr std::array<Look, 10> kLooks{NameTaken,   Refused,     HomeLost,      Ending,     NodeTrouble,
                                      HomeDeleted, HomePending, Unschedulable, NotMounted, Container};

}  // namespace

bool NodeAnswers(const View& view, const std::string& name) {
  const auto node = view.world.nodes.Get({"", name});
  return node && kube::IsReady(*node);
}

std::optional<Trouble> DiagnoseEnding(const View& view) {
  if (view.pod == nullptr || !Terminating(*view.pod) || view.pod->spec.node_name.empty()) return {};
  const auto& node = view.pod->spec.node_name;
  if (NodeAnswers(view, node) || !view.world.nodes.Get({"", node})) return {};
  return Trouble{"NodeNotReady",
                 "Node " + node +
                     " does not answer, so that nobody can say whether the pod has ended. If the "
                     "machine is off for good, an administrator says so: kubectl taint node " +
                     node + " node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
                 true};
}

std::optional<Trouble> Diagnose(const View& view) {
  for (const auto look : kLooks) {
    if (auto trouble = look(view)) return trouble;
  }
  return {};
}

}  // namespace marea::session
