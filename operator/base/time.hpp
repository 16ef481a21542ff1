// Wall-clock and monotonic time, and their text in the Kubernetes API (RFC 3339, UTC).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace marea {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;  // UTC
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

// RFC 3339 with any offset, "t" and "z" in either case, and one to nine fraction digits (rounded down to
// microseconds). Years 0000 to 9999 in UTC; no leap second (":60"), as the Kubernetes API knows none.
// Errors: kInvalid.
Result<Time> ParseTime(std::string_view text);

// Years 0000 to 9999; FormatTime rounds down to seconds.
std::string FormatTime(Time time);       // "2026-11-21T09:00:00Z", as metav1.Time
std::string FormatMicroTime(Time time);  // "2026-11-21T09:00:00.123456Z", as metav1.MicroTime

// "1m30s", "2h", "7d12h", "0s", "-5s": for messages. Rounded towards zero to seconds.
std::string FormatDuration(Duration duration);

}  // namespace marea
