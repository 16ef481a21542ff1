#include "runtime/metrics.hpp"

#include <catch2/catch.hpp>

#include "kube/types.hpp"
#include "loop/sim_loop.hpp"
#include "testing/scripted_transport.hpp"

namespace marea::runtime {

TEST_CASE("the page of metrics tells what the operator does") {
  SimLoop loop;
  testing::ScriptedTransport transport(loop);
  kube::RequestCounts requests([&loop] { return loop.Monotonic(); });
  kube::Client client(transport, &requests);
  OpenGate gate;
  Executor executor(loop, client, gate, "test");
  Cache<kube::Pod> cache;
  const auto pods = MakeReflector<kube::Pod>(loop, client, client, cache);
  Controller controller(
      loop, executor, {"session", {}, 64}, [](const Key&, const Context&) { return Decision{}; },
      [](const Key&, const Action&, const Result<void>&) {});
  Metrics metrics("1.2.3", *ParseTime("2026-01-05T08:00:00Z"));
  metrics.Add(controller);
  metrics.Add(*pods);
  metrics.Add(requests);
  metrics.Add(gate, "marea-test");

  pods->Start();
  transport.Answer(0, http::Response{200, {}, R"({"metadata":{"resourceVersion":"9"},"items":[]})"});
  loop.RunReady();
  transport.streams.back()->Data(
      R"({"type":"ADDED","object":{"metadata":{"name":"a","namespace":"b","uid":"u","resourceVersion":"10"}}})"
      "\n");
  controller.Start();
  controller.Changed({"a", "ada"});
  loop.RunReady();
  controller.Changed({"a", "bob"});
  requests.Add("GET", http::Method::kGet, 200, loop.Monotonic());
  requests.Add("PATCH", http::Method::kPatch, 0, loop.Monotonic());

  const std::string page = metrics.Render(loop.Monotonic() + std::chrono::milliseconds(2500));
  for (const auto* line : {
           "marea_build_info{version=\"1.2.3\"} 1\n",
           "process_start_time_seconds 1767600000\n",
           "controller_runtime_reconcile_total{controller=\"session\",result=\"success\"} 1\n",
           "controller_runtime_reconcile_total{controller=\"session\",result=\"error\"} 0\n",
           "workqueue_depth{name=\"session\"} 1\n",
           "workqueue_adds_total{name=\"session\"} 2\n",
           "workqueue_queue_duration_seconds_count{name=\"session\"} 1\n",
           "marea_decision_seconds_count{controller=\"session\"} 1\n",
           "marea_cache_objects{resource=\"pods\"} 1\n",
           "marea_watch_epochs_total{resource=\"pods\"} 0\n",
           "rest_client_request_duration_seconds_count{verb=\"LIST\"} 1\n",
           "rest_client_request_duration_seconds_bucket{verb=\"PATCH\",le=\"+Inf\"} 1\n",
           "marea_leader{lease=\"marea-test\"} 1\n",
           "marea_watch_age_seconds{resource=\"pods\"} 2.5\n",
           "marea_watch_synced{resource=\"pods\"} 1\n",
           "marea_watch_lists_total{resource=\"pods\"} 1\n",
           "marea_watch_events_total{resource=\"pods\"} 1\n",
           "marea_watch_undecodable_total{resource=\"pods\"} 0\n",
           "rest_client_requests_total{code=\"200\",method=\"GET\"} 2\n",
           "rest_client_requests_total{code=\"<error>\",method=\"PATCH\"} 1\n",
           "# TYPE controller_runtime_reconcile_total counter\n",
       }) {
    CHECK_THAT(page, Catch::Contains(line));
  }
  const auto memory = page.find("\nprocess_resident_memory_bytes ");
  REQUIRE(memory != std::string::npos);
  CHECK(std::stod(page.substr(memory + 31)) > 1e6);
}

}  // namespace marea::runtime
