#include "controllers/session/diagnosis.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "controllers/session/story_test.hpp"

namespace marea::session {
namespace {

using Json = nlohmann::json;

// A session whose pod is on its node and has not started yet.
Story Bound(Json spec = Json::object()) {
  Story story;
  spec["accelerator"] = {{"alternatives", {{{"className", "a100"}, {"count", 1}}}}};
  story.Ask(std::move(spec));
  story.Settle();
  story.Schedule();
  story.Settle();
  return story;
}

Json Notebook(Json state, Json last_state = Json::object()) {
  return {{"containerStatuses", Json::array({{{"name", "notebook"},
                                              {"ready", false},
                                              {"restartCount", 1},
                                              {"state", std::move(state)},
                                              {"lastState", std::move(last_state)}}})}};
}

Json Waits(const char* reason, const char* message = "") {
  return Notebook({{"waiting", {{"reason", reason}, {"message", message}}}});
}

Json Ended(const char* waiting, int code, const char* reason, const char* message = "") {
  return Notebook({{"waiting", {{"reason", waiting}, {"message", "back-off 10s restarting"}}}},
                  {{"terminated", {{"exitCode", code}, {"reason", reason}, {"message", message}}}});
}

struct Case {
  const char* name;
  Json status;  // of the pod
  const char* reason;
  const char* mention;
  bool stalled;
};

void CheckTold(Story& story, const Case& c) {
  story.Settle();
  const auto& ready = story.Condition("Ready");
  INFO(ready.message);
  CHECK(ready.status == "False");
  CHECK(ready.reason == c.reason);
  CHECK(ready.message.find(c.mention) != std::string::npos);
  CHECK((story.Condition("Stalled").status == "True") == c.stalled);
  CHECK(story.Session().status.summary == "Starting");
  CHECK(story.Decide().actions.empty());
}

TEST_CASE("what the kubelet says of a container is said in a user's words, in status and one event") {
  const Case c = GENERATE(values<Case>({
      {"image not there", Waits("ErrImagePull", "failed to pull image: docker.io/x/y:none: not found"),
       "ImageNotFound", "docker.io/x/y:none: not found", true},
      {"image not there, backing off",
       Waits("ImagePullBackOff", "Back-off pulling image \"x\": ErrImagePull: docker.io/x/y:none: not found"),
       "ImageNotFound", "(\"docker.io/x/y:none: not found\")", true},
      {"image not given out",
       Waits("ErrImagePull", "pull access denied, repository does not exist or may require authorization"),
       "ImageRefused", "imagePullSecretNames", true},
      {"registry away", Waits("ErrImagePull", "dial tcp: lookup registry.example.org: no such host"),
       "RegistryUnreachable", "tried again by itself", false},
      {"backing off without a reason", Waits("ImagePullBackOff", "Back-off pulling image \"x\""),
       "ImageNotPulled", "The image cannot be pulled;", false},
      {"a name that is none", Waits("InvalidImageName", "couldn't parse image name \"X/:\""), "ImageInvalid",
       "correct spec.image", true},
      {"never pulled", Waits("ErrImageNeverPull", "Container image \"x\" is not present"), "ImageNotOnNode",
       "pullPolicy", true},
      {"credentials not there yet",
       Waits("CreateContainerConfigError", "secret \"ada-credentials\" not found"), "CredentialsMissing",
       "starts as soon as its Hub has made it", false},
      {"an image that runs as root",
       Waits("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
       "ImageRunsAsRoot", "pod.runAsUser", true},
      {"another configuration error", Waits("CreateContainerConfigError", "configmap \"x\" not found"),
       "NotConfigured", "configmap", true},
      {"a command that is not there",
       Waits("RunContainerError", "exec: \"jupyter\": executable file not found in $PATH: unknown"),
       "BadCommand", "pod.command", true},
      {"a container the runtime will not make", Waits("CreateContainerError", "context deadline exceeded"),
       "NotStarted", "deadline", true},
      {"it ends again and again", Ended("CrashLoopBackOff", 1, "Error"), "CrashLoop", "exit code 1", true},
      {"a command that is no program", Ended("CrashLoopBackOff", 127, "Error"), "BadCommand", "exit code 127",
       true},
      {"too little memory, again and again", Ended("CrashLoopBackOff", 137, "OOMKilled"), "OutOfMemory",
       "more than its 2Gi", true},
      {"too little memory, started again",
       Notebook({{"running", Json::object()}},
                {{"terminated", {{"exitCode", 137}, {"reason", "OOMKilled"}}}}),
       "OutOfMemory", "started again", false},
  }));
  CAPTURE(c.name);
  Story story = Bound();
  story.PatchPodStatus(c.status);
  CheckTold(story, c);
  CHECK(std::ranges::count(story.events, c.reason) == 1);
  story.BecomeReady();
  story.Settle();
  CHECK(story.Session().status.summary == "Ready");
  CHECK(story.Condition("Stalled").status == "False");
}

TEST_CASE("a pull is told of with its beginning, and is no event") {
  Story story = Bound();
  auto status = Waits("ContainerCreating");
  status["conditions"] = story.Object("pods", "ada")["status"]["conditions"];
  status["conditions"].push_back({{"type", "PodReadyToStartContainers"},
                                  {"status", "True"},
                                  {"lastTransitionTime", "2026-03-02T09:00:07Z"}});
  story.PatchPodStatus(status);
  CheckTold(story, {"", {}, "PullingImage", "since 2026-03-02T09:00:07Z", false});
  CHECK(std::ranges::count(story.events, "PullingImage") == 0);
}

TEST_CASE("volumes and networks that are not there are told of by the warnings about the pod") {
  struct Row {
    const char *event, *message, *reason, *mention;
  };
  const Row row = GENERATE(values<Row>({
      {"FailedMount", "MountVolume.SetUp failed for volume \"home\": mount failed: exit status 32",
       "VolumeNotMounted", "exit status 32"},
      {"FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\": already used by pod(s) bob",
       "HomeInUse", "already used by pod(s) bob"},
      {"FailedAttachVolume", "rpc error: quota exceeded", "VolumeNotAttached", "node node-a"},
      {"FailedCreatePodSandBox", "plugin type=\"bridge\" failed: no IP addresses", "NodeNotPrepared",
       "no IP addresses"},
  }));
  CAPTURE(row.event, row.message);
  Story story = Bound();
  story.PatchPodStatus(Waits("ContainerCreating"));
  story.Warn("pods", "ada", row.event, row.message);
  CheckTold(story, {"", {}, row.reason, row.mention, false});

  SECTION("until the pod is prepared") {
    auto conditions = story.Object("pods", "ada")["status"]["conditions"];
    conditions.push_back({{"type", "PodReadyToStartContainers"}, {"status", "True"}});
    story.PatchPodStatus({{"conditions", conditions}});
    story.Settle();
    CHECK(story.Condition("Ready").reason == "PullingImage");
  }
}

TEST_CASE("a warning about an earlier pod of the name counts for nothing") {
  Story story = Bound();
  story.PatchPodStatus(Waits("ContainerCreating"));
  story.Warn("pods", "ada", "FailedMount", "old");
  auto event = std::ranges::find_if(story.objects, [](const auto& o) { return o.first.first == "events"; });
  auto changed = event->second;
  changed["involvedObject"]["uid"] = "another";
  story.Put("events", changed);
  story.Settle();
  CHECK(story.Condition("Ready").reason == "Starting");
}

TEST_CASE("what the scheduler lacks is named") {
  Story story;
  story.Ask({{"accelerator", {{"alternatives", {{{"className", "a100"}, {"count", 1}}}}}}});
  story.Settle();
  struct Row {
    const char *message, *reason, *mention;
  };
  const Row row = GENERATE(values<Row>({
      {"0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node "
       "affinity/selector. preemption: 0/2 nodes are available.",
       "Unschedulable", "too little free of: nvidia.com/gpu ("},
      {"0/2 nodes are available: 2 node(s) had untolerated taint(s).", "Unschedulable",
       "refuses node node-a"},
      {"persistentvolumeclaim \"claim-lab\" not found", "ClaimLost", "claim-lab"},
      {"0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.", "HomePending",
       "unbound immediate"},
  }));
  CAPTURE(row.message);
  story.PatchPodStatus({{"conditions", Json::array({{{"type", "PodScheduled"},
                                                     {"status", "False"},
                                                     {"reason", "Unschedulable"},
                                                     {"message", row.message},
                                                     {"lastTransitionTime", FormatTime(story.now)}}})}});
  story.Settle();
  CHECK(story.Condition("Ready").reason == row.reason);
  CHECK(story.Condition("Ready").message.find(row.mention) != std::string::npos);
}

TEST_CASE("a place the scheduler refuses is given up five times, then people are asked") {
  Story story;
  story.Ask({{"accelerator", {{"alternatives", {{{"className", "a100"}, {"count", 1}}}}}}});
  for (int turn = 0; turn <= 5; ++turn) {
    story.Settle();
    story.PatchPodStatus({{"conditions", Json::array({{{"type", "PodScheduled"},
                                                       {"status", "False"},
                                                       {"reason", "Unschedulable"},
                                                       {"message", "0/2 nodes are available."},
                                                       {"lastTransitionTime", FormatTime(story.now)}}})}});
    story.Settle();
    CHECK((story.Condition("Stalled").status == "True") == (turn == 5));
    story.Pass(std::chrono::seconds{16});
  }
  story.Settle();
  CHECK(story.Session().status.attempt == 6);
  CHECK(story.Session().status.refused_places == 5);
  CHECK(story.Session().status.retries == 0);  // those are for pods that were lost
  CHECK(story.Condition("Stalled").reason == "Unschedulable");
  CHECK_FALSE(story.Session().status.stop);
}

TEST_CASE("a node that does not answer is named, and with a pod that must go its remedy") {
  Story story = Bound();
  story.BecomeReady();
  story.Settle();
  auto node = story.Object("nodes", "node-a", "");
  node["status"]["conditions"][0]["status"] = "Unknown";
  story.Put("nodes", node);
  auto conditions = story.Object("pods", "ada")["status"]["conditions"];
  for (auto& condition : conditions)
    if (condition["type"] == "Ready") condition["status"] = "False";
  story.PatchPodStatus({{"conditions", conditions}});
  story.Settle();
  CHECK(story.Condition("Ready").reason == "NodeNotReady");
  CHECK(story.Condition("Stalled").status == "False");

  SECTION("the node comes back") {
    node["status"]["conditions"][0]["status"] = "True";
    story.Put("nodes", node);
    for (auto& condition : conditions) condition["status"] = "True";
    story.PatchPodStatus({{"conditions", conditions}});
    story.Settle();
    CHECK(story.Session().status.summary == "Ready");
  }
  SECTION("the pod is told to go") {
    story.EditSpec({{"desiredState", "Stopped"}});
    story.Settle();
    CHECK(story.Session().status.summary == "Stopping");
    CHECK(story.Condition("Stalled").status == "True");
    CHECK(story.Condition("Ready").message.find("node.kubernetes.io/out-of-service") != std::string::npos);
    story.KubeletRemoves();
    story.Settle();
    CHECK(story.Session().status.summary == "Stopped");
    CHECK(story.Condition("Stalled").status == "False");
  }
  SECTION("the node is gone, with the pod") {
    story.Remove("nodes", "node-a");
    story.Settle();
    CHECK(story.Condition("Ready").reason == "NodeLost");
    story.LosePod();
    story.Settle();
    CHECK(story.Session().status.retries == 1);
    CHECK(std::ranges::count(story.events, "NodeLost") == 2);  // seen, and back to the queue
  }
}

TEST_CASE("what the API server refuses is sorted by who can help") {
  struct Row {
    const char *message, *reason;
  };
  const Row row = GENERATE(values<Row>({
      {"pods \"ada\" is forbidden: exceeded quota: team, requested: pods=1", "QuotaExceeded"},
      {"pods \"ada\" is forbidden: violates PodSecurity \"restricted:latest\"", "PodSecurityRefused"},
      {"unable to create new content in namespace lab because it is being terminated", "NamespaceEnding"},
      {"User \"x\" cannot create resource \"pods\"", "NotPermitted"},
      {"ValidatingAdmissionPolicy 'x' denied request", "PolicyRefused"},
      {"Invalid value: 12: must be less", "Refused"},
  }));
  CAPTURE(row.message);
  Story story;
  story.Ask(Json::object());
  story.Settle();
  story.LosePod();
  story.world.memory[story.key].refusal =
      api::Refusal{ErrorKind::kForbidden, "Pod ada", row.message, story.now + std::chrono::seconds{30}};
  CheckTold(story, {"", {}, row.reason, "Pod ada", true});
}

TEST_CASE("a home that waits for its storage says why") {
  Story story;
  story.Put("storageclasses", {{"metadata", {{"name", "slow"}}}, {"volumeBindingMode", "Immediate"}});
  story.Ask({{"home", {{"storageClassName", "slow"}}}});
  story.Settle();
  story.Warn("persistentvolumeclaims", "claim-lab", "ProvisioningFailed", "no space left in pool homes");
  CheckTold(story, {"", {}, "HomePending", "no space left in pool homes", false});

  SECTION("a class that is not there needs a person") {
    story.Remove("storageclasses", "slow");
    CheckTold(story, {"", {}, "HomePending", "\"slow\", which does not exist", true});
  }
}

}  // namespace
}  // namespace marea::session
