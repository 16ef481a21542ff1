// How many values were at most each bound, how many there were, and their sum: what a Prometheus histogram
// says. No locks.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "base/time.hpp"

namespace marea {

class Histogram {
 public:
  // `bounds` rise and outlive it; one above all is implied.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  void Observe(double value);
  void Observe(Duration duration) { Observe(std::chrono::duration<double>(duration).count()); }  // in seconds

  std::span<const double> bounds() const { return bounds_; }
  const std::vector<std::uint64_t>& counts() const { return counts_; }  // of each bucket alone
  double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

}  // namespace marea
