#include "cli/remedies.hpp"

#include <algorithm>

namespace marea::cli {
namespace {

using enum Step;
using enum Who;

constexpr std::string_view kChoose =
    "`kubectl marea classes` shows what there is; then `kubectl edit session SESSION`.";
constexpr std::string_view kLess =
    "Ask for less (`kubectl edit session SESSION`), or take a class that allows more: `kubectl marea "
    "classes`.";
constexpr std::string_view kFewer =
    "Ask for fewer (`kubectl edit session SESSION`), or ask who leads the project: its limits are an "
    "administrator's to raise.";
constexpr std::string_view kWaits = "Nothing: it is tried again by itself.";
constexpr std::string_view kBackInQueue =
    "Nothing: it goes back to the queue by itself, at most three times a run; what is in the home is kept.";

constexpr Remedy kRemedies[] = {
    {"ClassNotFound", kAccepted, kYou, kChoose},
    {"ImageNotInClass", kAccepted, kYou, kChoose},
    {"ResourcesAboveClass", kAccepted, kYou, kLess},
    {"DurationAboveClass", kAccepted, kYou, kLess},
    {"AcceleratorNotInClass", kAccepted, kYou, kChoose},
    {"TooManyAccelerators", kAccepted, kYou, kLess},
    {"ClaimNotFound", kAccepted, kYou,
     "Create that PersistentVolumeClaim, or take it out of the session; one that the class mounts is made by "
     "whoever made the class."},
    {"ClaimNotYours", kAccepted, kYou,
     "Name a PersistentVolumeClaim of your own: `kubectl edit session SESSION`."},
    {"MountPathTaken", kAccepted, kYou,
     "Give that volume another mountPath: `kubectl edit session SESSION`."},
    {"BasePathNotAllowed", kAccepted, kYou, "Take spec.basePath out: `kubectl edit session SESSION`."},
    {"RouteNotServed", kAccepted, kAdministrator,
     "An administrator starts the operator with --gateway-api, or gives the class another route."},
    {"ProjectNotFound", kAccepted, kYou,
     "`kubectl get projects` shows what there is; then `kubectl delete session SESSION` (its home stays), "
     "and "
     "create it again with one of them as spec.project."},
    {"ProjectNotAllowed", kAccepted, kYou,
     "`kubectl delete session SESSION` (its home stays), and create it again with a spec.project that has "
     "this "
     "namespace, or with none; or an administrator adds the namespace to that Project."},
    {"ProjectAmbiguous", kAccepted, kYou,
     "`kubectl delete session SESSION` (its home stays), and create it again with one of them as "
     "spec.project; "
     "or an administrator leaves the namespace to one."},
    {"NamespaceHasNoProject", kAccepted, kAdministrator,
     "An administrator adds this namespace to a Project, by its name or by its labels."},

    {"NoFreeDevice", kAdmitted, kNobody,
     "Nothing: it starts by itself when enough is free and it is its turn."},
    {"WaitingForMachine", kAdmitted, kNobody,
     "Nothing: it starts when such a node is ready again. If that takes long, an administrator looks at the "
     "nodes: `kubectl get nodes`."},
    {"ProjectLimit", kAdmitted, kNobody,
     "Nothing: it starts by itself as soon as its project has room for it; stopping another of the project's "
     "sessions makes some.",
     kFewer},
    {"UserLimit", kAdmitted, kYou,
     "Stop another of your sessions (`kubectl marea top` shows them), or wait until one ends.", kFewer},
    {"ClassNotAllowed", kAdmitted, kYou,
     "Ask for another device (`kubectl marea classes`, then `kubectl edit session SESSION`), or ask who "
     "leads "
     "the project: what it may use is an administrator's to say."},
    {"NoSuchShape", kAdmitted, kYou,
     "Ask for what a node has (`kubectl marea classes`), or ask an administrator for such a node."},
    {"HomeInUse", kAdmitted, kYou, "Stop the session that has the home mounted, or wait until it ends."},
    {"HomeOutOfReach", kAdmitted, kYou,
     "Ask for less or for another device, one that is near the volume; an administrator can move the "
     "volume."},

    {"PullingImage", kStarted, kNobody,
     "Nothing: a large image takes minutes the first time it comes to a node."},
    {"ImageNotFound", kStarted, kYou,
     "Correct spec.image if you wrote it (`kubectl edit session SESSION`); a reference of the class is its "
     "administrator's to correct."},
    {"ImageInvalid", kStarted, kYou,
     "Correct spec.image if you wrote it (`kubectl edit session SESSION`); a reference of the class is its "
     "administrator's to correct."},
    {"ImageRefused", kStarted, kAdministrator,
     "An administrator checks imagePullSecretNames of the class, and that this Secret is in the namespace."},
    {"ImageNotOnNode", kStarted, kAdministrator,
     "An administrator brings the image to the node, or lets the class pull it (pullPolicy)."},
    {"ImageRunsAsRoot", kStarted, kAdministrator,
     "An administrator sets pod.runAsUser of the class, or offers an image that does not want to be root."},
    {"RegistryUnreachable", kStarted, kNobody, kWaits},
    {"ImageNotPulled", kStarted, kNobody, kWaits},
    {"BadCommand", kStarted, kAdministrator,
     "Take another image (`kubectl marea classes`), or ask an administrator to correct the class's "
     "pod.command."},
    {"CrashLoop", kStarted, kYou, "See why it ends: `kubectl marea logs SESSION --previous`."},
    {"OutOfMemory", kStarted, kYou,
     "Raise spec.resources.memory (`kubectl edit session SESSION`), then `kubectl marea start SESSION "
     "--restart`."},
    {"CredentialsMissing", kStarted, kNobody, "Nothing: it starts as soon as its Hub has made that Secret."},
    {"NotConfigured", kStarted, kAdministrator,
     "An administrator looks at the class and the node: the words above are the kubelet's."},
    {"NotStarted", kStarted, kAdministrator,
     "An administrator looks at the class and the node: the words above are the container runtime's."},
    {"MakingRoom", kScheduled, kNobody,
     "Nothing: it starts as soon as the pods of lower priority on its node have ended."},
    {"Unschedulable", kScheduled, kNobody,
     "Nothing: another node is tried, five times a run; after that an administrator must look."},
    {"HomePending", kHome, kNobody,
     "Nothing, unless its StorageClass is missing: then an administrator makes one."},
    {"HomeLost", kHome, kAdministrator, "An administrator restores the volume behind the home."},
    {"HomeEnding", kHome, kNobody, "Nothing: a new home is made once the old one is gone."},
    {"HomeInUse", kHome, kNobody, "Nothing: it starts once the volume is detached from the other node."},
    {"ClaimLost", kHome, kNobody,
     "Nothing if it was the home; another claim must be made anew by whoever deleted it."},
    {"VolumeNotAttached", kHome, kNobody, kWaits},
    {"VolumeNotMounted", kHome, kNobody, kWaits},
    {"NodeNotPrepared", kStarted, kNobody, kWaits},
    {"NodeNotReady", kScheduled, kNobody,
     "Nothing: it goes back to the queue if the node stays silent. A machine that is off for good and holds "
     "a pod "
     "that must go is declared so by an administrator, with the taint that is named."},
    {"NodeLost", kScheduled, kNobody, kBackInQueue},
    {"PodLost", kScheduled, kNobody, kBackInQueue},
    {"Evicted", kScheduled, kNobody, kBackInQueue},
    {"PodFailed", kScheduled, kNobody, kBackInQueue},
    {"PodEnding", kScheduled, kNobody, kBackInQueue},
    {"QuotaExceeded", kScheduled, kYou,
     "Stop or delete something in this namespace (`kubectl marea top`), ask for less, or ask an "
     "administrator for a "
     "larger quota."},
    {"PodSecurityRefused", kScheduled, kAdministrator,
     "An administrator changes the class's pod or the namespace's Pod Security level."},
    {"PolicyRefused", kScheduled, kYou, "Change what the policy names, or ask an administrator."},
    {"NamespaceEnding", kScheduled, kYou,
     "Create the Session in another namespace: this one is being deleted."},
    {"NotPermitted", kScheduled, kAdministrator, "An administrator installs Marea's roles again."},
    {"Refused", kScheduled, kYou, "Change the Session as the message says, or ask an administrator."},
    {"NameTaken", kScheduled, kYou,
     "Delete what bears this name, or delete the Session (its home stays) and create it under another."},
};

struct StopRow {
  std::string_view reason, text;
};
constexpr StopRow kStops[] = {
    {"UserRequest", "`kubectl marea start SESSION` runs it again."},
    {"Expired", "`kubectl marea start SESSION` begins a new run with its full time."},
    {"Failed", "When the cause is gone, `kubectl marea start SESSION` begins a new run."},
    {"ShutDown", "`kubectl marea start SESSION` begins a new run."},
};

bool IsBeforeAdmission(Step step) {
  return step == kAccepted || step == kAdmitted;
}

}  // namespace

std::span<const Remedy> Remedies() {
  return kRemedies;
}

const Remedy* FindRemedy(std::string_view reason, bool admitted) {
  const auto found = std::ranges::find_if(kRemedies, [&](const Remedy& remedy) {
    return remedy.reason == reason && IsBeforeAdmission(remedy.step) != admitted;
  });
  return found == std::end(kRemedies) ? nullptr : &*found;
}

std::string_view StopRemedy(std::string_view reason) {
  const auto found = std::ranges::find(kStops, reason, &StopRow::reason);
  return found == std::end(kStops) ? std::string_view{} : found->text;
}

std::string Addressed(std::string_view text, std::string_view session) {
  constexpr std::string_view kPlace = "SESSION";
  std::string addressed;
  for (auto at = text.find(kPlace); at != text.npos; at = text.find(kPlace)) {
    addressed += text.substr(0, at);
    addressed += session;
    text.remove_prefix(at + kPlace.size());
  }
  return addressed + std::string(text);
}

}  // namespace marea::cli
