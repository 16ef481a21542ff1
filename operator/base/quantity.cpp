#include "base/quantity.hpp"

#include <charconv>
#include <cstddef>
#include <optional>

#include "base/names.hpp"

namespace marea {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// What a text says before it is scaled: mantissa * 10^exponent, and a bit more when `inexact`.
struct Number {
  Wide mantissa = 0;
  int exponent = 0;
  bool inexact = false;
};

// Twenty digits are more than 63 bits hold, and times 2^60 they still fit in 128 bits.
constexpr int kMaxDigits = 20;

// Takes "12", "12.", ".5" or "1.25" off the front of `text`.
std::optional<Number> TakeNumber(std::string_view& text) {
  Number number;
  int significant = 0;
  bool any = false, fraction = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (!IsDigit(c)) break;
    any = true;
    if (significant == kMaxDigits) {
      number.inexact = number.inexact || c != '0';
      if (!fraction) ++number.exponent;
      continue;
    }
    number.mantissa = number.mantissa * 10 + static_cast<unsigned>(c - '0');
    if (number.mantissa != 0) ++significant;
    if (fraction) --number.exponent;
  }
  if (!any) return std::nullopt;
  return number;
}

struct Scale {
  int decimal = 0;  // powers of ten
  int binary = 0;   // powers of two
};

std::optional<Scale> ParseExponent(std::string_view digits) {
  if (digits.starts_with('+')) {
    digits.remove_prefix(1);
    if (digits.starts_with('-')) return std::nullopt;
  }
  int exponent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (exponent < -1000 || exponent > 1000)
    return std::nullopt;  // no real quantity; keeps sums of exponents small
  return Scale{exponent, 0};
}

std::optional<Scale> ParseSuffix(std::string_view suffix) {
  constexpr std::string_view kBinary = "KMGTPE", kLarge = "kMGTPE", kSmall = "num";
  if (suffix.empty()) return Scale{};
  if (suffix.size() == 1) {
    if (const auto at = kLarge.find(suffix[0]); at != kLarge.npos)
      return Scale{3 * (static_cast<int>(at) + 1), 0};
    if (const auto at = kSmall.find(suffix[0]); at != kSmall.npos)
      return Scale{-9 + 3 * static_cast<int>(at), 0};
    return std::nullopt;
  }
  if (suffix.size() == 2 && suffix[1] == 'i') {
    const auto at = kBinary.find(suffix[0]);
    if (at == kBinary.npos) return std::nullopt;
    return Scale{0, 10 * (static_cast<int>(at) + 1)};
  }
  if (suffix[0] == 'e' || suffix[0] == 'E') return ParseExponent(suffix.substr(1));
  return std::nullopt;
}

// number * scale in thousandths, rounded up; nothing above `limit`.
std::optional<Wide> ToMilli(const Number& number, Scale scale, Wide limit) {
  if (number.mantissa == 0) return Wide{0};
  if (scale.binary != 0 && number.inexact) return std::nullopt;  // the digits left out would matter
  Wide value = number.mantissa << scale.binary;
  bool remainder = number.inexact;
  int exponent = number.exponent + scale.decimal + 3;
  for (; exponent > 0; --exponent) {
    if (value > limit) return std::nullopt;
    value *= 10;
  }
  for (; exponent < 0 && value != 0; ++exponent) {
    remainder = remainder || value % 10 != 0;
    value /= 10;
  }
  if (value > limit) return std::nullopt;
  if (remainder) ++value;
  if (value > limit) return std::nullopt;
  return value;
}

// Divides by `base` while that leaves nothing over, at most six times, and names the unit reached.
std::string WithSuffix(std::int64_t units, std::int64_t base, const char* const (&suffixes)[7]) {
  std::size_t power = 0;
  for (; power < 6 && units != 0 && units % base == 0; ++power) units /= base;
  return std::to_string(units) + suffixes[power];
}

}  // namespace

Result<Quantity> Quantity::Parse(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (const auto number = TakeNumber(rest)) {
    if (const auto scale = ParseSuffix(rest)) {
      const Wide limit = static_cast<Wide>(kMax) + (negative ? 1 : 0);
      if (const auto milli = ToMilli(*number, *scale, limit)) {
        const auto bits = static_cast<std::uint64_t>(*milli);
        return Quantity(static_cast<std::int64_t>(negative ? 0 - bits : bits));
      }
      return Fail(ErrorKind::kInvalid, "quantity out of range or with too many digits: " + Quoted(text));
    }
  }
  return Fail(ErrorKind::kInvalid, "expected a quantity like 500m, 2 or 4Gi, got " + Quoted(text));
}

std::string Quantity::ToString() const {
  static constexpr const char* kDecimal[] = {"", "k", "M", "G", "T", "P", "E"};
  static constexpr const char* kBinary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  if (milli_ % 1000 != 0) return std::to_string(milli_) + "m";
  const std::string decimal = WithSuffix(milli_ / 1000, 1000, kDecimal);
  std::string binary = WithSuffix(milli_ / 1000, 1024, kBinary);
  return binary.size() < decimal.size() ? binary : decimal;
}

Quantity operator+(Quantity a, Quantity b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.milli_, b.milli_, &sum)) sum = b.milli_ < 0 ? -kMax - 1 : kMax;
  return Quantity(sum);
}

Quantity operator-(Quantity a, Quantity b) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a.milli_, b.milli_, &difference)) difference = b.milli_ > 0 ? -kMax - 1 : kMax;
  return Quantity(difference);
}

}  // namespace marea
