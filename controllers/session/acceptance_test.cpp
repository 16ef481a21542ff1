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

}  // namespace
}  // namespace marea::session
