#include "runtime/election.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <type_traits>

#include "testing/machine_bench.hpp"

namespace marea::runtime {

using namespace electing;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

constexpr MonotonicTime kStart{1h};

struct Bench : testing::MachineBench<Bench, &Next> {
  Bench() {
    options.identity = "me";
    now = kStart;
  }

  Bench& Read(const std::string& version, const std::string& holder, Duration later = 5ms) {
    REQUIRE(In<Reading>());
    return Do(Answered{Record{version, holder, 15, 3}}, later);
  }
  Bench& Wrote(const std::string& version, Duration later = 5ms) {
    REQUIRE(In<Writing>());
    return Do(Answered{Record{version, "me", 15, 4}}, later);
  }
  Bench& Fails(ErrorKind kind, Duration later = 5ms) {
    return Do(Answered{tl::unexpected(Error{kind, "trouble", {}})}, later);
  }
  Bench& Wake() {
    REQUIRE(Find<SetTimer>());
    return Do(TimerFired{}, Find<SetTimer>()->delay);
  }
  // Leads since the renewal sent at `now`, with version 10.
  Bench& Leading() {
    Do(Start{}).Read("9", "", 0ms).Wrote("10", 0ms);
    REQUIRE(Find<Lead>());
    return *this;
  }

  bool MayWrite(Duration later = {}) const {
    const auto until = MayWriteUntil(options, state);
    return until && now + later < *until;
  }
};

}  // namespace

TEST_CASE("the first one to come makes the lease and leads") {
  Bench bench;
  bench.Do(Start{});
  REQUIRE(bench.effects.size() == 1);
  REQUIRE(bench.Find<SendRead>());
  bench.Fails(ErrorKind::kNotFound);
  REQUIRE(bench.Find<SendWrite>());
  CHECK(bench.Find<SendWrite>()->to.resource_version.empty());
  CHECK(bench.Find<SendWrite>()->to.holder == "me");
  CHECK(bench.Find<SendWrite>()->to.seconds == 15);
  CHECK(bench.Find<SendWrite>()->to.transitions == 0);
  CHECK(bench.Find<SendWrite>()->taken);
  CHECK_FALSE(bench.MayWrite());
  bench.Wrote("1");
  CHECK(bench.Find<Lead>());
  CHECK(bench.MayWrite());
}

TEST_CASE("writes may leave until the deadline after the renewal was sent, not after it was answered") {
  Bench bench;
  bench.Do(Start{}).Read("9", "").Wrote("10", 2s);
  CHECK(bench.MayWrite(8s - 1us));
  CHECK_FALSE(bench.MayWrite(8s));
}

TEST_CASE("a lease that was given back is taken at once, with what was read as the condition") {
  Bench bench;
  bench.Do(Start{}).Read("9", "");
  REQUIRE(bench.Find<SendWrite>());
  CHECK(bench.Find<SendWrite>()->to.resource_version == "9");
  CHECK(bench.Find<SendWrite>()->to.transitions == 4);
  CHECK(bench.Find<SendWrite>()->taken);
}

