#include "runtime/health.hpp"

#include <functional>

namespace marea::runtime {

namespace {

constexpr Duration kLongestSilence = std::chrono::minutes{3};

std::string LineFor(const WatchHealth& watch, bool ok, MonotonicTime now) {
  std::string line = (ok ? "[+]" : "[-]") + std::string(watch.type->plural);
  line += watch.synced ? " synced" : " not synced";
  line += ", last sign of life " + FormatDuration(now - watch.last_sign) + " ago";
  if (!watch.last_error.empty()) line += ": " + watch.last_error;
  return line + "\n";
}

HealthAnswer Judge(std::string_view what, const std::vector<WatchHealth>& watches, MonotonicTime now,
                   const std::function<bool(const WatchHealth&)>& is_ok) {
  HealthAnswer answer{true, {}};
  for (const WatchHealth& watch : watches) {
    const bool ok = is_ok(watch);
    answer.ok = answer.ok && ok;
    answer.text += LineFor(watch, ok, now);
  }
  answer.text += std::string(what) + (answer.ok ? " check passed\n" : " check failed\n");
  return answer;
}

}  // namespace

HealthAnswer Liveness(const std::vector<WatchHealth>& watches, MonotonicTime now) {
  return Judge("livez", watches, now,
               [now](const WatchHealth& watch) { return now - watch.last_sign < kLongestSilence; });
}

HealthAnswer Readiness(const std::vector<WatchHealth>& watches, MonotonicTime now) {
  return Judge("readyz", watches, now, [](const WatchHealth& watch) { return watch.synced; });
}

}  // namespace marea::runtime
