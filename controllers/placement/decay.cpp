#include "controllers/placement/decay.hpp"

#include <algorithm>
#include <array>

namespace marea::placement {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kOne = std::uint64_t{1} << 62;
// 2^-(1/2), 2^-(1/4), … as fractions of 2^62: what each binary digit of an exponent contributes.
constexpr std::array<std::uint64_t, 32> kRoots{
    0x2d413cccfe779921, 0x35d13f32b5a75abd, 0x3ab031b9f7490e4c, 0x3d495f454921b30b, 0x3ea0ecb6dc8a80cf,
    0x3f4f83033d21b05d, 0x3fa784571ee3e213, 0x3fd3b2d65447b229, 0x3fe9d59487236bb4, 0x3ff4e9d4703df843,
    0x3ffa74acbdf6c9d5, 0x3ffd3a46ffc6e30f, 0x3ffe9d1fa8010199, 0x3fff4e8ede053ad5, 0x3fffa747318376ac,
    0x3fffd3a38961e6ff, 0x3fffe9d1c0d8fd14, 0x3ffff4e8df7680c5, 0x3ffffa746f7dc0ec, 0x3ffffd3a37af8098,
    0x3ffffe9d1bd3e854, 0x3fffff4e8de8fe2c, 0x3fffffa746f44197, 0x3fffffd3a37a116b, 0x3fffffe9d1bd04de,
    0x3ffffff4e8de8179, 0x3ffffffa746f407f, 0x3ffffffd3a37a030, 0x3ffffffe9d1bd014, 0x3fffffff4e8de809,
    0x3fffffffa746f404, 0x3fffffffd3a37a02,
};
constexpr std::uint64_t kInverseLn2 = 0x171547652b82fe17;  // 1 / ln 2 as a fraction of 2^60
constexpr std::int64_t kThousandths = 1000;

std::uint64_t Times(std::uint64_t value, std::uint64_t fraction) {
  return static_cast<std::uint64_t>((Wide{value} * fraction + kOne / 2) >> 62);
}

}  // namespace

std::uint64_t HalvedFraction(std::chrono::seconds elapsed, std::chrono::seconds half_life) {
  if (elapsed.count() <= 0) return kOne;
  const auto whole = elapsed.count() / half_life.count();
  if (whole >= 62) return 0;
  const auto rest = static_cast<std::uint64_t>(elapsed.count() % half_life.count());
  const auto digits =
      static_cast<std::uint64_t>((Wide{rest} << 32) / static_cast<std::uint64_t>(half_life.count()));
  std::uint64_t fraction = kOne;
  for (std::size_t k = 0; k < kRoots.size(); ++k) {
    if ((digits >> (31 - k) & 1) != 0) fraction = Times(fraction, kRoots[k]);
  }
  return fraction >> whole;
}

std::int64_t SteadyUse(std::int64_t credits, std::chrono::seconds half_life) {
  const auto one = static_cast<std::int64_t>(
      (Wide{kThousandths} * static_cast<std::uint64_t>(half_life.count()) * kInverseLn2) >> 60);
  return credits * one;
}

void DecayedUse::Hold(Time now, std::int64_t credits) {
  const auto seconds = std::max(since_, std::chrono::floor<std::chrono::seconds>(now));
  use_ = At(seconds);
  since_ = seconds;
  rate_ = credits;
}

std::int64_t DecayedUse::At(Time now) const {
  const auto elapsed = std::chrono::floor<std::chrono::seconds>(now) - since_;
  const std::uint64_t kept = HalvedFraction(elapsed, half_life_);
  // What the rate comes to in the long run, of which the part that is not forgotten yet is there already.
  const auto steady =
      static_cast<std::uint64_t>((Wide{static_cast<std::uint64_t>(rate_ * kThousandths)} *
                                  static_cast<std::uint64_t>(half_life_.count()) * kInverseLn2) >>
                                 60);
  return static_cast<std::int64_t>(Times(static_cast<std::uint64_t>(use_), kept) +
                                   Times(steady, kOne - kept));
}

}  // namespace marea::placement
