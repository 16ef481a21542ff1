// What /livez and /readyz say: whether the watches make progress, not whether the process answers.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "runtime/reflector.hpp"

namespace marea::runtime {

struct HealthAnswer {
  bool ok;
  std::string text;  // a line for each watch, "[+]pods …" or "[-]pods …", and a last one with the verdict
};

// Every watch had a sign of life within three minutes: one minute more than the watch itself takes to notice
// silence. The first list counts from the start.
HealthAnswer Liveness(const std::vector<WatchHealth>& watches, MonotonicTime now);

// Every cache is filled. Says nothing about now: a server that is away for a while must not unready what
// still serves.
HealthAnswer Readiness(const std::vector<WatchHealth>& watches, MonotonicTime now);

}  // namespace marea::runtime
