// Times: what is read can be written and reads back, and what we write can be read.
#include "base/time.hpp"

#include <cstdlib>
#include <ctime>
#include <string>

#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"

namespace {

using namespace marea;
using namespace marea::fuzz;
using std::chrono::sys_days, std::chrono::year;

constexpr Time kFirst = sys_days(year(0) / 1 / 1), kEnd = sys_days(year(10000) / 1 / 1);

void CheckTime(Time time) {
  Require(ParseTime(FormatMicroTime(time)) == time, "a written time reads back");
  const Time second = std::chrono::floor<std::chrono::seconds>(time);
  Require(ParseTime(FormatTime(time)) == second, "a time written to the second is rounded down");
}

int Digits(std::string_view text, std::size_t at, std::size_t count) {
  return std::atoi(std::string(text.substr(at, count)).c_str());
}

// The seconds of a text that is a time, worked out by the C library.
std::chrono::sys_seconds InUtc(std::string_view text) {
  std::tm parts{};
  parts.tm_year = Digits(text, 0, 4) - 1900;
  parts.tm_mon = Digits(text, 5, 2) - 1;
  parts.tm_mday = Digits(text, 8, 2);
  parts.tm_hour = Digits(text, 11, 2);
  parts.tm_min = Digits(text, 14, 2);
  parts.tm_sec = Digits(text, 17, 2);
  std::chrono::minutes ahead{0};
  if (const std::size_t zone = text.find_first_of("+-", 19); zone != text.npos) {
    ahead = std::chrono::hours(Digits(text, zone + 1, 2)) + std::chrono::minutes(Digits(text, zone + 4, 2));
    if (text[zone] == '-') ahead = -ahead;
  }
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&parts))) - ahead;
}

void CheckText(std::string_view text) {
  const auto time = Bounded(text.size(), [&] { return ParseTime(text); });
  if (!time) return Require(!time.error().message.empty(), "an error says what is wrong");
  Require(*time >= kFirst && *time < kEnd, "a time that is read can be written");
  Require(text.size() >= 20, "no time is shorter than one in UTC to the second");
  CheckTime(*time);
  Require(std::chrono::floor<std::chrono::seconds>(*time) == InUtc(text),
          "a time is read as the C library reads it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  CheckText(bytes.Line());
  const std::int64_t number = bytes.Number();
  const Time time{Duration(number)};
  if (time >= kFirst && time < kEnd) CheckTime(time);
  const std::string duration = FormatDuration(Duration(number));
  Require(!duration.empty() && duration.size() < 40, "a duration is short");
  Require(duration.starts_with('-') == (number <= -1'000'000), "a duration is rounded towards zero");
  return 0;
}
