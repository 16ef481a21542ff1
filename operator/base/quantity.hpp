// Kubernetes quantities ("500m", "4Gi", "1e3", 2), compared exactly in thousandths.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace marea {

class Quantity {
 public:
  constexpr Quantity() = default;
  static constexpr Quantity FromMilli(std::int64_t milli) { return Quantity(milli); }
  static constexpr Quantity FromUnits(std::int64_t units) { return Quantity(units * 1000); }

  // Follows k8s.io/apimachinery/pkg/api/resource: finer than a thousandth rounds up.
  // Errors: kInvalid for text that is no quantity or does not fit in 63 bits of thousandths.
  static Result<Quantity> Parse(std::string_view text);

  constexpr std::int64_t milli() const { return milli_; }
  constexpr std::int64_t units() const { return milli_ / 1000; }  // rounded down

  // The shortest exact text: "500m", "2", "4Gi" when it is a whole number of binary units.
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
