#include "base/time.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace marea;
using namespace std::chrono;

namespace {

Time At(int y, unsigned mon, unsigned d, int h, int min, int s, int us = 0) {
  return sys_days(year(y) / month(mon) / day(d)) + hours(h) + minutes(min) + seconds(s) + microseconds(us);
}

}  // namespace

TEST_CASE("RFC 3339 texts become instants", "[time]") {
  const auto [text, expected] = GENERATE(table<std::string, Time>({
      {"1970-01-01T00:00:00Z", Time{}},
      {"2026-11-21T09:00:00Z", At(2026, 11, 21, 9, 0, 0)},
      {"2026-11-21t09:00:00z", At(2026, 11, 21, 9, 0, 0)},
      {"2026-11-21T09:00:00.123456Z", At(2026, 11, 21, 9, 0, 0, 123456)},
      {"2026-11-21T09:00:00.5Z", At(2026, 11, 21, 9, 0, 0, 500000)},
      {"2026-11-21T09:00:00.123456999Z", At(2026, 11, 21, 9, 0, 0, 123456)},
      {"2026-11-21T10:00:00+01:00", At(2026, 11, 21, 9, 0, 0)},
      {"2026-11-20T23:30:00-09:30", At(2026, 11, 21, 9, 0, 0)},
      {"2026-11-21T09:00:00-00:00", At(2026, 11, 21, 9, 0, 0)},
      {"2024-02-29T12:00:00Z", At(2024, 2, 29, 12, 0, 0)},
      {"2000-02-29T23:59:59.999999Z", At(2000, 2, 29, 23, 59, 59, 999999)},
      {"1969-12-31T23:59:59.9999999Z", Time{microseconds(-1)}},
      {"0000-01-01T00:00:00Z", At(0, 1, 1, 0, 0, 0)},
      {"9999-12-31T23:59:59.999999Z", At(9999, 12, 31, 23, 59, 59, 999999)},
  }));
  const auto got = ParseTime(text);
  CAPTURE(text);
  REQUIRE(got);
  CHECK(*got == expected);
}

TEST_CASE("what is no RFC 3339 time is refused", "[time]") {
  const std::string text = GENERATE(
      as<std::string>{}, "", "yesterday", "2026-11-21", "2026-11-21T09:00:00", "2026-11-21 09:00:00Z",
      "2026-11-21T09:00Z", "2026-11-21T09:00:00.Z", "2026-11-21T09:00:00.1234567890Z",
      "2026-11-21T09:00:00+01", "2026-11-21T09:00:00+0100", "2026-11-21T09:00:00+24:00",
      "2026-11-21T09:00:00+01:60", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-11-00T00:00:00Z",
      "2026-11-31T00:00:00Z", "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-11-21T24:00:00Z",
      "2026-11-21T09:60:00Z", "2026-12-31T23:59:60Z", "2026-11-21T09:00:00Zz", " 2026-11-21T09:00:00Z",
      "+026-11-21T09:00:00Z", "26-11-21T09:00:00Z", "2026-11-21T9:00:00Z", "2026/11/21T09:00:00Z",
      "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01");
  CAPTURE(text);
  const auto got = ParseTime(text);
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::kInvalid);
  CHECK(got.error().message.find("expected a time") != std::string::npos);
}

TEST_CASE("any instant survives being written and read", "[time]") {
  std::mt19937_64 random(20261121);
  std::uniform_int_distribution<std::int64_t> instants(
      At(0, 1, 1, 0, 0, 0).time_since_epoch().count(),
      At(9999, 12, 31, 23, 59, 59).time_since_epoch().count());
  for (int i = 0; i < 20000; ++i) {
    const Time time{microseconds(instants(random))};
    REQUIRE(ParseTime(FormatMicroTime(time)) == time);
    REQUIRE(ParseTime(FormatTime(time)) == floor<seconds>(time));
  }
}

TEST_CASE("times are written as metav1.Time and metav1.MicroTime are", "[time]") {
  const Time time = At(2026, 3, 5, 7, 8, 9, 1234);
  CHECK(FormatTime(time) == "2026-03-05T07:08:09Z");
  CHECK(FormatMicroTime(time) == "2026-03-05T07:08:09.001234Z");
  CHECK(FormatTime(Time{microseconds(-1)}) == "1969-12-31T23:59:59Z");
}

TEST_CASE("durations are written for people", "[time]") {
  const auto [duration, text] = GENERATE(table<Duration, std::string>({
      {seconds(0), "0s"},
      {milliseconds(999), "0s"},
      {seconds(59), "59s"},
      {seconds(90), "1m30s"},
      {milliseconds(90999), "1m30s"},
      {hours(2), "2h"},
      {hours(1) + seconds(5), "1h5s"},
      {hours(24), "1d"},
      {hours(180), "7d12h"},
      {-milliseconds(1500), "-1s"},
      {-seconds(90), "-1m30s"},
  }));
  CHECK(FormatDuration(duration) == text);
}
