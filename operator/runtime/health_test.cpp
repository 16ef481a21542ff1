#include "runtime/health.hpp"

#include <catch2/catch.hpp>

namespace marea::runtime {

using namespace std::chrono_literals;

namespace {

constexpr MonotonicTime kNow{1h};

WatchHealth Watch(const kube::ResourceType& type, bool synced, Duration silent_for) {
  return {.type = &type,
          .synced = synced,
          .last_sign = kNow - silent_for,
          .lists = 1,
          .events = 0,
          .undecodable = 0,
          .objects = 0,
          .epochs = 0,
          .last_error = ""};
}

}  // namespace

TEST_CASE("alive means that every watch moved within three minutes, synced or not") {
  CHECK(Liveness({}, kNow).ok);
  CHECK(Liveness({Watch(kube::kPods, true, 2min), Watch(kube::kNodes, false, 179s)}, kNow).ok);
  const auto dead = Liveness({Watch(kube::kPods, true, 1s), Watch(kube::kNodes, true, 3min)}, kNow);
  CHECK_FALSE(dead.ok);
  CHECK(dead.text ==
        "[+]pods synced, last sign of life 1s ago\n[-]nodes synced, last sign of life 3m ago\nlivez check "
        "failed\n");
  CHECK_FALSE(Liveness({Watch(kube::kNodes, false, 3min)}, kNow).ok);
}

TEST_CASE("ready means that every cache is filled, and the reason it is not is said") {
  CHECK(Readiness({Watch(kube::kPods, true, 10min)}, kNow).ok);
  WatchHealth nodes = Watch(kube::kNodes, false, 5s);
  nodes.last_error = "list nodes: forbidden";
  const auto answer = Readiness({Watch(kube::kPods, true, 0s), nodes}, kNow);
  CHECK_FALSE(answer.ok);
  CHECK_THAT(answer.text,
             Catch::Contains("[-]nodes not synced, last sign of life 5s ago: list nodes: forbidden\n"));
  CHECK_THAT(answer.text, Catch::EndsWith("readyz check failed\n"));
}

}  // namespace marea::runtime
