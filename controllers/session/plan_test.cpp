#include "controllers/session/plan.hpp"
#include "controllers/session/memory.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "controllers/api/names.hpp"
#include "controllers/session/story_test.hpp"

namespace marea::session {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const nlohmann::json kWantsA100 = {
    {"accelerator", {{"alternatives", {{{"className", "a100"}, {"count", 1}}}}}}};
const nlohmann::json kBenWantsA100 = {
    {"user", "ben"}, {"accelerator", {{"alternatives", {{{"className", "a100"}, {"count", 1}}}}}}};
const nlohmann::json kPrefersA100 = {
    {"accelerator",
     {{"alternatives", {{{"className", "a100"}, {"count", 1}}, {{"className", "t4"}, {"count", 1}}}}}}};

std::vector<std::string> Described(const runtime::Decision& decision) {
  std::vector<std::string> described;
  for (const auto& action : decision.actions) {
    if (!std::holds_alternative<runtime::Emit>(action)) described.push_back(runtime::Describe(action));
  }
  std::ranges::sort(described);
  return described;
}

using Words = std::vector<std::string>;

Story Running(nlohmann::json spec = kWantsA100) {
  Story story;
  story.Ask(std::move(spec));
  story.Settle();
  story.Schedule();
  story.Settle();
  story.BecomeReady();
  story.Settle();
  return story;
}

TEST_CASE("a Session becomes a ready JupyterLab on the device it asked for") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  CHECK(story.Session().status.admission->node_name == "node-a");
  CHECK(story.Session().status.summary == "Starting");
  CHECK(story.Has("persistentvolumeclaims", "claim-lab"));
  CHECK(story.Has("services", "ada"));
  CHECK(story.Has("secrets", "ada-1-20260101"));
  CHECK(story.Has("pods", "ada"));
  CHECK(story.Condition("HomeReady").reason == "BindsOnStart");

  story.Schedule();
  story.BecomeReady();
  story.Settle();
  const auto& status = story.Session().status;
  CHECK(status.summary == "Ready");
  CHECK(status.url == "http://10.0.0.9:8888/");
  CHECK(status.user == "lab");
  CHECK(status.node_name == "node-a");
  CHECK(status.token_secret_name == "ada-1-20260101");
  CHECK(status.expires_time == story.now + seconds{3600});
  CHECK(story.Condition("Ready").status == "True");
  CHECK(story.events == Words{"Admitted", "Ready"});
}

TEST_CASE("at rest nothing is written, however much time passes before the end") {
  Story story = Running();
  story.Pass(seconds{2999});
  CHECK(story.Decide().actions.empty());
  CHECK(story.Decide().wake_at == story.now + seconds{1});  // to say that the end is near
  story.Pass(seconds{1});
  story.Settle();
  story.Pass(seconds{599});
  CHECK(story.Decide().actions.empty());
  CHECK(story.Decide().wake_at == story.now + seconds{1});
}

TEST_CASE("the record of an admission is written alone, before anything is created") {
  Story story;
  story.Ask(kWantsA100);
  story.Place();
  for (const auto& action : story.Decide().actions) story.Apply(action, story.key);  // first visit
  story.Place();
  CHECK(Described(story.Decide()) == Words{"patch status of sessions lab/ada"});
  for (const auto& action : story.Decide().actions) story.Apply(action, story.key);
  REQUIRE(story.Session().status.admission);
  CHECK(Described(story.Decide()) == Words{"create networkpolicies lab/ada",
                                           "create persistentvolumeclaims lab/claim-lab",
                                           "create secrets lab/ada-1-20260101", "create services lab/ada"});
}

