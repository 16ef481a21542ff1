#include "base/histogram.hpp"

#include <catch2/catch.hpp>

using namespace marea;
using namespace std::chrono_literals;

TEST_CASE("a value is counted in the first bucket whose bound it does not pass") {
  static constexpr double kBounds[] = {0.5, 1, 10};
  Histogram histogram(kBounds);
  for (const double value : {0.0, 0.5, 0.6, 1.0, 10.0, 11.0}) histogram.Observe(value);
  CHECK(histogram.counts() == std::vector<std::uint64_t>{2, 2, 1, 1});
  CHECK(histogram.sum() == Approx(23.1));
  histogram.Observe(1500ms);
  CHECK(histogram.counts()[2] == 2);
  CHECK(histogram.sum() == Approx(24.6));
}
