// What somebody has used, in credits, forgotten by half in every half-life: exact at the moments at which
// something changes, with no sampling in between. Integers only, so that the same history gives the same
// number on every machine.
//
//   d use / dt = rate - use * ln 2 / half_life
//
// While the rate stands still that has a closed form, and the value does not depend on how often it was asked
// for (to better than a millionth, the law in decay_test).
#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.hpp"

namespace marea::placement {

// 2^-(elapsed / half_life) as a fraction of 2^62; 1 at most. `half_life` is above 0.
std::uint64_t HalvedFraction(std::chrono::seconds elapsed, std::chrono::seconds half_life);

// What holding so many credits comes to in the long run, in thousandths of a credit-second: as much is
// forgotten then as is added. Exactly proportional to `credits`, 0 to a million.
std::int64_t SteadyUse(std::int64_t credits, std::chrono::seconds half_life);

class DecayedUse {
 public:
  // `half_life` is between a minute and ten years.
  explicit DecayedUse(std::chrono::seconds half_life) : half_life_(half_life) {}
  // That was `use` thousandths of a credit-second at a time, at least 0, with nothing held since.
  DecayedUse(std::chrono::seconds half_life, Time since, std::int64_t use)
      : half_life_(half_life), since_(std::chrono::floor<std::chrono::seconds>(since)), use_(use) {}

  // From `now` on this many credits are held, 0 to a million. A time before the last one counts as the last
  // one: clocks jump.
  void Hold(Time now, std::int64_t credits);
  std::int64_t held() const { return rate_; }
  Time since() const { return since_; }  // when what is held was said last

  // In thousandths of a credit-second.
  std::int64_t At(Time now) const;

 private:
  std::chrono::seconds half_life_;
  std::chrono::sys_seconds since_{};
  std::int64_t rate_ = 0;
  std::int64_t use_ = 0;  // at since_, in thousandths of a credit-second
};

}  // namespace marea::placement
