#include "controllers/session/metrics.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "controllers/session/story_test.hpp"

namespace marea::session {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

const Json kOnA100{{"accelerator", {{"alternatives", Json::array({{{"className", "a100"}}})}}}};

// A story that is counted from its beginning.
struct Counted : Story {
  SessionMetrics metrics{world};
  Counted() { metrics.Start(); }

  std::string Page(bool with_info = false) const {
    runtime::Scrape scrape;
    metrics.Report(now, with_info, scrape);
    return scrape.Text();
  }
  // Its pod is scheduled, runs and answers, some seconds after one another.
  void Run(seconds until_scheduled, seconds until_runs, seconds until_answers,
           const std::string& name = "ada") {
    Settle();
    Pass(until_scheduled);
    Schedule(name);
    Pass(until_runs);
    PatchPodStatus(
        {{"containerStatuses",
          Json::array({{{"name", "notebook"}, {"state", {{"running", {{"startedAt", FormatTime(now)}}}}}}})}},
        name);
    Settle();
    Pass(until_answers);
    BecomeReady(name);
    Settle();
  }
};

void Says(const std::string& page, const std::string& line) {
  CHECK_THAT("\n" + page, Catch::Contains("\n" + line + "\n"));
}

}  // namespace

TEST_CASE("the stages of a start are told apart") {
  Counted story;
  story.Ask(kOnA100);
  story.Run(seconds{3}, seconds{40}, seconds{7});
  const auto page = story.Page();
  Says(page, R"(marea_session_requests_total{session_class="default",accelerator_class="a100"} 1)");
  Says(page, R"(marea_accelerator_requests_total{accelerator_class="a100"} 1)");
  Says(page, R"(marea_session_starts_total{session_class="default",accelerator_class="a100"} 1)");
  Says(page, R"(marea_sessions{session_class="default",summary="Ready"} 1)");
  for (const auto& [stage, took] :
       {std::pair{"queued", "0"}, {"scheduling", "3"}, {"pulling", "40"}, {"starting", "7"}}) {
    const std::string labels = std::string(R"({session_class="default",stage=")") + stage + "\"}";
    Says(page, "marea_session_stage_seconds_count" + labels + " 1");
    Says(page, "marea_session_stage_seconds_sum" + labels + " " + took);
  }
}

TEST_CASE("who waits is counted by what they wait for, and for how long") {
  Counted story;
  story.Ask(kOnA100);
  story.Settle();
  Json bob = kOnA100;  // with a home of his own
  bob["user"] = "bob";
  story.Ask(bob, "bob");
  story.Settle();
  story.Place();
  story.Settle();
  story.Pass(seconds{90});
  const auto page = story.Page();
  Says(page, R"(marea_sessions_queued{accelerator_class="a100",reason="NoFreeDevice"} 1)");
  Says(page, R"(marea_queue_oldest_seconds{accelerator_class="a100"} 90)");
  Says(page, R"(marea_queue_oldest_seconds{accelerator_class="t4"} 0)");
  Says(page, R"(marea_sessions{session_class="default",summary="Queued"} 1)");
  Says(page, R"(marea_sessions{session_class="default",summary="Failed"} 0)");
  Says(page, R"(marea_accelerator_requests_total{accelerator_class="a100"} 2)");
}

TEST_CASE("an end is counted once, with its reason; a new run is a new request") {
  Counted story;
  story.Ask(Json::object());
  story.Run(seconds{1}, seconds{1}, seconds{1});
  Says(story.Page(), R"(marea_session_stops_total{session_class="default",reason="UserRequest"} 0)");
  story.EditSpec({{"desiredState", "Stopped"}});
  story.Settle();
  story.KubeletRemoves();
  story.Settle();
  Says(story.Page(), R"(marea_session_stops_total{session_class="default",reason="UserRequest"} 1)");
  story.Pass(seconds{60});
  story.EditSpec({{"desiredState", "Running"}});
  story.Settle();
  const auto page = story.Page();
  Says(page, R"(marea_session_requests_total{session_class="default",accelerator_class="cpu"} 2)");
  Says(page, R"(marea_session_stops_total{session_class="default",reason="UserRequest"} 1)");
}

TEST_CASE("a lost pod is a retry and no new request") {
  Counted story;
  story.Ask(kOnA100);
  story.Run(seconds{1}, seconds{1}, seconds{1});
  story.LosePod();
  story.Settle();
  const auto page = story.Page();
  Says(page, R"(marea_session_retries_total{session_class="default",cause="PodLost"} 1)");
  Says(page, R"(marea_session_retries_total{session_class="default",cause="PlaceRefused"} 0)");
  Says(page, R"(marea_session_requests_total{session_class="default",accelerator_class="a100"} 1)");
  Says(page, R"(marea_session_stage_seconds_count{session_class="default",stage="queued"} 1)");
}

TEST_CASE("what people write is no label") {
  Counted story;
  story.Ask({{"className", "evil\"}"},
             {"accelerator", {{"alternatives", Json::array({{{"className", "nope"}}})}}}});
  story.Settle();
  const auto page = story.Page();
  Says(page, R"m(marea_session_requests_total{session_class="(unknown)",accelerator_class="(unknown)"} 1)m");
  Says(page, R"m(marea_sessions_stalled{session_class="(unknown)",reason="ClassNotFound"} 1)m");
  CHECK_THAT(page, !Catch::Contains("evil") && !Catch::Contains("nope") && !Catch::Contains("ada"));
  Says(story.Page(true),
       R"m(marea_session_info{namespace="lab",session="ada",user="lab",session_class="(unknown)",)m"
       R"m(accelerator_class="",node="",summary="Queued"} 1)m");
}

TEST_CASE("who stands by says nothing, and who begins to lead counts from then on") {
  Story story;
  SessionMetrics metrics(story.world);
  story.Ask(kOnA100);
  story.Settle();
  runtime::Scrape before;
  metrics.Report(story.now, true, before);
  CHECK(before.Text().empty());
  metrics.Start();
  runtime::Scrape after;
  metrics.Report(story.now, false, after);
  Says(after.Text(), R"(marea_sessions{session_class="default",summary="Starting"} 1)");
  Says(after.Text(), R"(marea_session_requests_total{session_class="default",accelerator_class="a100"} 0)");
}

TEST_CASE("clocks of other machines make no stage negative") {
  api::SessionStatus status;
  status.admission = api::Admission{.accelerator_class = "a100",
                                    .count = 1,
                                    .node_name = "n",
                                    .duration_seconds = 60,
                                    .time = *ParseTime("2026-03-02T09:00:10Z")};
  kube::Pod pod;
  CHECK_FALSE(StagesOf(status, pod).scheduling);
  pod.status.conditions = {{.type = "PodScheduled",
                            .status = "True",
                            .reason = {},
                            .message = {},
                            .last_transition_time = *ParseTime("2026-03-02T09:00:08Z")}};
  const auto stages = StagesOf(status, pod);
  CHECK(stages.scheduling == Duration{});
  CHECK_FALSE(stages.pulling);
}

}  // namespace marea::session