TEST_CASE("a home that its owner has just deleted is made anew, though the cache still holds it") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  story.LosePod();
  story.world.memory.clear();
  const runtime::ReadFresh read{&kube::kClaims, {"lab", "claim-lab"}};
  Learn(story.world, story.Session(), read, Fail(ErrorKind::kNotFound, "gone"), story.now);
  CHECK(std::ranges::count(Described(story.Decide()), "create persistentvolumeclaims lab/claim-lab") == 1);

  SECTION("made: the pod follows") {
    Learn(story.world, story.Session(), runtime::Create{&kube::kClaims, {"lab", "claim-lab"}, "{}"}, {},
          story.now);
  }
  SECTION("it was there after all") {
    Learn(story.world, story.Session(), runtime::Create{&kube::kClaims, {"lab", "claim-lab"}, "{}"},
          Fail(ErrorKind::kAlreadyExists, "exists"), story.now);
  }
  for (const auto& word : Described(story.Decide()))
    CHECK(word.find("persistentvolumeclaims") == std::string::npos);
}

TEST_CASE(
    "a home that is made anew under a waiting pod and refused is told as what refused it, and asked for "
    "again") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  REQUIRE(story.Has("pods", "ada"));
  story.Remove("persistentvolumeclaims", "claim-lab", "lab");
  const auto asks_anew = [&] {
    return std::ranges::count(Described(story.Decide()), "create persistentvolumeclaims lab/claim-lab") == 1;
  };
  CHECK(asks_anew());
  Learn(story.world, story.Session(), runtime::Create{&kube::kClaims, {"lab", "claim-lab"}, "{}"},
        Fail(ErrorKind::kForbidden,
             "claims are forbidden: exceeded quota: team, requested: requests.storage=10Gi"),
        story.now);
  for (const auto& action : story.Decide().actions) story.Apply(action, story.key);  // the status alone
  CHECK(story.Condition("Ready").reason == "QuotaExceeded");
  CHECK(story.Condition("Stalled").status == "True");
  const auto waits = story.Decide();
  CHECK(waits.actions.empty());
  REQUIRE(waits.wake_at);
  CHECK(*waits.wake_at > story.now);
  story.Pass(std::chrono::duration_cast<seconds>(*waits.wake_at - story.now));
  CHECK(asks_anew());
}

TEST_CASE("after a restore of the cluster's database nothing is deleted, and the status says so") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  story.Schedule();
  story.BecomeReady();
  story.Settle();
  story.world.nothing_deleted_until = story.now + std::chrono::minutes{10};
  story.EditSpec({{"desiredState", "Stopped"}});
  story.Settle();
  CHECK(story.Has("pods", "ada"));
  CHECK_FALSE(story.Object("pods", "ada")["metadata"].contains("deletionTimestamp"));
  CHECK(story.Condition("Ready").message.find("restored from a backup") != std::string::npos);
  story.world.nothing_deleted_until.reset();
  story.Settle();
  CHECK(story.Object("pods", "ada")["metadata"].contains("deletionTimestamp"));
}

TEST_CASE("the pod waits for the answer about its Secret, which nobody may read") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  story.LosePod();             // before it was bound
  story.world.memory.clear();  // as after a restart of the operator
  CHECK(Described(story.Decide()) ==
        Words{"create networkpolicies lab/ada", "create secrets lab/ada-1-20260101",
              "patch status of sessions lab/ada", "read persistentvolumeclaims lab/claim-lab"});
  story.Settle();
  CHECK(story.Has("pods", "ada"));
  CHECK(story.Session().status.attempt == 1);
}

