// Quantities: what is read is what big numbers say, what is written reads back, sums never wrap around.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/quantity.hpp"
#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"

namespace {

using namespace marea;
using namespace marea::fuzz;
__extension__ using Wide = __int128;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max(), kMin = -kMax - 1;

// The factor of a suffix as a fraction of small numbers; none for exponents.
std::optional<std::pair<Wide, Wide>> Factor(std::string_view suffix) {
  static constexpr std::array<std::pair<std::string_view, int>, 10> kDecimal{{{"n", -9},
                                                                              {"u", -6},
                                                                              {"m", -3},
                                                                              {"", 0},
                                                                              {"k", 3},
                                                                              {"M", 6},
                                                                              {"G", 9},
                                                                              {"T", 12},
                                                                              {"P", 15},
                                                                              {"E", 18}}};
  static constexpr std::array<std::string_view, 6> kBinary{"Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  for (std::size_t i = 0; i < kBinary.size(); ++i) {
    if (kBinary[i] == suffix) return std::pair{Wide{1} << (10 * (i + 1)), Wide{1}};
  }
  for (const auto& [name, power] : kDecimal) {
    if (name != suffix) continue;
    Wide factor = 1;
    for (int i = 0; i < std::abs(power); ++i) factor *= 10;
    return power < 0 ? std::pair{Wide{1}, factor} : std::pair{factor, Wide{1}};
  }
  return std::nullopt;
}

// What a plain text of at most 12 digits means in thousandths, worked out in another way than the code's: as
// one fraction, rounded away from zero at the end. Nothing when the text is not plain.
std::optional<Wide> InThousandths(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, end);
  const auto factor = Factor(text.substr(end));
  const std::size_t dots = static_cast<std::size_t>(std::ranges::count(number, '.'));
  if (!factor || dots > 1 || number.size() == dots || number.size() - dots > 12) return std::nullopt;
  Wide digits = 0, tenths = 1;
  bool fraction = false;
  for (const char c : number) {
    if (c == '.') {
      fraction = true;
      continue;
    }
    digits = digits * 10 + (c - '0');
    if (fraction) tenths *= 10;
  }
  const Wide above = digits * factor->first * 1000, below = tenths * factor->second;
  const Wide milli = (above + below - 1) / below;
  return negative ? -milli : milli;
}

void CheckText(std::string_view text) {
  const auto quantity = Bounded(text.size(), [&] { return Quantity::Parse(text); });
  if (const auto expected = InThousandths(text)) {
    const bool fits = *expected >= kMin && *expected <= kMax;
    Require(quantity.has_value() == fits, "what fits is read, and nothing else");
    Require(!fits || quantity->milli() == static_cast<std::int64_t>(*expected), "a quantity is read exactly");
  }
  if (!quantity) return Require(!quantity.error().message.empty(), "an error says what is wrong");
  const auto again = Quantity::Parse(quantity->ToString());
  Require(again && *again == *quantity, "what is written reads back");
}

std::int64_t Clamped(Wide value) {
  return static_cast<std::int64_t>(std::clamp<Wide>(value, kMin, kMax));
}

void CheckNumbers(std::int64_t a, std::int64_t b) {
  const Quantity one = Quantity::FromMilli(a), other = Quantity::FromMilli(b);
  const auto read = Quantity::Parse(one.ToString());
  Require(read && *read == one, "what is written reads back");
  Require((one + other).milli() == Clamped(Wide{a} + b), "a sum stops at the ends");
  Require((one - other).milli() == Clamped(Wide{a} - b), "a difference stops at the ends");
  Require(Wide{one.units()} * 1000 <= a && a < Wide{one.units()} * 1000 + 1000, "units are rounded down");
  const Wide units = Wide{a} * 1000;
  Require(Quantity::FromUnits(a).milli() == Clamped(units), "units stop at the ends");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  CheckText(bytes.Line());
  const std::int64_t a = bytes.Number(), b = bytes.Number();
  CheckNumbers(a, b);
  return 0;
}
