#include "base/histogram.hpp"

#include <algorithm>

namespace marea {

void Histogram::Observe(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  ++counts_[static_cast<std::size_t>(bucket)];
  sum_ += value;
}

}  // namespace marea