TEST_CASE("a restart of the operator at any write changes nothing in the outcome") {
  const auto outcome = [](int crash_after) {
    Story story;
    story.Ask(kPrefersA100);
    int writes = 0;
    const auto live = [&](auto play) {
      for (int round = 0; round < 60; ++round) {
        story.Place();
        const auto decision = story.Decide();
        if (decision.actions.empty()) break;
        for (const auto& action : decision.actions) {
          story.Apply(action, story.key);
          if (++writes == crash_after) {  // the rest of the decision and all that is only in memory is lost
            story.world.memory.clear();
            story.world.proposals.clear();
            story.world.requests.clear();
            break;
          }
        }
      }
      play();
    };
    live([&] { story.Schedule(); });
    live([&] { story.BecomeReady(); });
    live([&] { story.EditSpec({{"desiredState", "Stopped"}}); });
    live([&] { story.KubeletRemoves(); });
    live([] {});
    auto status = story.Session().status;
    CHECK(std::ranges::count(story.writes, "create pods lab/ada") == 1);
    CHECK_FALSE(story.Has("secrets", "ada-1-20260101"));
    CHECK(story.Has("persistentvolumeclaims", "claim-lab"));
    return status;
  };
  const auto expected = outcome(-1);
  CHECK(expected.summary == "Stopped");
  for (int crash_after = 1; crash_after <= 25; ++crash_after) {
    CAPTURE(crash_after);
    CHECK(outcome(crash_after) == expected);
  }
}

TEST_CASE("when nothing is free a session waits, says why, and takes the device that is freed") {
  Story story = Running();
  story.Ask(kBenWantsA100, "ben");
  story.Settle();
  CHECK(story.Session("ben").status.summary == "Queued");
  CHECK(story.Session("ben").status.queue.reason == "NoFreeDevice");
  CHECK(story.Condition("Admitted", "ben").message ==
        "Waiting for 1 a100; all 1 are in use. Number 1 in line.");
  CHECK(story.Condition("Stalled", "ben").status == "False");

  story.EditSpec({{"desiredState", "Stopped"}});
  story.Settle();
  CHECK(story.Session().status.summary == "Stopping");
  CHECK_FALSE(story.Session("ben").status.admission);  // the pod still holds the device
  story.KubeletRemoves();
  story.Settle();
  CHECK(story.Session("ben").status.admission->node_name == "node-a");
  CHECK(story.Session().status.summary == "Stopped");
  CHECK(story.Session().status.url.empty());
}

TEST_CASE("a stopped session starts again on another device, with the same home and a new token") {
  Story story = Running(kPrefersA100);
  story.EditSpec({{"desiredState", "Stopped"}});
  story.Settle();
  story.KubeletRemoves();
  story.Ask(kBenWantsA100, "ben");
  story.Settle();
  CHECK_FALSE(story.Has("secrets", "ada-1-20260101"));
  story.EditSpec({{"desiredState", "Running"}});
  story.Settle();
  CHECK(story.Session().status.admission->node_name == "node-t");
  CHECK(story.Session().status.attempt == 2);
  CHECK(story.Has("secrets", "ada-2-20260101"));
  CHECK(std::ranges::count(story.writes, "create persistentvolumeclaims lab/claim-lab") == 1);
}

TEST_CASE("a stopped session keeps its token and its place until its pod is gone") {
  Story story = Running();
  story.EditSpec({{"desiredState", "Stopped"}});
  story.Settle();
  CHECK(story.Has("pods", "ada"));
  CHECK(story.Has("secrets", "ada-1-20260101"));
  CHECK(story.Session().status.admission);
  story.KubeletRemoves();
  story.Settle();
  CHECK_FALSE(story.Has("secrets", "ada-1-20260101"));
  CHECK_FALSE(story.Session().status.admission);
}

TEST_CASE("who asks for a new run while waiting keeps the place in the queue") {
  Story story = Running();
  story.Ask(kBenWantsA100, "ben");
  story.Settle();
  const auto since = story.Session("ben").status.queue.since_time;
  REQUIRE(since);
  story.Pass(minutes{5});
  story.EditSpec({{"run", 2}}, "ben");
  story.Settle();
  CHECK(story.Session("ben").status.run == 2);
  CHECK(story.Session("ben").status.queue.since_time == since);
}

