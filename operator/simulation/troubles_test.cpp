// Every trouble of docs/troubles.md, in simulation: it is said within five seconds of being visible, in one
// reason, with one event, and once its cause is gone the session is Ready. The laws hold all the while.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kube/resource.hpp"
#include "simulation/platform.hpp"

using namespace marea;
using namespace marea::simulation;
using namespace std::chrono_literals;

namespace {

constexpr Duration kSaidWithin = 5s;
const std::string kImage = "registry.example/lab:1";

using Act = std::function<void(Platform&)>;

struct Trouble {
  const char* name;
  const char* reason;     // of the condition
  const char* condition;  // "Accepted", "Admitted", "Ready"
  bool stalled;           // a person must act
  Act arise, heal;        // after the second the session runs
  int events = 1;         // with this reason; what is only waited for is no news
};

// --- what people and machines do

void Want(Platform& p, Json more = Json::object()) {
  Json spec = Wants({"a100"});
  spec.update(more);
  p.Ask("ada", spec);
}

Act Wanting(Json more) {
  return [more](Platform& p) { Want(p, more); };
}

Act Editing(Json spec) {
  return [spec](Platform& p) { p.Edit("ada", spec); };
}

void Class(Platform& p, const Json& spec) {
  p.Apply(api::kSessionClasses, {"", "default"}, {{"spec", spec}});
}

// A class that differs from the usual one, and what is asked of it.
Act WantingOf(Json class_spec, Json more) {
  return [class_spec, more](Platform& p) {
    Class(p, class_spec);
    Want(p, more);
  };
}

void AddNode(Platform& p, const std::string& name) {
  p.cluster().AddNode(name, {{"nvidia.com/gpu.product", "A100"}},
                      {{"cpu", "32"}, {"memory", "128Gi"}, {"pods", "110"}, {"nvidia.com/gpu", "1"}},
                      DeviceTaints());
}

void Start(Platform& p) {
  Want(p);
  p.Until("ada is Ready", [&] { return p.Summary("ada") == "Ready"; });
}

void StartAndStop(Platform& p) {
  Start(p);
  p.Edit("ada", {{"desiredState", "Stopped"}});
  p.Until("ada is Stopped", [&] { return p.Summary("ada") == "Stopped"; });
}

void Resume(Platform& p) {
  p.Edit("ada", {{"desiredState", "Running"}});
}

void MakePod(Platform& p, const std::string& name, const Json& volumes = Json::array()) {
  p.Apply(
      kube::kPods, {"lab", name},
      {{"metadata", {{"name", name}, {"namespace", "lab"}}},
       {"spec",
        {{"containers", Json::array({{{"name", "main"}, {"image", "busybox"}}})}, {"volumes", volumes}}}});
}

void MakeClaim(Platform& p, const std::string& name, const std::string& storage_class = "standard") {
  p.Apply(kube::kClaims, {"lab", name},
          {{"metadata", {{"name", name}, {"namespace", "lab"}}},
           {"spec",
            {{"accessModes", Json::array({"ReadWriteOnce"})},
             {"storageClassName", storage_class},
             {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}});
}

void MakeStorage(Platform& p, const std::string& name, const char* mode,
                 const Json& parameters = Json::object()) {
  p.Apply(kube::kStorageClasses, {"", name},
          {{"metadata", {{"name", name}}},
           {"provisioner", "homes.example"},
           {"parameters", parameters},
           {"volumeBindingMode", mode}});
}

void PatchStatus(Platform& p, const kube::ResourceType& type, const Key& key, const Json& status) {
  http::Request request;
  request.method = http::Method::kPatch;
  request.path = kube::ObjectPath(type, key, "status");
  request.body = Json{{"status", status}}.dump();
  request.content_type = "application/merge-patch+json";
  REQUIRE(p.api().Handle(request).status == 200);
}

// A claim that ends although a pod mounts it, which its protection would not let it.
void TakeAway(Platform& p, const std::string& claim) {
  p.Delete(kube::kClaims, {"lab", claim});
  p.Apply(kube::kClaims, {"lab", claim}, {{"metadata", {{"finalizers", nullptr}}}});
}

// Merged into what is there.
Act Project(const char* name, Json spec) {
  return [name, spec](Platform& p) {
    p.Apply(api::kProjects, {"", name}, {{"metadata", {{"name", name}}}, {"spec", spec}});
  };
}

Json OfA100(int count) {
  return Json::array({{{"className", "a100"}, {"count", count}}});
}

// A batch job that holds node-a's processors and makes room for sessions.
void MakeBatch(Platform& p) {
  p.Apply(api::kAcceleratorClasses, {"", "a100"}, {{"spec", {{"reclaimBelowPriority", 0}}}});
  const Json resources = {{"requests", {{"cpu", "32"}}}};
  p.Apply(kube::kPods, {"lab", "batch"},
          {{"metadata", {{"name", "batch"}, {"namespace", "lab"}}},
           {"spec",
            {{"priority", -10},
             {"tolerations", Json::array({{{"operator", "Exists"}}})},
             {"containers",
              Json::array({{{"name", "main"}, {"image", "busybox"}, {"resources", resources}}})}}}});
  p.Until("the batch job runs", [&] {
    const auto pod = p.api().Get("pods", {"lab", "batch"});
    return pod && pod->at("spec").contains("nodeName");
  });
}

Act DeletingPod(const char* name) {
  return [name](Platform& p) { p.Delete(kube::kPods, {"lab", name}); };
}

Act Nothing() {
  return [](Platform&) {};
}

// --- the troubles

Trouble Container(const char* name, const char* reason, bool stalled,
                  testing::FakeCluster::ContainerFault fault, int events = 1) {
  return {name,
          reason,
          "Ready",
          stalled,
          [fault](Platform& p) {
            p.cluster().BreakImage(kImage, fault);
            Want(p);
          },
          [](Platform& p) { p.cluster().MendImage(kImage); },
          events};
}

Trouble Hindrance(const char* reason, const char* event, const char* message) {
  return {event,
          reason,
          "Ready",
          false,
          [event, message](Platform& p) {
            p.cluster().HinderNode("node-a", event, message);
            Want(p);
          },
          [](Platform& p) { p.cluster().FreeNode("node-a"); }};
}

Trouble Refusal(const char* reason, const char* message) {
  return {reason,
          reason,
          "Ready",
          true,
          [message](Platform& p) {
            p.Forbid(kube::kPods, message);
            Want(p);
          },
          [](Platform& p) { p.Forbid(kube::kPods, ""); }};
}

std::vector<Trouble> NotAccepted() {
  const Json claim_mount = {{"claimName", "data"}, {"mountPath", "/mnt/data"}};
  const Json home_mount = {{"claimName", "data"}, {"mountPath", "/home/jovyan"}};
  const Json elsewhere = Json::array({{{"claimName", "data"}, {"mountPath", "/mnt/else"}}});
  const auto mark = [](Platform& p, const Json& user) {
    p.Apply(kube::kClaims, {"lab", "data"}, {{"metadata", {{"annotations", {{"marea.dev/user", user}}}}}});
  };
  const Json vision = {{"namespaces", Json::array({"lab"})}, {"guarantees", OfA100(1)}};
  const Json routed = {{"route", {{"type", "Ingress"}, {"host", "lab.example"}}}};
  const Json by_gateway = {
      {"route",
       {{"type", "HTTPRoute"}, {"host", "lab.example"}, {"gateway", {{"name", "g"}, {"namespace", "lab"}}}}}};
  std::vector<Trouble> troubles{
      {"a class that is none",
       "ClassNotFound",
       {},
       {},
       Wanting({{"className", "gold"}}),
       Editing({{"className", "default"}})},
      {"a class that is removed",
       "ClassNotFound",
       {},
       {},
       [](Platform& p) {
         const auto usual = p.api().Get("sessionclasses", {"", "default"});
         p.Apply(api::kSessionClasses, {"", "brief"},
                 {{"metadata", {{"name", "brief"}}}, {"spec", usual->at("spec")}});
         p.cluster().HinderNode("node-a", "FailedMount", "not yet");
         Want(p, {{"className", "brief"}});
         p.Until("ada has a pod", [&] { return p.Exists(kube::kPods, "ada"); });
         p.Delete(api::kSessionClasses, {"", "brief"});
         p.Delete(kube::kPods, {"lab", "ada"});
       },
       [](Platform& p) {
         p.cluster().FreeNode("node-a");
         p.Edit("ada", {{"className", "default"}});
       }},
      {"an image the class has not",
       "ImageNotInClass",
       {},
       {},
       Wanting({{"image", "other"}}),
       Editing({{"image", "lab"}})},
      {"more than the class allows",
       "ResourcesAboveClass",
       {},
       {},
       WantingOf({{"resources", {{"max", {{"cpu", "4"}}}}}}, {{"resources", {{"cpu", "5"}}}}),
       Editing({{"resources", {{"cpu", "4"}}}})},
      {"longer than the class allows",
       "DurationAboveClass",
       {},
       {},
       Wanting({{"durationSeconds", 90000}}),
       Editing({{"durationSeconds", 600}})},
      {"a device the class has not",
       "AcceleratorNotInClass",
       {},
       {},
       [](Platform& p) { p.Ask("ada", Wants({"fpga"})); },
       Editing(Wants({"a100"}))},
      {"more devices than the class allows",
       "TooManyAccelerators",
       {},
       {},
       WantingOf({{"accelerators", Json::array({{{"className", "a100"}, {"maxCount", 1}}})}},
                 {{"accelerator", {{"alternatives", Json::array({{{"className", "a100"}, {"count", 2}}})}}}}),
       Editing(Wants({"a100"}))},
      {"a volume that is not there",
       "ClaimNotFound",
       {},
       {},
       Wanting({{"volumes", Json::array({claim_mount})}}),
       [](Platform& p) { MakeClaim(p, "data"); }},
      {"a volume of somebody else",
       "ClaimNotYours",
       {},
       {},
       [=](Platform& p) {
         MakeClaim(p, "data");
         mark(p, "bob");
         Want(p, {{"volumes", Json::array({claim_mount})}});
       },
       [=](Platform& p) { mark(p, nullptr); }},
      {"two volumes at one path",
       "MountPathTaken",
       {},
       {},
       [=](Platform& p) {
         MakeClaim(p, "data");
         Want(p, {{"volumes", Json::array({home_mount})}});
       },
       Editing({{"volumes", elsewhere}})},
      {"another session's path",
       "BasePathNotAllowed",
       {},
       {},
       WantingOf(routed, {{"basePath", "/session/lab/bob/"}}),
       Editing({{"basePath", nullptr}})},
      {"a route nobody serves",
       "RouteNotServed",
       {},
       {},
       WantingOf(by_gateway, Json::object()),
       [](Platform& p) {
         Class(p, {{"route", {{"type", "None"}, {"host", nullptr}, {"gateway", nullptr}}}});
       }},
      {"a Project that is none",
       "ProjectNotFound",
       {},
       {},
       Wanting({{"project", "vision"}}),
       Project("vision", vision)},
      {"a Project that is removed",
       "ProjectNotFound",
       {},
       {},
       [vision](Platform& p) {
         Project("vision", vision)(p);
         p.Run(5s);
         StartAndStop(p);
         p.Delete(api::kProjects, {"", "vision"});
         Resume(p);
       },
       Project("vision", vision)},
      {"a Project of others",
       "ProjectNotAllowed",
       {},
       {},
       [](Platform& p) {
         Project("vision", {{"namespaces", Json::array({"elsewhere"})}})(p);
         p.Run(5s);
         Want(p, {{"project", "vision"}});
       },
       Project("vision", vision)},
      {"a namespace of two Projects",
       "ProjectAmbiguous",
       {},
       {},
       [vision](Platform& p) {
         Project("vision", vision)(p);
         Project("teaching", {{"namespaces", Json::array({"lab"})}})(p);
         p.Run(5s);
         Want(p);
       },
       [](Platform& p) { p.Delete(api::kProjects, {"", "teaching"}); }},
      {"a namespace of none",
       "NamespaceHasNoProject",
       {},
       {},
       [](Platform& p) {
         Project("default", {{"namespaces", Json::array({"elsewhere"})}})(p);
         p.Run(5s);
         Want(p);
       },
       Project("vision", vision)}};
  for (auto& trouble : troubles) {
    trouble.condition = "Accepted";
    trouble.stalled = true;
  }
  return troubles;
}

std::vector<Trouble> Waiting() {
  const auto bob = [](Platform& p, Json more) {
    Json spec = Wants({"a100"});
    spec.update(more);
    p.Ask("bob", spec);
    p.Until("bob is Ready", [&] { return p.Summary("bob") == "Ready"; });
    Want(p);
  };
  // What the lab's Project says of A100 is said before bob has his.
  const auto divided = [=](const char* project, Json spec, Json of_bob) {
    return [=](Platform& p) {
      AddNode(p, "node-b");
      Project(project, spec)(p);
      p.Run(5s);
      bob(p, of_bob);
    };
  };
  const auto alone = [](const char* project, Json spec) {
    return [=](Platform& p) {
      Project(project, spec)(p);
      p.Run(5s);
      Want(p);
    };
  };
  const auto without_bob = [](Platform& p) { p.Remove("bob"); };
  const Json lab = Json::array({"lab"}), another = {{"user", "bob"}};
  std::vector<Trouble> troubles{
      {"no device is free", "NoFreeDevice", {}, false, [=](Platform& p) { bob(p, another); }, without_bob},
      {"no node is large enough",
       "NoSuchShape",
       {},
       true,
       Wanting({{"resources", {{"cpu", "64"}}}}),
       Editing({{"resources", {{"cpu", "1"}}}})},
      {"the node is not ready",
       "WaitingForMachine",
       {},
       false,
       [](Platform& p) {
         p.Run(5s);
         p.cluster().SilenceNode("node-a");
         p.Run(2min);
         Want(p);
       },
       [](Platform& p) { p.cluster().ReviveNode("node-a"); }},
      {"the node is closed",
       "WaitingForMachine",
       {},
       false,
       [](Platform& p) {
         p.Apply(kube::kNodes, {"", "node-a"}, {{"spec", {{"unschedulable", true}}}});
         Want(p);
       },
       [](Platform& p) { p.Apply(kube::kNodes, {"", "node-a"}, {{"spec", {{"unschedulable", false}}}}); }},
      {"what the Project was promised is used up",
       "ProjectLimit",
       {},
       false,
       divided("vision", {{"namespaces", lab}, {"guarantees", OfA100(1)}}, another),
       without_bob},
      {"the Project may hold no more",
       "ProjectLimit",
       {},
       false,
       divided("vision", {{"namespaces", lab}, {"guarantees", OfA100(1)}, {"limits", OfA100(1)}}, another),
       without_bob},
      {"the Project was promised none",
       "ProjectLimit",
       {},
       true,
       alone("vision", {{"namespaces", lab}}),
       Editing({{"preemptible", true}})},
      {"the Project may never hold as many",
       "ProjectLimit",
       {},
       true,
       [](Platform& p) {
         p.cluster().AddNode("node-b", {{"nvidia.com/gpu.product", "A100"}},
                             {{"cpu", "32"}, {"memory", "128Gi"}, {"pods", "110"}, {"nvidia.com/gpu", "2"}},
                             DeviceTaints());
         Project("default", {{"limits", OfA100(1)}})(p);
         p.Run(5s);
         Want(p, {{"accelerator", {{"alternatives", OfA100(2)}}}});
       },
       Project("default", {{"limits", OfA100(2)}})},
      {"the user holds as many as one may",
       "UserLimit",
       {},
       false,
       divided("default", {{"userLimits", OfA100(1)}}, Json::object()),
       without_bob},
      {"a user may never hold as many",
       "UserLimit",
       {},
       true,
       alone("default", {{"userLimits", OfA100(0)}}),
       Project("default", {{"userLimits", OfA100(1)}})},
      {"the Project may not use it",
       "ClassNotAllowed",
       {},
       true,
       alone("default", {{"limits", OfA100(0)}}),
       Project("default", {{"limits", OfA100(1)}})},
      {"the home is mounted elsewhere",
       "HomeInUse",
       {},
       false,
       [=](Platform& p) {
         AddNode(p, "node-b");
         bob(p, Json::object());  // of the same user
       },
       without_bob},
      {"the home is on another node",
       "HomeOutOfReach",
       {},
       false,
       [](Platform& p) {
         MakeStorage(p, "local", "WaitForFirstConsumer", {{"local", "true"}});
         Class(p, {{"home", {{"storageClassName", "local"}}}});
         StartAndStop(p);
         AddNode(p, "node-b");
         p.cluster().RemoveNode("node-a");
         Resume(p);
       },
       [](Platform& p) { AddNode(p, "node-a"); }}};
  for (auto& trouble : troubles) {
    trouble.condition = "Admitted";
    trouble.events = 0;
  }
  return troubles;
}

std::vector<Trouble> NoContainer() {
  return {
      Container("no such image", "ImageNotFound", true,
                {.reason = "ErrImagePull", .message = "docker.io/x/y:none: not found"}),
      Container("a name that is none", "ImageInvalid", true,
                {.reason = "InvalidImageName", .message = "couldn't parse image name"}),
      Container("a registry that wants credentials", "ImageRefused", true,
                {.reason = "ErrImagePull", .message = "pull access denied"}),
      Container("never pulled", "ImageNotOnNode", true,
                {.reason = "ErrImageNeverPull", .message = "Container image \"x\" is not present"}),
      Container("wants to be root", "ImageRunsAsRoot", true,
                {.reason = "CreateContainerConfigError",
                 .message = "container has runAsNonRoot and image will run as root"}),
      Container("the registry is away", "RegistryUnreachable", false,
                {.reason = "ErrImagePull", .message = "dial tcp: lookup registry: no such host"}),
      Container("nobody knows why", "ImageNotPulled", false,
                {.reason = "ImagePullBackOff", .message = "Back-off pulling image \"x\""}),
      Container("a slow pull", "PullingImage", false, {.reason = "ContainerCreating"}, 0),
      Container(
          "no such program", "BadCommand", true,
          {.reason = "RunContainerError", .message = "exec: \"x\": executable file not found in $PATH"}),
      Container("it ends again and again", "CrashLoop", true,
                {.reason = "CrashLoopBackOff", .message = "back-off 10s", .ended = "Error", .exit_code = 1}),
      Container(
          "too little memory", "OutOfMemory", true,
          {.reason = "CrashLoopBackOff", .message = "back-off", .ended = "OOMKilled", .exit_code = 137}),
      Container("too little memory once", "OutOfMemory", false,
                {.reason = "", .ended = "OOMKilled", .exit_code = 137}),
      Container("a ConfigMap that is not there", "NotConfigured", true,
                {.reason = "CreateContainerConfigError", .message = "configmap \"x\" not found"}),
      Container("the runtime does not answer", "NotStarted", true,
                {.reason = "CreateContainerError", .message = "context deadline exceeded"}),
      {"credentials that come late", "CredentialsMissing", "Ready", false,
       Wanting({{"credentials", "Required"}}),
       [](Platform& p) {
         p.Apply(kube::kSecrets, {"lab", "ada-credentials"},
                 {{"metadata", {{"name", "ada-credentials"}, {"namespace", "lab"}}}});
       }},
      Hindrance("VolumeNotMounted", "FailedMount", "MountVolume.SetUp failed: exit status 32"),
      Hindrance("VolumeNotAttached", "FailedAttachVolume", "rpc error: quota exceeded"),
      Hindrance("HomeInUse", "FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\""),
      Hindrance("NodeNotPrepared", "FailedCreatePodSandBox", "no IP addresses available"),
  };
}

std::vector<Trouble> Refused() {
  auto taken = Trouble{"a name that is taken",
                       "NameTaken",
                       "Ready",
                       true,
                       [](Platform& p) {
                         MakePod(p, "ada");
                         Want(p);
                       },
                       DeletingPod("ada")};
  return {
      taken,
      Refusal("QuotaExceeded", "pods \"ada\" is forbidden: exceeded quota: team, requested: pods=1"),
      Refusal("PodSecurityRefused", "pods \"ada\" is forbidden: violates PodSecurity \"restricted:latest\""),
      Refusal("NamespaceEnding",
              "pods \"ada\" is forbidden: unable to create new content in namespace lab because it is being "
              "terminated"),
      Refusal("NotPermitted", "pods is forbidden: User \"x\" cannot create resource \"pods\" in API group"),
      Refusal("PolicyRefused", "pods \"ada\" is forbidden: ValidatingAdmissionPolicy 'x' denied request"),
      Refusal("Refused", "admission webhook \"x\" denied the request: no")};
}

std::vector<Trouble> OfTheHome() {
  return {{"a StorageClass that is none", "HomePending", "Ready", true,
           Wanting({{"home", {{"storageClassName", "none"}}}}),
           [](Platform& p) { MakeStorage(p, "none", "WaitForFirstConsumer"); }},
          {"storage that makes nothing", "HomePending", "Ready", false,
           [](Platform& p) {
             p.cluster().BreakStorage("standard", "no space left in pool homes");
             Want(p);
           },
           [](Platform& p) { p.cluster().MendStorage("standard"); }},
          {"its volume is gone", "HomeLost", "Ready", true,
           [](Platform& p) {
             StartAndStop(p);
             PatchStatus(p, kube::kClaims, {"lab", "claim-lab"}, {{"phase", "Lost"}});
             Resume(p);
           },
           [](Platform& p) { PatchStatus(p, kube::kClaims, {"lab", "claim-lab"}, {{"phase", "Bound"}}); }},
          {"its owner deletes it", "HomeEnding", "Ready", false,
           [](Platform& p) {
             StartAndStop(p);
             MakePod(p, "other",
                     Json::array({{{"name", "h"}, {"persistentVolumeClaim", {{"claimName", "claim-lab"}}}}}));
             p.Run(5s);
             p.Delete(kube::kClaims, {"lab", "claim-lab"});
             Resume(p);
           },
           DeletingPod("other")},
          {"a claim is deleted under the pod", "ClaimLost", "Ready", false,
           [](Platform& p) {
             MakeStorage(p, "at-once", "Immediate");
             MakeClaim(p, "data", "at-once");
             p.Run(5s);
             Want(p, {{"volumes", Json::array({{{"claimName", "data"}, {"mountPath", "/mnt/data"}}})}});
             p.Until("ada has a pod", [&] { return p.Exists(kube::kPods, "ada"); });
             TakeAway(p, "data");
           },
           [](Platform& p) { MakeClaim(p, "data", "at-once"); }}};
}

std::vector<Trouble> OfTheNode() {
  return {
      {"the node does not answer", "NodeNotReady", "Ready", false,
       [](Platform& p) {
         Start(p);
         p.cluster().SilenceNode("node-a");
       },
       [](Platform& p) { p.cluster().ReviveNode("node-a"); }},
      {"the node is gone", "NodeLost", "Event", false,
       [](Platform& p) {
         Start(p);
         p.cluster().RemoveNode("node-a");
       },
       [](Platform& p) { AddNode(p, "node-b"); }},
      {"the pod is evicted", "Evicted", "Event", false,
       [](Platform& p) {
         Start(p);
         p.cluster().EvictPod({"lab", "ada"}, "The node was low on resource: memory.");
       },
       Nothing()},
      {"the pod is deleted", "PodEnding", "Ready", false,
       [](Platform& p) {
         Start(p);
         p.Delete(kube::kPods, {"lab", "ada"});
       },
       Nothing(), 0},
      {"the pod is gone", "PodLost", "Event", false,
       [](Platform& p) {
         Start(p);
         p.Delete(kube::kPods, {"lab", "ada"});
       },
       Nothing()},
      {"the pod fails", "PodFailed", "Event", false,
       [](Platform& p) {
         Start(p);
         p.cluster().EndNotebook({"lab", "ada"}, 1);
       },
       Nothing()},
      {"a batch job is ended first", "MakingRoom", "Ready", false,
       [](Platform& p) {
         MakeBatch(p);
         Want(p);
         p.Until("ada has a pod", [&] { return p.Exists(kube::kPods, "ada"); });
         // As the scheduler does once it has chosen whom to end.
         PatchStatus(p, kube::kPods, {"lab", "ada"}, {{"nominatedNodeName", "node-a"}});
       },
       DeletingPod("batch")},
      {"the scheduler refuses", "Unschedulable", "Ready", false,
       [](Platform& p) {
         // Just when the place is given, the node is closed.
         Want(p);
         p.Until("ada has a pod", [&] { return p.Exists(kube::kPods, "ada"); });
         p.Apply(kube::kNodes, {"", "node-a"}, {{"spec", {{"unschedulable", true}}}});
       },
       [](Platform& p) { p.Apply(kube::kNodes, {"", "node-a"}, {{"spec", {{"unschedulable", false}}}}); }}};
}

std::vector<Trouble> All() {
  std::vector<Trouble> all;
  for (auto part : {NotAccepted(), Waiting(), NoContainer(), Refused(), OfTheHome(), OfTheNode()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Hears of all that is written, and remembers when ada's status first said something, and how long after
// anybody else's last change that was.
class Ear {
 public:
  explicit Ear(Platform& p) : platform_(p) {
    p.api().Listen([this](const testing::FakeApi::Change& change) { Hear(change); });
  }

  struct Said {
    Duration after{};  // since the last change that is no Session's and no event of ours
    bool stalled = false;
    std::string message;
  };
  // By "condition/reason".
  std::map<std::string, Said> said;
  std::map<std::string, int> events;  // about ada, by reason
  std::vector<std::pair<std::string, std::string>> told;

 private:
  void Hear(const testing::FakeApi::Change& change) {
    const auto now = platform_.world().Monotonic();
    if (change.plural == "sessions") {
      if (!change.before || Generation(*change.before) != Generation(*change.object)) changed_ = now;
      if (change.key.name == "ada") Read(*change.object, now - changed_);
      return;
    }
    if (change.plural == "events") {
      if (change.type == "ADDED" && change.object->at("involvedObject").at("kind") == "Session" &&
          change.object->at("involvedObject").at("name") == "ada") {
        ++events[change.object->at("reason")];
        told.emplace_back(change.object->at("reason"), change.object->at("message"));
        said.try_emplace("Event/" + change.object->at("reason").get<std::string>(),
                         Said{now - changed_, false, change.object->at("message")});
      }
      if (change.object->at("involvedObject").at("kind") == "Session") return;
    }
    changed_ = now;
  }

  static std::int64_t Generation(const Json& object) { return object.at("metadata").at("generation"); }

  void Read(const Json& session, Duration after) {
    const Json conditions = session.value(Json::json_pointer("/status/conditions"), Json::array());
    bool stalled = false;
    for (const auto& condition : conditions)
      if (condition.at("type") == "Stalled") stalled = condition.at("status") == "True";
    for (const auto& condition : conditions) {
      if (condition.at("type") == "Ready" && condition.at("status") == "True") continue;
      said.try_emplace(
          condition.at("type").get<std::string>() + "/" + condition.at("reason").get<std::string>(),
          Said{after, stalled, condition.at("message")});
    }
  }

  Platform& platform_;
  MonotonicTime changed_{};
};

}  // namespace

TEST_CASE("every trouble is said in time, once, and heals when its cause is gone", "[simulation]") {
  for (const auto& trouble : All()) {
    INFO(trouble.reason << ": " << trouble.name);
    PlatformOptions options;
    options.cluster.schedule = 2s;  // time enough for what happens just before
    Platform p(std::move(options));
    AddNode(p, "node-a");
    Ear ear(p);
    trouble.arise(p);
    const std::string where = std::string(trouble.condition) + "/" + trouble.reason;
    p.Until(where + " is said", [&] { return ear.said.contains(where); });
    const auto& said = ear.said[where];
    INFO(said.message);
    CHECK(said.after <= kSaidWithin);
    CHECK(said.stalled == trouble.stalled);
    CHECK_FALSE(said.message.empty());
    p.Run(30s);
    trouble.heal(p);
    p.Until("ada is Ready", [&] { return p.Summary("ada") == "Ready"; });
    p.Rest();
    for (const auto& [what, message] : ear.told) UNSCOPED_INFO(what << ": " << message);
    CHECK(ear.events[trouble.reason] == trouble.events);
    CHECK(p.laws().violations() == std::vector<std::string>{});
  }
}

TEST_CASE("a home that is deleted before the pod has its node is made anew", "[simulation]") {
  Platform p(PlatformOptions{});
  AddNode(p, "node-a");
  Want(p);
  p.Until("ada has a pod", [&] { return p.Exists(kube::kPods, "ada"); });
  const auto uid = [&] {
    const auto claim = p.api().Get("persistentvolumeclaims", {"lab", "claim-lab"});
    return claim ? claim->at("metadata").at("uid").get<std::string>() : "";
  };
  const auto first = uid();
  TakeAway(p, "claim-lab");
  p.Until("ada is Ready", [&] { return p.Summary("ada") == "Ready"; });
  CHECK(uid() != first);
  CHECK_FALSE(uid().empty());
  CHECK(p.Session("ada").at("status").at("attempt") == 1);
  p.Rest();
  CHECK(p.laws().violations() == std::vector<std::string>{});
}
