#include "controllers/session/acceptance.hpp"

#include <catch2/catch.hpp>

#include "controllers/session/story_test.hpp"

namespace marea::session {
namespace {

struct Case {
  const char* name;
  nlohmann::json spec;
  const char* reason;   // empty: accepted
  const char* mention;  // what the message must name
};

TEST_CASE("each way of asking for too much is named with its field and what is allowed") {
  const auto accelerators = [](const char* name, int count) {
    return nlohmann::json{{"accelerator", {{"alternatives", {{{"className", name}, {"count", count}}}}}}};
  };
  const Case c = GENERATE_COPY(values<Case>({
      {"nothing special", nlohmann::json::object(), "", ""},
      {"a known image", {{"image", "lab"}}, "", ""},
      {"an unknown class", {{"className", "gold"}}, "ClassNotFound", "there are: default"},
      {"an unknown image", {{"image", "matlab"}}, "ImageNotInClass", "it has: lab"},
      {"too much cpu", {{"resources", {{"cpu", "4001m"}}}}, "ResourcesAboveClass", "spec.resources.cpu"},
      {"just enough cpu", {{"resources", {{"cpu", 4}}}}, "", ""},
      {"memory without a limit", {{"resources", {{"memory", "1Ti"}}}}, "", ""},
      {"a device not offered", accelerators("h100", 1), "AcceleratorNotInClass", "it offers: a100, t4"},
      {"too many devices", accelerators("t4", 3), "TooManyAccelerators", "at most 2 t4"},
      {"as many as allowed", accelerators("t4", 2), "", ""},
      {"too long", {{"durationSeconds", 7201}}, "DurationAboveClass", "at most 7200 seconds"},
      {"a claim that is not there",
       {{"home", {{"claimName", "nowhere"}}}},
       "ClaimNotFound",
       "spec.home.claimName"},
  }));
  CAPTURE(c.name);
  Story story;
  story.Ask(c.spec);
  const auto problem = FindProblem(Look(story.world, story.settings, story.Session(), story.now));
  if (*c.reason == '\0') {
    CHECK_FALSE(problem);
  } else {
    REQUIRE(problem);
    CHECK(problem->reason == c.reason);
    INFO(problem->message);
    CHECK(problem->message.find(c.mention) != std::string::npos);
  }
}

TEST_CASE("a class with volumes, prefixes and a route names what is wrong with a session just so") {
  using Json = nlohmann::json;
  const auto volume = [](const char* claim, const char* path) {
    return Json{{"volumes", {{{"claimName", claim}, {"mountPath", path}}}}};
  };
  const Case c = GENERATE_COPY(values<Case>({
      {"a reference below a prefix", {{"image", "registry.example.org/physics/lab:3"}}, "", ""},
      {"the prefix alone",
       {{"image", "registry.example.org/physics/"}},
       "ImageNotInClass",
       "references that begin with: registry.example.org/physics/"},
      {"a path out of the prefix",
       {{"image", "registry.example.org/physics/../evil/lab"}},
       "ImageNotInClass",
       "spec.image"},
      {"a registry that only begins alike",
       {{"image", "registry.example.org.evil.test/physics/lab"}},
       "ImageNotInClass",
       "spec.image"},
      {"a path that only begins alike",
       {{"image", "registry.example.org/maths-of-others/lab"}},
       "ImageNotInClass",
       "spec.image"},
      {"another's claim", volume("theirs", "/mnt/x"), "ClaimNotYours", "belongs to another user"},
      {"nobody's claim", volume("shared", "/mnt/x"), "", ""},
      {"no claim", volume("none", "/mnt/x"), "ClaimNotFound", "spec.volumes[0].claimName"},
      {"over the home", volume("shared", "/home/jovyan"), "MountPathTaken", "the home is mounted"},
      {"over the scratch space", volume("shared", "/scratch"), "MountPathTaken", "the scratch space"},
      {"over the class's data", volume("shared", "/data"), "MountPathTaken", "a volume of the class"},
      {"below the home", volume("shared", "/home/jovyan/shared"), "", ""},
      {"its own path", {{"basePath", "/session/lab/ada/x/"}}, "", ""},
      {"another's path", {{"basePath", "/session/lab/bob/"}}, "BasePathNotAllowed", "/session/lab/ada/"},
      {"everybody's path", {{"basePath", "/"}}, "BasePathNotAllowed", "spec.basePath"},
  }));
  CAPTURE(c.name);
  Story story;
  story.EditClass({{"allowedImagePrefixes", {"registry.example.org/physics/", "registry.example.org/maths"}},
                   {"volumes", {{{"claimName", "shared"}, {"mountPath", "/data"}, {"readOnly", true}}}},
                   {"scratch", {{"size", "5Gi"}, {"mountPath", "/scratch"}}},
                   {"route", {{"type", "Ingress"}, {"hostname", "lab.example.org"}}}});
  story.PutClaim("shared");
  story.PutClaim("theirs", "bob");
  story.Ask(c.spec);
  const auto problem = FindProblem(Look(story.world, story.settings, story.Session(), story.now));
  if (*c.reason == '\0') {
    INFO((problem ? problem->message : ""));
    CHECK_FALSE(problem);
  } else {
    REQUIRE(problem);
    CHECK(problem->reason == c.reason);
    INFO(problem->message);
    CHECK(problem->message.find(c.mention) != std::string::npos);
  }
}

TEST_CASE(
    "a class's data that the namespace lacks, and a route nobody serves, are the administrator's to mend") {
  Story story;
  story.Ask(nlohmann::json::object());
  const auto problem = [&] {
    return FindProblem(Look(story.world, story.settings, story.Session(), story.now));
  };
  story.EditClass({{"volumes", {{{"claimName", "atlas"}, {"mountPath", "/data"}}}}});
  REQUIRE(problem());
  CHECK(problem()->message.starts_with("volumes of class default.claimName: there is no"));
  story.EditClass(
      {{"volumes", nullptr}, {"route", {{"type", "HTTPRoute"}, {"hostname", "lab.example.org"}}}});
  REQUIRE(problem());
  CHECK(problem()->reason == "RouteNotServed");
  story.settings.gateway_api = true;
  CHECK_FALSE(problem());
}

}  // namespace
}  // namespace marea::session
