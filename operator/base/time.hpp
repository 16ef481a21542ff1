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

// Accepts any offset and up to nine fraction digits (truncated to microseconds).
Result<Time> ParseTime(std::string_view text);

std::string FormatTime(Time time);       // "2026-11-21T09:00:00Z", as metav1.Time
std::string FormatMicroTime(Time time);  // "2026-11-21T09:00:00.123456Z", as metav1.MicroTime

// "90s" -> "1m30s", "7200s" -> "2h": for messages. Rounded down to seconds.
std::string FormatDuration(Duration duration);

}  // namespace marea