TEST_CASE("a session expires when its time is over, and stays stopped until a new run") {
  Story story = Running();
  story.Pass(seconds{3600});
  story.Settle();
  CHECK(story.Session().status.stop->reason == api::StopReason::kExpired);
  story.KubeletRemoves();
  story.Settle();
  CHECK(story.Session().status.summary == "Stopped");
  CHECK(story.Condition("Ready").reason == "Expired");

  story.EditSpec({{"run", 1}});  // a manifest applied again
  story.Settle();
  CHECK(story.Session().status.summary == "Stopped");

  story.EditSpec({{"run", 2}});
  story.Settle();
  CHECK(story.Session().status.run == 2);
  CHECK(story.Has("pods", "ada"));
}

TEST_CASE("raising the duration extends the run up to the class's maximum") {
  Story story = Running();
  const Time start = *story.Session().status.start_time;
  story.EditSpec({{"durationSeconds", 5000}});
  story.Settle();
  CHECK(story.Session().status.expires_time == start + seconds{5000});
  story.EditSpec({{"durationSeconds", 100'000}});
  story.Settle();
  CHECK(story.Session().status.expires_time == start + seconds{7200});
}

TEST_CASE("lowering the duration leaves ten minutes, but never more than there were") {
  Story story = Running();
  story.Pass(minutes{30});
  story.EditSpec({{"durationSeconds", 60}});
  story.Settle();
  CHECK(story.Session().status.expires_time == story.now + minutes{10});
  story.Pass(minutes{5});
  const Time end = *story.Session().status.expires_time;
  story.EditSpec({{"durationSeconds", 50}});
  story.Settle();
  CHECK(story.Session().status.expires_time == end);
}

TEST_CASE("a class that changes neither shortens nor replaces what runs") {
  Story story = Running();
  const std::string uid = story.Object("pods", "ada")["metadata"]["uid"];
  story.EditClass({{"defaultDurationSeconds", 60},
                   {"maxDurationSeconds", 60},
                   {"images", {{{"name", "lab"}, {"image", "example.org/lab:2"}}}}});
  story.Settle();
  CHECK(story.Object("pods", "ada")["metadata"]["uid"] == uid);
  CHECK(story.Session().status.pending_change == "image");
  CHECK(story.Session().status.summary == "Ready");
}

TEST_CASE("a new run while one is up ends the old pod first") {
  Story story = Running();
  story.EditSpec({{"run", 2}});
  story.Settle();
  CHECK(story.Session().status.summary == "Stopping");
  story.KubeletRemoves();
  story.Settle();
  CHECK(story.Session().status.run == 2);
  CHECK(story.Session().status.attempt == 2);
  CHECK(story.Has("pods", "ada"));
}

TEST_CASE("setting Stopped on an expired session lets Running start it") {
  Story story = Running();
  story.Pass(seconds{3600});
  story.Settle();
  story.KubeletRemoves();
  story.Settle();
  story.EditSpec({{"desiredState", "Stopped"}});
  story.Settle();
  CHECK(story.Session().status.stop->reason == api::StopReason::kUserRequest);
  story.EditSpec({{"desiredState", "Running"}});
  story.Settle();
  CHECK(story.Has("pods", "ada"));
}

TEST_CASE("a session that was created stopped does nothing until it shall run") {
  Story story;
  auto spec = kWantsA100;
  spec["desiredState"] = "Stopped";
  story.Ask(spec);
  story.Settle();
  CHECK(story.Session().status.summary == "Stopped");
  CHECK_FALSE(story.Has("persistentvolumeclaims", "claim-lab"));
  story.EditSpec({{"desiredState", "Running"}});
  story.Settle();
  CHECK(story.Has("pods", "ada"));
}

TEST_CASE("JupyterLab shut down from inside is a stop, not a failure") {
  Story story = Running();
  story.PatchPodStatus({{"phase", "Succeeded"}});
  story.Settle();
  CHECK(story.Session().status.stop->reason == api::StopReason::kShutDown);
}

TEST_CASE("a pod that was lost is replaced three times a run, with its place in the queue kept") {
  Story story = Running();
  const auto since = story.Session().status.queue.since_time;
  for (int lost = 1; lost <= 3; ++lost) {
    story.LosePod();
    story.Settle();
    CHECK(story.Session().status.retries == lost);
    CHECK(story.Session().status.attempt == lost + 1);
    CHECK(story.Session().status.queue.since_time == since);
    CHECK_FALSE(story.Has("secrets", "ada-" + std::to_string(lost) + "-20260101"));
    story.Schedule();
    story.Settle();
  }
  story.LosePod();
  story.Settle();
  CHECK(story.Session().status.summary == "Failed");
}

TEST_CASE("a session that does not answer by its start deadline has failed and says what was last seen") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  story.Schedule();
  story.PatchPodStatus(
      {{"containerStatuses",
        {{{"name", "notebook"},
          {"state", {{"waiting", {{"reason", "ErrImagePull"}, {"message", "lab:1: not found"}}}}}}}}});
  story.Settle();
  CHECK(story.Condition("Ready").reason == "ImageNotFound");
  CHECK(story.Decide().wake_at == *story.Session().status.admission->time + seconds{300});
  story.Pass(seconds{300});
  story.Settle();
  CHECK(story.Session().status.stop->reason == api::StopReason::kFailed);
  CHECK_THAT(story.Session().status.stop->message, Catch::Matchers::Contains("lab:1: not found"));
  story.KubeletRemoves();
  story.Settle();
  CHECK(story.Session().status.summary == "Failed");
}

TEST_CASE("a node the scheduler refuses is given up after 15 seconds") {
  Story story;
  story.Ask(kPrefersA100);
  story.Settle();
  auto& home = story.Object("persistentvolumeclaims", "claim-lab");
  home["status"]["phase"] = "Bound";
  story.Put("persistentvolumeclaims", home);
  story.PatchPodStatus({{"conditions",
                         {{{"type", "PodScheduled"},
                           {"status", "False"},
                           {"reason", "Unschedulable"},
                           {"message", "0/2 nodes are available"},
                           {"lastTransitionTime", FormatTime(story.now)}}}}});
  story.Settle();
  CHECK(story.Has("pods", "ada"));
  CHECK(story.Decide().wake_at == story.now + seconds{15});
  auto& node = story.Object("nodes", "node-a", "");
  node["spec"]["unschedulable"] = true;
  story.Put("nodes", node);
  story.Pass(seconds{15});
  story.Settle();
  CHECK(story.Session().status.admission->node_name == "node-t");
  CHECK(story.Session().status.attempt == 2);
}

TEST_CASE("what cannot be accepted is stalled, says which field, and heals when the class does") {
  Story story;
  story.Ask({{"image", "matlab"}});
  story.Settle();
  CHECK(story.Condition("Accepted").reason == "ImageNotInClass");
  CHECK(story.Condition("Stalled").status == "True");
  CHECK(story.Session().status.summary == "Queued");
  auto& session_class = story.Object("sessionclasses", "default", "");
  session_class["spec"]["images"].push_back({{"name", "matlab"}, {"image", "example.org/matlab:1"}});
  story.Put("sessionclasses", session_class);
  story.Settle();
  CHECK(story.Has("pods", "ada"));
  CHECK(story.Condition("Stalled").status == "False");
}

TEST_CASE("a foreign pod of the same name is never touched") {
  Story story;
  story.Put("pods",
            {{"metadata", {{"name", "ada"}, {"namespace", "lab"}}}, {"spec", {{"nodeName", "node-t"}}}});
  story.Ask(kWantsA100);
  story.Settle();
  CHECK(story.Condition("Stalled").reason == "NameTaken");
  CHECK(std::ranges::count(story.writes, "delete pods lab/ada") == 0);
  story.LosePod();
  story.Settle();
  CHECK(story.Object("pods", "ada")["metadata"]["ownerReferences"][0]["uid"] == story.Session().metadata.uid);
}

TEST_CASE("a session made anew under an old name waits until the old one's pod has ended") {
  Story story;
  story.Put("pods",
            {{"metadata",
              {{"name", "ada"},
               {"namespace", "lab"},
               {"deletionTimestamp", FormatTime(story.now)},
               {"ownerReferences", {{{"kind", "Session"}, {"uid", "another"}, {"controller", true}}}}}},
             {"spec", {{"nodeName", "node-t"}}}});
  story.Ask(kWantsA100);
  story.Settle();
  CHECK(story.Condition("Stalled").status == "False");
  CHECK(story.Condition("Ready").message == "The pod of an earlier session of this name is still ending.");
  CHECK(std::ranges::count(story.writes, "create pods lab/ada") == 0);
  story.KubeletRemoves();
  story.Settle();
  CHECK(std::ranges::count(story.writes, "create pods lab/ada") == 1);
}

TEST_CASE("what was known of an earlier session of the name counts for nothing") {
  Story story = Running();
  auto& memory = story.world.memory[story.key];
  memory.uid = "another";
  memory.unknown_write = true;
  memory.refusal = api::Refusal{ErrorKind::kForbidden, "Pod ada", "exceeded quota", story.now};
  CHECK(story.Decide().actions.empty());
}

TEST_CASE("a new attempt is not ready because the one before was") {
  Story story = Running();
  CHECK(story.Session().status.ready_time);
  story.Pass(minutes{5});
  story.LosePod();
  story.Settle();
  REQUIRE(story.Session().status.attempt == 2);
  CHECK_FALSE(story.Session().status.ready_time);
  CHECK(story.Decide().wake_at == story.now + seconds{300});  // the start deadline counts again
}

TEST_CASE("a status that was lost means a new attempt, and the home is kept") {
  Story story = Running();
  story.Object("sessions", "ada").erase("status");
  story.Put("sessions", story.Object("sessions", "ada"));
  story.Settle();
  story.KubeletRemoves();
  story.Settle();
  CHECK(story.Has("pods", "ada"));
  CHECK(std::ranges::count(story.writes, "create persistentvolumeclaims lab/claim-lab") == 1);
}

TEST_CASE("a pod of an earlier attempt is deleted, and one of the current attempt follows") {
  Story story = Running();
  auto& session = story.Object("sessions", "ada");
  session["status"]["attempt"] = 2;
  story.Put("sessions", session);
  story.Settle();
  CHECK(std::ranges::count(story.writes, "delete pods lab/ada") == 1);
  story.KubeletRemoves();
  story.Settle();
  const auto& annotations = story.Object("pods", "ada")["metadata"]["annotations"];
  CHECK(annotations[std::string(api::kAttemptAnnotation)] == std::to_string(story.Session().status.attempt));
}

TEST_CASE("an unanswered status write is read before anything else is decided") {
  Story story = Running();
  story.world.memory[story.key] = {.uid = story.Session().metadata.uid,
                                   .unknown_write = true,
                                   .created = {},
                                   .deleted = {},
                                   .refusal = {}};
  CHECK(Described(story.Decide()) == Words{"read sessions lab/ada"});
}

TEST_CASE("the user comes from the spec, else from the namespace's label, else from its name") {
  Story story;
  SECTION("spec") {
    story.Ask({{"user", "Ada Lovelace"}});
    story.Settle();
    CHECK(story.Session().status.user == "Ada Lovelace");
    CHECK(story.Session().status.home_claim_name.starts_with("claim-ada-lovelace-"));
  }
  SECTION("label") {
    story.Put("namespaces", {{"metadata", {{"name", "lab"}, {"labels", {{"marea.dev/user", "grace"}}}}}});
    story.Ask(nlohmann::json::object());
    story.Settle();
    CHECK(story.Session().status.user == "grace");
  }
  SECTION("name") {
    story.Ask(nlohmann::json::object());
    story.Settle();
    CHECK(story.Session().status.user == "lab");
  }
}

TEST_CASE("a claim that belongs to someone else is refused") {
  Story story;
  story.Put(
      "persistentvolumeclaims",
      {{"metadata",
        {{"name", "claim-grace"}, {"namespace", "lab"}, {"annotations", {{"marea.dev/user", "grace"}}}}}});
  story.Ask({{"user", "ada"}, {"home", {{"claimName", "claim-grace"}}}});
  story.Settle();
  CHECK(story.Condition("Accepted").reason == "ClaimNotYours");
  CHECK_FALSE(story.Has("pods", "ada"));
}

TEST_CASE("what the API server refuses is said to the user, and asked again half a minute later") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  story.LosePod();
  const runtime::Create create{&kube::kPods, story.key, "{}"};
  Learn(story.world, story.Session(), create,
        Fail(ErrorKind::kForbidden, "pods \"ada\" is forbidden: exceeded quota: gpus, used: 2, limited: 2"),
        story.now);
  story.Settle();
  CHECK_FALSE(story.Has("pods", "ada"));
  CHECK(story.Condition("Ready").reason == "QuotaExceeded");
  CHECK(story.Condition("Stalled").status == "True");
  CHECK(story.Condition("Stalled").message.find("Pod ada") != std::string::npos);
  CHECK(std::ranges::count(story.events, "QuotaExceeded") == 1);
  CHECK(story.Decide().wake_at == story.now + seconds{30});
  story.Pass(seconds{30});
  story.Settle();
  CHECK(story.Has("pods", "ada"));
  CHECK(story.Condition("Stalled").status == "False");
}

TEST_CASE("a session that somebody's finalizer holds gives its device back all the same") {
  Story story = Running();
  auto session = story.Object("sessions", "ada");
  session["metadata"]["deletionTimestamp"] = FormatTime(story.now);
  SECTION("deleted") {
    session["metadata"]["finalizers"] = {"example.org/never"};
    story.Put("sessions", session);
    story.Settle();
    CHECK(story.Object("pods", "ada")["metadata"].contains("deletionTimestamp"));
    story.KubeletRemoves();
    story.Settle();
    CHECK_FALSE(story.Has("pods", "ada"));  // and no other follows
  }
  SECTION("whose objects shall stay") {
    session["metadata"]["finalizers"] = {"orphan"};
    story.Put("sessions", session);
    CHECK(story.Decide().actions.empty());
  }
}

TEST_CASE("ten minutes before its end a session says so, once, and stops saying it when it is extended") {
  Story story = Running();
  const Time end = *story.Session().status.expires_time;
  CHECK(story.Decide().wake_at == end - minutes{10});
  story.now = end - minutes{10};
  story.Settle();
  CHECK(story.Condition("Ready").status == "True");
  CHECK(story.Condition("Ready").reason == "ExpiresSoon");
  CHECK(std::ranges::count(story.events, "ExpiresSoon") == 1);
  CHECK(story.Decide().actions.empty());
  CHECK(story.Decide().wake_at == end);
  story.EditSpec({{"durationSeconds", 7200}});
  story.Settle();
  CHECK(story.Condition("Ready").reason == "Ready");
}

TEST_CASE("who was admitted for a class or a device that is gone gives the place back") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  story.LosePod();
  const auto classes = GENERATE("sessionclasses", "acceleratorclasses");
  const bool device = std::string(classes) == "acceleratorclasses";
  story.Remove(classes, device ? "a100" : "default");
  story.Settle();
  CHECK_FALSE(story.Session().status.admission);
  CHECK_FALSE(story.Has("pods", "ada"));
  CHECK(story.Session().status.summary == "Queued");
}

}  // namespace
}  // namespace marea::session
