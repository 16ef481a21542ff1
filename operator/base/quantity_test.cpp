#include "base/quantity.hpp"

#include <catch2/catch.hpp>
#include <random>

using marea::ErrorKind;
using marea::Quantity;

namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("quantities are read as Kubernetes reads them", "[quantity]") {
  const auto [text, milli] = GENERATE(table<std::string, std::int64_t>({
      {"0", 0},
      {"2", 2000},
      {"+2", 2000},
      {"-2", -2000},
      {"007", 7000},
      {"1.5", 1500},
      {".5", 500},
      {"5.", 5000},
      {"0.001", 1},
      {"-0.5", -500},
      // decimal suffixes
      {"500m", 500},
      {"1500000u", 1500},
      {"2000000n", 2},
      {"1k", 1'000'000},
      {"1.5k", 1'500'000},
      {"3M", 3'000'000'000},
      {"2G", 2'000'000'000'000},
      {"1T", 1'000'000'000'000'000},
      {"9P", 9'000'000'000'000'000'000},
      {"0.009E", 9'000'000'000'000'000'000},
      {"0E", 0},
      // binary suffixes
      {"1Ki", 1'024'000},
      {"0.5Ki", 512'000},
      {"1Mi", 1'048'576'000},
      {"4Gi", 4'294'967'296'000},
      {"1Ti", 1'099'511'627'776'000},
      {"8Pi", 9'007'199'254'740'992'000},
      {"0.0078125Ei", 9'007'199'254'740'992'000},
      {"-1.5Gi", -1'610'612'736'000},
      // exponents
      {"1e3", 1'000'000},
      {"1E6", 1'000'000'000},
      {"1e+2", 100'000},
      {"12e-3", 12},
      {"1.25e1", 12'500},
      {"0e999", 0},
      {"5e0", 5000},
      // finer than a thousandth rounds up, away from zero
      {"1n", 1},
      {"1u", 1},
      {"1.1m", 2},
      {"-1.1m", -2},
      {"0.0001", 1},
      {"1e-9", 1},
      {"1e-999", 1},
      {"-1n", -1},
      {"1000001n", 2},
      {"0.0001Ki", 103},
      {"1.00000000000000000000001", 1001},
      // the ends of what fits
      {"9223372036854775807m", kMax},
      {"-9223372036854775808m", -kMax - 1},
      {"9223372036854775.807", kMax},
      {"9223372036854775.8069999999999999", kMax},
      {"100000000000000000000000000e-26", 1000},
  }));
  CAPTURE(text);
  const auto got = Quantity::Parse(text);
  REQUIRE(got);
  CHECK(got->milli() == milli);
}

TEST_CASE("what is no quantity is refused", "[quantity]") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "+", "-", ".", "m", "Ki", "e3", ".Ki", "--1", "+-1", "1..5", "1.5.",
               "1 ", " 1", "1 Gi", "1gi", "1K", "1ki", "1mi", "1i", "1Mib", "1kk", "1e", "1e+", "1e-",
               "1e+-3", "1e1.5", "1e3k", "1e3Ki", "1E3E", "0x10", "1,5", "inf", "nan", "aoeu", "１");
  CAPTURE(text);
  const auto got = Quantity::Parse(text);
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::kInvalid);
  CHECK(got.error().message.find("expected a quantity") != std::string::npos);
}

TEST_CASE("what does not fit in 63 bits of thousandths is refused, never wrapped", "[quantity]") {
  const std::string text =
      GENERATE(as<std::string>{}, "9223372036854775808m", "-9223372036854775809m", "9223372036854775.8071",
               "10P", "1E", "1Ei", "9Pi", "9223372036854775807", "18446744073709551616m", "1e18", "1e999",
               "99999999999999999999999999999999999999Ei", "340282366920938463463374607431768211457",
               "1.23456789012345678901Ki");
  CAPTURE(text);
  const auto got = Quantity::Parse(text);
  REQUIRE_FALSE(got);
  CHECK(got.error().kind == ErrorKind::kInvalid);
  CHECK(got.error().message.find("out of range") != std::string::npos);
}

TEST_CASE("quantities are written in the shortest exact form", "[quantity]") {
  const auto [milli, text] = GENERATE(table<std::int64_t, std::string>({
      {0, "0"},
      {500, "500m"},
      {1500, "1500m"},
      {-500, "-500m"},
      {2000, "2"},
      {110'000, "110"},
      {64'000'000, "64k"},
      {1'024'000, "1Ki"},
      {4'294'967'296'000, "4Gi"},
      {-4'294'967'296'000, "-4Gi"},
      {1'500'000'000'000, "1500M"},
      {1'024'000'000, "1024k"},
      {9'007'199'254'740'992'000, "8Pi"},
      {kMax, "9223372036854775807m"},
      {-kMax - 1, "-9223372036854775808m"},
  }));
  CHECK(Quantity::FromMilli(milli).ToString() == text);
}

TEST_CASE("any quantity survives being written and read", "[quantity]") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    // All sizes, and often a whole number of some unit.
    std::int64_t milli = static_cast<std::int64_t>(random()) >> (random() % 64);
    const std::int64_t unit = std::array<std::int64_t, 4>{1, 1000, 1'024'000, 1'000'000'000}[random() % 4];
    milli = milli / unit * unit;
    const Quantity quantity = Quantity::FromMilli(milli);
    CAPTURE(quantity.ToString());
    REQUIRE(Quantity::Parse(quantity.ToString()) == quantity);
  }
}

TEST_CASE("whole units are rounded down", "[quantity]") {
  CHECK(Quantity::FromMilli(1999).units() == 1);
  CHECK(Quantity::FromMilli(-1).units() == -1);
  CHECK(Quantity::FromMilli(-2000).units() == -2);
}

TEST_CASE("sums, differences and conversions saturate", "[quantity]") {
  const auto most = Quantity::FromMilli(kMax), least = Quantity::FromMilli(-kMax - 1),
             one = Quantity::FromMilli(1);
  CHECK(one + one == Quantity::FromMilli(2));
  CHECK(one - one == Quantity{});
  CHECK(most + one == most);
  CHECK(least - one == least);
  CHECK(least + least == least);
  CHECK(most - least == most);
  CHECK(one - least == most);
  CHECK(Quantity::FromUnits(3) == Quantity::FromMilli(3000));
  CHECK(Quantity::FromUnits(kMax / 1000).milli() == kMax / 1000 * 1000);
  CHECK(Quantity::FromUnits(kMax / 1000 + 1) == most);
  CHECK(Quantity::FromUnits(-kMax / 1000 - 1) == least);
  CHECK(one < most);
}
