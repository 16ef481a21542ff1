// Kubernetes quantities ("500m", "4Gi", "1e3", 2), compared exactly in thousandths.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace marea {

class Quantity {
 public:
  constexpr Quantity() = default;
  static constexpr Quantity FromMilli(std::int64_t milli) { return Quantity(milli); }
  static constexpr Quantity FromUnits(std::int64_t units) {  // saturating
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    return Quantity(units > kMax / 1000 ? kMax : units < -kMax / 1000 ? -kMax - 1 : units * 1000);
  }

  // Follows k8s.io/apimachinery/pkg/api/resource: finer than a thousandth rounds up (away from zero).
  // Errors: kInvalid for text that is no quantity (one without a digit is none, though Kubernetes takes it
  // for 0) or does not fit in 63 bits of thousandths (Kubernetes goes on in big numbers).
  static Result<Quantity> Parse(std::string_view text);

  constexpr std::int64_t milli() const { return milli_; }
  constexpr std::int64_t units() const {  // rounded down
    return milli_ / 1000 - (milli_ % 1000 < 0 ? 1 : 0);
  }

  // The shortest exact text: "500m", "2", "64k", "4Gi"; decimal where both are as short. Parse reads it back.
  std::string ToString() const;

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  // Saturating: adding up hostile numbers must not wrap around.
  friend Quantity operator+(Quantity a, Quantity b);
  friend Quantity operator-(Quantity a, Quantity b);

 private:
  explicit constexpr Quantity(std::int64_t milli) : milli_(milli) {}
  std::int64_t milli_ = 0;
};

}  // namespace marea
