#include "base/time.hpp"

#include <cstdio>

#include "base/names.hpp"

namespace marea {
namespace {

using namespace std::chrono;

// Reads fixed pieces off the front of a text; once one is missing, `ok` stays false.
struct Reader {
  std::string_view rest;
  bool ok = true;

  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  int Digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest.empty() || !IsDigit(rest.front())) return ok = false, 0;
      value = value * 10 + (rest.front() - '0');
      rest.remove_prefix(1);
    }
    return value;
  }

  // The next character when it is one of `choices`.
  char OneOf(std::string_view choices) {
    if (rest.empty() || choices.find(rest.front()) == choices.npos) return ok = false, '\0';
    const char c = rest.front();
    rest.remove_prefix(1);
    return c;
  }

  // ".123456789"; nothing is zero.
  microseconds Fraction() {
    if (!rest.starts_with('.')) return 0us;
    rest.remove_prefix(1);
    int value = 0, count = 0;
    for (; count < 9 && !rest.empty() && IsDigit(rest.front()); ++count) value = value * 10 + Digits(1);
    ok = ok && count > 0;
    for (; count < 9; ++count) value *= 10;
    return microseconds(value / 1000);
  }
};

struct Calendar {
  year_month_day date;
  hh_mm_ss<microseconds> time;
};

Calendar Split(Time t) {
  const auto day = floor<days>(t);
  return {year_month_day(day), hh_mm_ss<microseconds>(t - day)};
}

bool InRange(Time t) {
  return t >= sys_days(year(0) / 1 / 1) && t < sys_days(year(10000) / 1 / 1);
}

template <class... Args>
std::string Print(const char* format, Args... args) {
  char text[64];
  const int size = std::snprintf(text, sizeof text, format, args...);
  return {text, static_cast<std::size_t>(size)};
}

std::string ToSecond(const Calendar& c) {
  return Print("%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(c.date.year()),
               static_cast<unsigned>(c.date.month()), static_cast<unsigned>(c.date.day()),
               static_cast<int>(c.time.hours().count()), static_cast<int>(c.time.minutes().count()),
               static_cast<int>(c.time.seconds().count()));
}

}  // namespace

Result<Time> ParseTime(std::string_view text) {
  Reader in{text};
  const int y = in.Digits(4);
  in.OneOf("-");
  const int mon = in.Digits(2);
  in.OneOf("-");
  const int d = in.Digits(2);
  in.OneOf("Tt");
  const int h = in.Digits(2);
  in.OneOf(":");
  const int min = in.Digits(2);
  in.OneOf(":");
  const int s = in.Digits(2);
  const microseconds fraction = in.Fraction();
  const char zone = in.OneOf("Zz+-");
  minutes offset{0};
  if (zone == '+' || zone == '-') {
    const int offset_h = in.Digits(2);
    in.OneOf(":");
    const int offset_min = in.Digits(2);
    in.ok = in.ok && offset_h < 24 && offset_min < 60;
    offset = (zone == '-' ? -1 : 1) * (hours(offset_h) + minutes(offset_min));
  }
  const year_month_day date(year(y), month(static_cast<unsigned>(mon)), day(static_cast<unsigned>(d)));
  if (in.ok && in.rest.empty() && date.ok() && h < 24 && min < 60 && s < 60) {
    const Time time = sys_days(date) + hours(h) + minutes(min) + seconds(s) + fraction - offset;
    if (InRange(time)) return time;
  }
  return Fail(ErrorKind::kInvalid, "expected a time like 2026-11-21T09:00:00Z, got " + Quoted(text));
}

std::string FormatTime(Time time) {
  return ToSecond(Split(time)) + "Z";
}

std::string FormatMicroTime(Time time) {
  const Calendar c = Split(time);
  return ToSecond(c) + Print(".%06dZ", static_cast<int>(c.time.subseconds().count()));
}

std::string FormatDuration(Duration duration) {
  auto rest = duration_cast<seconds>(duration).count();
  if (rest == 0) return "0s";
  const bool negative = rest < 0;
  std::string text = negative ? "-" : "";
  const auto part = [&](long unit, char letter) {
    const auto count = rest / unit;
    rest %= unit;
    if (count != 0) text += std::to_string(negative ? -count : count) + letter;
  };
  part(86400, 'd');
  part(3600, 'h');
  part(60, 'm');
  part(1, 's');
  return text;
}

}  // namespace marea
