#include "controllers/placement/decay.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace marea::placement {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kWeek = 7 * 24h;
const Time kBegin = *ParseTime("2026-01-05T08:00:00Z");

double Close(std::int64_t a, std::int64_t b) {
  return a == b ? 0 : std::abs(static_cast<double>(a - b)) / static_cast<double>(std::max(a, b));
}

}  // namespace

TEST_CASE("half of it is forgotten in a half-life") {
  CHECK(HalvedFraction(0s, kWeek) == std::uint64_t{1} << 62);
  CHECK(HalvedFraction(kWeek, kWeek) == std::uint64_t{1} << 61);
  CHECK(HalvedFraction(kWeek * 3, kWeek) == std::uint64_t{1} << 59);
  CHECK(HalvedFraction(kWeek * 100, kWeek) == 0);
  CHECK(HalvedFraction(-5s, kWeek) == std::uint64_t{1} << 62);
  for (const auto elapsed : {1s, 59s, 3600s, 86400s, 604799s, 1000000s}) {
    const double expected =
        std::exp2(-static_cast<double>(elapsed.count()) / static_cast<double>(kWeek.count()));
    CHECK(static_cast<double>(HalvedFraction(elapsed, kWeek)) / std::exp2(62) ==
          Approx(expected).epsilon(1e-8));
  }
}

TEST_CASE("what is held for a short while counts by its seconds, for ever by its half-life") {
  DecayedUse use(kWeek);
  use.Hold(kBegin, 8);
  CHECK(use.At(kBegin) == 0);
  CHECK(use.At(kBegin + 60s) == Approx(8 * 60 * 1000).epsilon(1e-4));
  CHECK(use.At(kBegin + kWeek * 200) == Approx(8.0 * 604800 / std::log(2) * 1000).epsilon(1e-9));
  use.Hold(kBegin + 3600s, 0);
  const auto then = use.At(kBegin + 3600s);
  CHECK(use.At(kBegin + 3600s + kWeek) == Approx(static_cast<double>(then) / 2).epsilon(1e-6));
}

TEST_CASE("a clock that is set back forgets nothing") {
  DecayedUse use(kWeek);
  use.Hold(kBegin, 1);
  use.Hold(kBegin + 7200s, 0);
  const auto value = use.At(kBegin + 7200s);
  use.Hold(kBegin, 5);
  CHECK(use.At(kBegin + 7200s) == value);
  CHECK(use.At(kBegin) == value);
}

TEST_CASE("law: the value does not depend on how time is split, to a millionth") {
  std::mt19937 chance(11);
  for (int world = 0; world < 1000; ++world) {
    const std::chrono::seconds half_life{60 + chance() % 3'000'000};
    DecayedUse seldom(half_life), often(half_life);
    Time now = kBegin;
    std::int64_t credits = 1;
    for (int change = 0; change < 8; ++change) {
      credits = chance() % 1000;
      seldom.Hold(now, credits);
      often.Hold(now, credits);
      for (int look = 0; look < 40; ++look) {
        now += std::chrono::seconds{chance() % 20'000};
        often.Hold(now, credits);
      }
    }
    INFO("half-life " << half_life.count() << " s");
    const bool tiny =
        seldom.At(now) < 1'000'000'000;  // a thousandth of a credit-second is a millionth of this
    if (!tiny) REQUIRE(Close(seldom.At(now), often.At(now)) < 1e-6);
    if (tiny) REQUIRE(std::abs(seldom.At(now) - often.At(now)) < 1000);
  }
}

TEST_CASE("law: twice the credits are twice the use") {
  std::mt19937 chance(12);
  for (int world = 0; world < 500; ++world) {
    DecayedUse one(kWeek), two(kWeek);
    Time now = kBegin;
    for (int change = 0; change < 20; ++change) {
      const std::int64_t credits = chance() % 1000;
      one.Hold(now, credits);
      two.Hold(now, 2 * credits);
      now += std::chrono::seconds{1 + chance() % 100'000};
    }
    REQUIRE(std::abs(two.At(now) - 2 * one.At(now)) <= 40);  // a thousandth each time it was rounded
  }
}

}  // namespace marea::placement
