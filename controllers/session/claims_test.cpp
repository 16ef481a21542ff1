#include "controllers/session/claims.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "controllers/session/story_test.hpp"

namespace marea::session {
namespace {

using Json = nlohmann::json;

const Json kWantsT4 = {{"accelerator", {{"alternatives", {{{"className", "t4"}, {"count", 1}}}}}}};
const Json kWantsA100 = {{"accelerator", {{"alternatives", {{{"className", "a100"}, {"count", 1}}}}}}};

Json BoundHome(const char* volume, const char* mode = "ReadWriteOnce") {
  return {{"metadata",
           {{"name", "claim-lab"}, {"namespace", "lab"}, {"annotations", {{"marea.dev/user", "lab"}}}}},
          {"spec",
           {{"volumeName", volume},
            {"storageClassName", "standard"},
            {"accessModes", {mode}},
            {"resources", {{"requests", {{"storage", "10Gi"}}}}}}},
          {"status", {{"phase", "Bound"}}}};
}

Json VolumeOn(const char* name, const char* node) {
  const Json here = {{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}};
  return {
      {"metadata", {{"name", name}}},
      {"spec",
       {{"nodeAffinity",
         {{"required", {{"nodeSelectorTerms", Json::array({{{"matchFields", Json::array({here})}}})}}}}}}}};
}

TEST_CASE("a session stands where its home's volume can be reached, or says that it cannot") {
  Story story;
  story.Put("persistentvolumes", VolumeOn("pv-1", "node-t"));
  story.Put("persistentvolumeclaims", BoundHome("pv-1"));

  SECTION("without devices") {
    story.Ask(Json::object());
    story.Settle();
    CHECK(story.Session().status.admission->node_name == "node-t");
  }
  SECTION("with a device that is elsewhere") {
    story.Ask(kWantsA100);
    story.Settle();
    CHECK_FALSE(story.Session().status.admission);
    CHECK(story.Session().status.queue.reason == "HomeOutOfReach");
  }
  SECTION("a lesser device that is where the home is") {
    story.Ask({{"accelerator", {{"alternatives", {{{"className", "a100"}}, {{"className", "t4"}}}}}}});
    story.Settle();
    CHECK(story.Session().status.admission->accelerator_class == "t4");
  }
}

TEST_CASE("a new home is made where its StorageClass makes volumes") {
  Story story;
  auto node = story.Object("nodes", "node-t", "");
  node["metadata"]["labels"]["zone"] = "b";
  story.Put("nodes", node);
  story.Put(
      "storageclasses",
      {{"metadata", {{"name", "zonal"}}},
       {"volumeBindingMode", "WaitForFirstConsumer"},
       {"allowedTopologies",
        Json::array({{{"matchLabelExpressions", Json::array({{{"key", "zone"}, {"values", {"b"}}}})}}})}});
  story.Ask({{"home", {{"storageClassName", "zonal"}}}});
  story.Settle();
  CHECK(story.Session().status.admission->node_name == "node-t");
}

// The second session of a user whose first one runs on node-a.
Story Second(Json spec, const char* mode = "ReadWriteOnce") {
  Story story;
  story.Put("persistentvolumeclaims", BoundHome("pv-1", mode));
  story.Ask(kWantsA100, "first");
  story.Settle();
  story.Schedule("first");
  story.BecomeReady("first");
  story.Settle();
  story.Ask(std::move(spec));
  story.Settle();
  return story;
}

TEST_CASE("a home that is mounted on one node pins the user's next session to it") {
  SECTION("there is room on that node") {
    Story story = Second(Json::object());
    CHECK(story.Session().status.admission->node_name == "node-a");
  }
  SECTION("the device is elsewhere: it waits, and says for whom") {
    Story story = Second(kWantsT4);
    CHECK_FALSE(story.Session().status.admission);
    CHECK(story.Session().status.queue.reason == "HomeInUse");
    CHECK(story.Session().status.queue.message.find("session first on node node-a") != std::string::npos);

    story.EditSpec({{"desiredState", "Stopped"}}, "first");
    story.Settle();
    CHECK_FALSE(story.Session().status.admission);  // its pod still ends
    story.KubeletRemoves("first");
    story.Settle();
    CHECK(story.Session().status.admission->node_name == "node-t");
  }
  SECTION("a home for many nodes pins nobody") {
    Story story = Second(kWantsT4, "ReadWriteMany");
    CHECK(story.Session().status.admission->node_name == "node-t");
  }
  SECTION("a home for one pod lets nobody in") {
    Story story = Second(Json::object(), "ReadWriteOncePod");
    CHECK_FALSE(story.Session().status.admission);
    CHECK(story.Session().status.queue.reason == "HomeInUse");
    CHECK(story.Session().status.queue.message.find("once only") != std::string::npos);
  }
}

TEST_CASE("two sessions of one user that are placed at once land on one node") {
  Story story;
  story.Put("persistentvolumeclaims", BoundHome("pv-1"));
  story.Ask(kWantsA100, "first");
  story.Pass(std::chrono::seconds{1});
  story.Ask(kWantsT4);
  story.Settle();
  CHECK(story.Session("first").status.admission->node_name == "node-a");
  CHECK_FALSE(story.Session().status.admission);
  CHECK(story.Session().status.queue.reason == "HomeInUse");
}

TEST_CASE("somebody's pod that mounts the home counts as well") {
  Story story;
  story.Put("persistentvolumeclaims", BoundHome("pv-1"));
  story.Put("pods",
            {{"metadata", {{"name", "backup"}, {"namespace", "lab"}}},
             {"spec",
              {{"nodeName", "node-t"},
               {"volumes",
                Json::array({{{"name", "v"}, {"persistentVolumeClaim", {{"claimName", "claim-lab"}}}}})}}},
             {"status", {{"phase", "Running"}}}});
  story.Ask(kWantsA100);
  story.Settle();
  CHECK(story.Session().status.queue.message.find("pod backup on node node-t") != std::string::npos);
  story.PatchPodStatus({{"phase", "Succeeded"}}, "backup");
  story.Settle();
  CHECK(story.Session().status.admission->node_name == "node-a");
}

Story WithHomeOf(const char* user, bool expands) {
  Story story;
  story.Put("storageclasses", {{"metadata", {{"name", "standard"}}},
                               {"volumeBindingMode", "WaitForFirstConsumer"},
                               {"allowVolumeExpansion", expands}});
  Json home = BoundHome("pv-1");
  home["metadata"]["annotations"]["marea.dev/user"] = user;
  story.Put("persistentvolumeclaims", home);
  return story;
}

std::string SizeOf(Story& story) {
  return story.Object("persistentvolumeclaims", "claim-lab")["spec"]["resources"]["requests"]["storage"];
}

TEST_CASE("a home grows when its session asks for more, running or not, and never shrinks") {
  Story story = WithHomeOf("lab", true);
  story.Ask({{"desiredState", "Stopped"}, {"home", {{"size", "20Gi"}}}});
  story.Settle();
  CHECK(SizeOf(story) == "20Gi");
  story.EditSpec({{"home", {{"size", "5Gi"}}}});
  story.Settle();
  CHECK(SizeOf(story) == "20Gi");
  CHECK(story.Decide().actions.empty());

  auto claim = story.Object("persistentvolumeclaims", "claim-lab");
  claim["status"]["conditions"] = Json::array({{{"type", "FileSystemResizePending"}, {"status", "True"}}});
  story.Put("persistentvolumeclaims", claim);
  story.Settle();
  CHECK(story.Condition("HomeReady").reason == "Growing");
  CHECK(story.Condition("HomeReady").status == "True");
}

TEST_CASE("a home that cannot grow says why") {
  struct Row {
    const char* name;
    const char* user;
    bool expands;
    const char* mention;
  };
  const Row row = GENERATE(values<Row>({
      {"its class does not allow it", "lab", false, "does not allow volumes to grow"},
      {"it is nobody's", "", true, "not marked as this user's"},
  }));
  CAPTURE(row.name);
  Story story = WithHomeOf(row.user, row.expands);
  story.Ask({{"home", {{"size", "20Gi"}}}});
  story.Settle();
  CHECK(SizeOf(story) == "10Gi");
  CHECK(story.Condition("HomeReady").message.find(row.mention) != std::string::npos);
  CHECK(story.Session().status.admission);  // it runs all the same
}

TEST_CASE("a growth that the API server refuses is asked for once, and again when another size is wanted") {
  Story story = WithHomeOf("lab", true);
  story.Ask({{"desiredState", "Stopped"}});
  story.Settle();
  auto& memory = story.world.memory[story.key];
  memory.growth_refused = *Quantity::Parse("20Gi");
  memory.growth_refusal = "exceeded quota: team";
  story.EditSpec({{"home", {{"size", "20Gi"}}}});
  story.Settle();
  CHECK(SizeOf(story) == "10Gi");
  CHECK(story.Condition("HomeReady").message.find("the API server refuses: \"exceeded quota: team\"") !=
        std::string::npos);
  story.EditSpec({{"home", {{"size", "15Gi"}}}});
  story.Settle();
  CHECK(SizeOf(story) == "15Gi");
}

}  // namespace
}  // namespace marea::session