TEST_CASE(
    "another's lease is read every two seconds at most, and taken 15 s after it was seen to change last") {
  Bench bench;
  bench.random = GENERATE(0u, 399'999u, 12'345'678u);
  bench.Do(Start{}).Read("9", "other", 0ms);
  for (int round = 0; round < 3; ++round) {  // it lives
    REQUIRE(bench.Find<SetTimer>());
    CHECK(bench.Find<SetTimer>()->delay >= 1s);
    CHECK(bench.Find<SetTimer>()->delay <= 1800ms);
    bench.Wake().Read(std::to_string(10 + round), "other");
    CHECK_FALSE(bench.Find<SendWrite>());
  }
  const MonotonicTime last_change = bench.now;
  while (bench.In<Resting>()) bench.Wake().Read("12", "other", 0ms);
  CHECK(bench.now - last_change == 15s);
  REQUIRE(bench.Find<SendWrite>());
  CHECK(bench.Find<SendWrite>()->to.resource_version == "12");
}

TEST_CASE("a longer lease than ours is respected, a shorter one is not believed, an absurd one is cut") {
  using Case = std::pair<std::int64_t, Duration>;
  const auto [seconds, wait] = GENERATE(Case{40, 40s}, Case{15, 15s}, Case{1, 15s}, Case{0, 15s},
                                        Case{-7, 15s}, Case{std::numeric_limits<std::int64_t>::min(), 15s},
                                        Case{std::numeric_limits<std::int64_t>::max(), 10min});
  Bench bench;
  const Answered answer{Record{"9", "other", seconds, 0}};
  bench.Do(Start{}).Do(answer);
  while (bench.In<Resting>()) bench.Wake().Do(answer);
  REQUIRE(bench.Find<SendWrite>());
  CHECK(bench.now - kStart == wait);
}

TEST_CASE("a count of transitions that is none begins anew") {
  const std::int64_t transitions =
      GENERATE(-1, std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int64_t>::max());
  Bench bench;
  bench.Do(Start{}).Do(Answered{Record{"9", "", 15, transitions}});
  REQUIRE(bench.Find<SendWrite>());
  CHECK(bench.Find<SendWrite>()->to.transitions == 1);
}

TEST_CASE(
    "who waits and was quicker is not pushed: a claim that is refused is tried again later, after a read") {
  Bench bench;
  bench.Do(Start{}).Read("9", "").Fails(GENERATE(ErrorKind::kConflict, ErrorKind::kAlreadyExists));
  REQUIRE(bench.effects.size() == 1);
  REQUIRE(bench.Find<SetTimer>());
  CHECK(bench.Find<SetTimer>()->delay >= 990ms);
  bench.Wake();
  CHECK(bench.Find<SendRead>());
}

TEST_CASE("a claim without an answer may have been heard: the read that follows tells") {
  Bench bench;
  const auto kind = GENERATE(ErrorKind::kTimeout, ErrorKind::kUnavailable, ErrorKind::kInvalid);
  bench.Do(Start{}).Read("9", "").Fails(kind, 3s);
  CHECK_FALSE(bench.MayWrite());
  bench.Wake();
  REQUIRE(bench.Find<SendRead>());
  SECTION("it was, and still only an answered write makes a leader") {
    bench.Read("10", "me");
    CHECK_FALSE(bench.MayWrite());
    REQUIRE(bench.Find<SendWrite>());
    CHECK(bench.Find<SendWrite>()->to.resource_version == "10");
    CHECK_FALSE(bench.Find<SendWrite>()->taken);
    bench.Wrote("11");
    CHECK(bench.Find<Lead>());
  }
  SECTION("it was not") {
    bench.Read("9", "");
    REQUIRE(bench.Find<SendWrite>());
    CHECK(bench.Find<SendWrite>()->to.resource_version == "9");
  }
  SECTION("and somebody else was") {
    bench.Read("10", "other");
    CHECK(bench.In<Resting>());
  }
}

TEST_CASE("a claim that is answered after its time is over makes no leader yet") {
  Bench bench;
  bench.Do(Start{}).Read("9", "").Wrote("10", 10s);
  CHECK_FALSE(bench.Find<Lead>());
  CHECK_FALSE(bench.MayWrite());
  bench.Wake().Read("10", "me").Wrote("11");
  CHECK(bench.Find<Lead>());
}

TEST_CASE("whoever leads renews what it wrote last, every two seconds at most") {
  Bench bench;
  bench.random = GENERATE(0u, 799'999u);
  bench.Leading();
  for (int version = 10; version < 13; ++version) {
    REQUIRE(bench.Find<SetTimer>());
    CHECK(bench.Find<SetTimer>()->delay >= 990ms);
    CHECK(bench.Find<SetTimer>()->delay <= 1800ms);
    bench.Wake();
    REQUIRE(bench.Find<SendWrite>());
    CHECK(bench.Find<SendWrite>()->to.resource_version == std::to_string(version));
    CHECK(bench.Find<SendWrite>()->to.transitions == 4);
    CHECK_FALSE(bench.Find<SendWrite>()->taken);
    bench.Wrote(std::to_string(version + 1));
    CHECK_FALSE(bench.Find<Lead>());
    CHECK(bench.MayWrite(9900ms));
  }
}

TEST_CASE("a renewal that fails at once is tried again a while later, by reading first") {
  Bench bench;
  bench.Leading().Wake().Fails(ErrorKind::kUnavailable);
  REQUIRE(bench.Find<SetTimer>());
  CHECK(bench.Find<SetTimer>()->delay >= 990ms);
  bench.Wake();
  REQUIRE(bench.Find<SendRead>());
  bench.Read("10", "me");
  REQUIRE(bench.Find<SendWrite>());
  bench.Wrote("11");
  CHECK(bench.MayWrite(9900ms));
}

TEST_CASE("a renewal that hung is tried again at once, and what it may have written is seen first") {
  Bench bench;
  bench.Leading().Wake().Fails(ErrorKind::kTimeout, 3s);
  CHECK(bench.Find<SetTimer>()->delay == 0s);
  bench.Wake().Read("11", "me");
  REQUIRE(bench.Find<SendWrite>());
  CHECK(bench.Find<SendWrite>()->to.resource_version == "11");
}

TEST_CASE("reading that the lease is ours is no renewal") {
  Bench bench;
  bench.Leading().Wake().Fails(ErrorKind::kTimeout, 3s).Wake().Read("11", "me");
  CHECK(MayWriteUntil(bench.options, bench.state) == kStart + 10s);
}

TEST_CASE("a renewal that is refused: who else wrote?") {
  Bench bench;
  bench.Leading().Wake().Fails(ErrorKind::kConflict);
  REQUIRE(bench.Find<SendRead>());
  SECTION("a renewal of our own that was sent twice") {
    bench.Read("11", "me");
    CHECK(bench.In<Resting>());  // not at once: a server that always refuses is not pushed
    CHECK(bench.Find<SetTimer>()->delay >= 900ms);
    bench.Wake();
    REQUIRE(bench.Find<SendWrite>());
    CHECK(bench.Find<SendWrite>()->to.resource_version == "11");
  }
  SECTION("somebody else") {
    bench.Read("11", "other");
    REQUIRE(bench.Find<Lose>());
    CHECK_THAT(bench.Find<Lose>()->why, Contains("\"other\""));
    CHECK_FALSE(bench.MayWrite());
  }
  SECTION("somebody who took it away") {
    bench.Read("11", "");
    CHECK(bench.Find<Lose>());
  }
}

TEST_CASE("a lease that was deleted is lost to its holder, and nobody's for its duration to others") {
  Bench bench;
  SECTION("holder") {
    bench.Leading().Wake().Fails(ErrorKind::kNotFound);
    REQUIRE(bench.Find<Lose>());
    CHECK_FALSE(bench.MayWrite());
  }
  SECTION("others") {
    bench.Do(Start{}).Read("9", "other").Wake().Fails(ErrorKind::kNotFound, 0ms);
    const MonotonicTime gone = bench.now;
    while (bench.In<Resting>()) bench.Wake().Fails(ErrorKind::kNotFound, 0ms);
    REQUIRE(bench.Find<SendWrite>());
    CHECK(bench.now - gone == 15s);
    CHECK(bench.Find<SendWrite>()->to.resource_version.empty());
  }
}

TEST_CASE("without an answer the lease is lost at the deadline, whatever is under way") {
  Bench bench;
  bench.Leading();
  SECTION("a renewal") {
    bench.Wake();
  }
  SECTION("a read") {
    bench.Wake().Fails(ErrorKind::kTimeout, 3s).Wake();
  }
  SECTION("nothing, for the last answer was a failure") {
    while (bench.now < kStart + 8500ms) bench.Wake().Fails(ErrorKind::kUnavailable, 0ms);
  }
  const Duration left = bench.Find<SetTimer>()->delay;
  CHECK(bench.now + left <= kStart + 10s);
  while (!bench.Find<Lose>()) {
    REQUIRE(bench.now < kStart + 10s);
    bench.MayWrite() ? bench.Wake() : bench.Do(TimerFired{});
    if (bench.In<Reading>() && bench.now < kStart + 9s) bench.Fails(ErrorKind::kUnavailable, 0ms);
  }
  CHECK(bench.now == kStart + 10s);
  CHECK_THAT(bench.Find<Lose>()->why, Contains("could not be renewed for 10s"));
}

TEST_CASE("an answer after the deadline does not bring the lease back") {
  Bench bench;
  bench.Leading().Wake().Wrote("11", 9s);  // the process stood still meanwhile
  REQUIRE(bench.Find<Lose>());
  CHECK_FALSE(bench.MayWrite());
}

TEST_CASE("what was lost stays lost") {
  Bench bench;
  bench.Leading().Wake().Fails(ErrorKind::kNotFound);
  REQUIRE(bench.In<Lost>());
  const Event event = GENERATE(Event{Start{}}, Event{TimerFired{}}, Event{Answered{Record{"12", "", 15, 0}}},
                               Event{Answered{Record{"12", "me", 15, 0}}}, Event{Release{}});
  bench.Do(event, 1h);
  CHECK(bench.effects.empty());
  CHECK(bench.In<Lost>());
  CHECK_FALSE(bench.MayWrite());
}

TEST_CASE("a release shuts the fence at once and gives the lease back for the next to take") {
  Bench bench;
  bench.Leading().Do(Release{}, 500ms);
  CHECK_FALSE(bench.MayWrite());
  REQUIRE(bench.Find<SendWrite>());
  CHECK(bench.Find<SendWrite>()->to.resource_version == "10");
  CHECK(bench.Find<SendWrite>()->to.holder.empty());
  CHECK(bench.Find<SendWrite>()->to.seconds == 1);
  CHECK(bench.Find<SendWrite>()->to.transitions == 4);
  CHECK_FALSE(bench.Find<SendWrite>()->taken);
  SECTION("heard") {
    bench.Do(Answered{Record{"11", "", 1, 4}}, 5ms);
    CHECK(bench.Find<Finish>());
  }
  SECTION("somebody was quicker") {
    bench.Fails(ErrorKind::kConflict).Read("11", "other");
    CHECK(bench.Find<Finish>());
  }
  SECTION("a renewal of before came in between") {
    bench.Fails(ErrorKind::kConflict).Read("11", "me").Wake();
    REQUIRE(bench.Find<SendWrite>());
    CHECK(bench.Find<SendWrite>()->to.resource_version == "11");
    CHECK(bench.Find<SendWrite>()->to.holder.empty());
  }
  SECTION("without an answer it is read how it went") {
    bench.Fails(ErrorKind::kTimeout, 3s).Wake().Read("11", "");
    CHECK(bench.Find<Finish>());
  }
  SECTION("the lease is gone") {
    bench.Fails(ErrorKind::kNotFound);
    CHECK(bench.Find<Finish>());
  }
}

TEST_CASE("a release waits for the write that is under way, which must not outlive it") {
  Bench bench;
  bench.Do(Start{}).Read("9", "").Do(Release{});
  CHECK(bench.effects.empty());
  SECTION("the claim was heard") {
    bench.Wrote("10");
    CHECK_FALSE(bench.Find<Lead>());
    CHECK_FALSE(bench.MayWrite());
    REQUIRE(bench.Find<SendWrite>());
    CHECK(bench.Find<SendWrite>()->to.resource_version == "10");
    CHECK(bench.Find<SendWrite>()->to.holder.empty());
  }
  SECTION("somebody was quicker") {
    bench.Fails(ErrorKind::kConflict).Read("10", "other");
    CHECK(bench.Find<Finish>());
  }
  SECTION("nobody knows") {
    bench.Fails(ErrorKind::kTimeout, 3s).Wake().Read("10", "me");
    REQUIRE(bench.Find<SendWrite>());
    CHECK(bench.Find<SendWrite>()->to.holder.empty());
  }
}

TEST_CASE("who holds nothing has nothing to release") {
  Bench bench;
  SECTION("not yet started") {}
  SECTION("another's lease is waited for") {
    bench.Do(Start{}).Read("9", "other");
  }
  bench.Do(Release{});
  CHECK(bench.Find<Finish>());
  CHECK(bench.effects.size() == 1);
  bench.Do(TimerFired{}, 1h);
  CHECK(bench.effects.empty());
  CHECK(bench.In<Released>());
}

TEST_CASE("a server that answers nonsense is not asked more often, and makes no leader") {
  Bench bench;
  bench.Do(Start{});
  int requests = 0;
  const auto kind = GENERATE(ErrorKind::kInvalid, ErrorKind::kForbidden, ErrorKind::kUnavailable,
                             ErrorKind::kConflict, ErrorKind::kNotFound, ErrorKind::kInternal);
  while (bench.now < kStart + 1min) {
    const bool rests = bench.In<Resting>();
    rests ? bench.Wake() : bench.Fails(kind, 0ms);
    requests += rests ? 0 : 1;
    REQUIRE_FALSE(bench.MayWrite());
  }
  CHECK(requests <= 2 * 60 + 2);
}

TEST_CASE("a write that is answered with somebody else's record makes no leader and ends one") {
  Bench bench;
  SECTION("a claim") {
    bench.Do(Start{}).Read("9", "").Do(Answered{Record{"10", "other", 15, 0}});
    CHECK_FALSE(bench.MayWrite());
    CHECK(bench.In<Resting>());
  }
  SECTION("a renewal") {
    bench.Leading().Wake().Do(Answered{Record{"11", "other", 15, 0}});
    CHECK(bench.Find<Lose>());
  }
}

}  // namespace marea::runtime
