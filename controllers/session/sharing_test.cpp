// What a session has to do with Projects: to which it is charged, as what it holds its devices, and what it
// is told while it waits for them.
#include <catch2/catch.hpp>

#include "controllers/session/plan.hpp"
#include "controllers/session/story_test.hpp"

namespace marea::session {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

Json Wants(const char* device, bool preemptible = false) {
  Json spec = {{"accelerator", {{"alternatives", Json::array({{{"className", device}, {"count", 1}}})}}}};
  if (preemptible) spec["preemptible"] = true;
  return spec;
}

void PutProject(Story& story, const char* name, Json spec) {
  Json project = {{"metadata", {{"name", name}}}, {"spec", std::move(spec)}};
  story.Put("projects", std::move(project));
}

TEST_CASE("a session is charged once, when its namespace is known, to the project that claims it") {
  Story story;
  PutProject(story, "physics", {{"namespaces", {"lab"}}});
  story.Ask(Json::object());
  story.Settle();
  CHECK(story.Session().status.project == "physics");
  CHECK(story.Session().status.admission);
  story.Remove("projects", "physics");
  PutProject(story, "teaching", {{"namespaces", {"lab"}}});
  story.Settle();
  CHECK(story.Session().status.project == "physics");  // what runs, runs
  CHECK(story.Session().status.admission);

  story.EditSpec({{"desiredState", "Stopped"}});
  story.Settle();
  story.Settle();
  CHECK(story.Session().status.project == "physics");
  story.EditSpec({{"desiredState", "Running"}});
  story.Settle();
  CHECK(story.Session().status.project == "teaching");  // a new run is charged anew
}

TEST_CASE("who can be charged to none waits, is told why, and goes on when that is mended") {
  Story story;
  PutProject(story, "physics", {{"namespaces", {"lab"}}});
  PutProject(story, "teaching", {{"namespaces", {"lab"}}});
  story.Ask(Json::object());
  story.Settle();
  CHECK(story.Session().status.project.empty());
  CHECK(story.Condition("Accepted").reason == "ProjectAmbiguous");
  CHECK(story.Condition("Stalled").status == "True");
  CHECK_FALSE(story.Session().status.admission);
  story.Remove("projects", "teaching");
  story.Settle();
  CHECK(story.Session().status.project == "physics");
  CHECK(story.Condition("Accepted").status == "True");
  CHECK(story.Session().status.admission);
}

TEST_CASE("a project that goes while its sessions wait leaves them to an administrator") {
  Story story;
  PutProject(story, "physics",
             {{"namespaces", {"lab"}}, {"limits", Json::array({{{"className", "t4"}, {"count", 0}}})}});
  story.Ask(Wants("t4"));
  story.Settle();
  CHECK(story.Session().status.queue.reason == "ClassNotAllowed");
  CHECK(story.Condition("Stalled").reason == "ClassNotAllowed");
  story.Remove("projects", "physics");
  story.Settle();
  CHECK(story.Condition("Accepted").reason == "ProjectNotFound");
}

TEST_CASE("what was admitted before there were Projects is charged without being touched") {
  Story story;
  story.Ask(Json::object());
  story.Settle();
  auto& stored = story.Object("sessions", "ada");
  const Json admission = stored["status"]["admission"];
  stored["status"].erase("project");
  stored["status"]["admission"].erase("kind");
  story.Put("sessions", stored);
  story.writes.clear();
  story.Settle();
  CHECK(story.Session().status.project == "default");
  CHECK(story.Session().status.attempt == 1);
  CHECK(story.writes == std::vector<std::string>{"patch status of sessions lab/ada"});
}

TEST_CASE("what is borrowed is said, and stays preemptible until it ends") {
  Story story;
  PutProject(story, "physics", {{"namespaces", {"lab"}}});
  story.Ask(Wants("t4"));
  story.Settle();
  CHECK(story.Session().status.queue.reason == "ProjectLimit");
  CHECK(story.Condition("Stalled").status == "True");
  CHECK(story.Condition("Stalled").message.find("preemptible: true") != std::string::npos);
  story.EditSpec({{"preemptible", true}});
  story.Settle();
  CHECK(story.Session().status.admission->kind == api::AdmissionKind::kBorrowed);
  CHECK(story.Condition("Admitted").reason == "Borrowed");
  CHECK(story.Condition("Stalled").status == "False");
  story.Schedule();
  story.BecomeReady();
  story.Settle();
  story.EditSpec({{"preemptible", false}});
  story.Settle();
  CHECK(story.Session().status.summary == "Ready");
  CHECK(story.Session().status.pending_change == "preemptible");
}

TEST_CASE("until placement has spoken again after a restart, its last word stands") {
  Story story;
  PutProject(story, "physics", {{"namespaces", {"lab"}}});
  story.Ask(Wants("t4"));
  story.Settle();
  REQUIRE(story.Condition("Stalled").status == "True");
  story.world.told.clear();
  story.world.proposals.clear();
  CHECK(story.Decide().actions.empty());
}

TEST_CASE("who waits knows its place and what machine would help; who has been admitted has neither") {
  Story story;
  auto of_another = Wants("a100");
  of_another["user"] = "ben";
  story.Ask(of_another, "first");
  story.Settle();
  story.Ask(Wants("a100"));
  story.Settle();
  const auto& queue = story.Session().status.queue;
  CHECK(queue.position == 1);
  CHECK(queue.shape == api::Shape{"a100", 1, Quantity::FromUnits(1), *Quantity::Parse("2Gi"), ""});
  CHECK_FALSE(story.Session("first").status.queue.position);
  CHECK(story.Session("first").status.queue.shape == api::Shape{});
  story.EditSpec({{"desiredState", "Stopped"}}, "first");
  story.Settle();
  CHECK_FALSE(story.Session().status.queue.position);
  CHECK(story.Session().status.queue.shape == api::Shape{});
}

TEST_CASE("a pod that batch jobs make room for is neither late nor misplaced") {
  Story story;
  story.Ask(Wants("t4"));
  story.Settle();
  const auto refuse = [&](const char* nominated) {
    story.PatchPodStatus(
        {{"nominatedNodeName", nominated},
         {"conditions", Json::array({{{"type", "PodScheduled"},
                                      {"status", "False"},
                                      {"reason", "Unschedulable"},
                                      {"message", "0/2 nodes are available: 1 Insufficient nvidia.com/gpu."},
                                      {"lastTransitionTime", FormatTime(story.now)}}})}});
  };
  refuse("node-t");
  story.Pass(seconds{60});
  story.Settle();
  CHECK(story.Session().status.attempt == 1);
  CHECK(story.Condition("Ready").reason == "MakingRoom");
  CHECK(story.Condition("Stalled").status == "False");
  story.PatchPodStatus({{"nominatedNodeName", nullptr}});
  story.Settle();
  CHECK(story.Session().status.refused_places == 1);  // the place is refused for good
}

}  // namespace
}  // namespace marea::session
