#include "testing/fault_plan.hpp"

#include <catch2/catch.hpp>

using namespace marea::testing;

TEST_CASE("every fault has a text that reads back", "[fault_plan]") {
  for (const auto at : {At::kWrite, At::kRead, At::kEvent, At::kSecond}) {
    CHECK_FALSE(EffectsAt(at).empty());
    for (const auto effect : EffectsAt(at)) {
      const FaultPlan plan{{at, 7, effect}, {At::kSecond, 30, Effect::kOutage}};
      INFO(ToText(plan));
      const auto read = ParseFaultPlan(ToText(plan));
      REQUIRE(read);
      CHECK(*read == plan);
    }
  }
  CHECK(ToText(Fault{At::kWrite, 7, Effect::kCrashLost}) == "write:7:crash-lost");
  CHECK(ParseFaultPlan("")->empty());
}

TEST_CASE("what is no fault is refused with what would be one", "[fault_plan]") {
  for (const auto* text :
       {"write", "write:0:reset", "write:x:reset", "write:7x:reset", "log:1:reset", "write:1:nothing", ","})
    CHECK_FALSE(ParseFaultPlan(text));
  const auto misplaced = ParseFaultPlan("event:3:crash-before");
  REQUIRE_FALSE(misplaced);
  CHECK(misplaced.error().message.find("lost cut lag stale") != std::string::npos);
}
