#include "testing/fault_plan.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace marea::testing {
namespace {

struct Word {
  Effect effect;
  std::string_view text;
};
constexpr std::array kWords{Word{Effect::kCrashBefore, "crash-before"},
                            Word{Effect::kCrashLost, "crash-lost"},
                            Word{Effect::kCrashAfter, "crash-after"},
                            Word{Effect::kRefused, "refused"},
                            Word{Effect::kReset, "reset"},
                            Word{Effect::kLate, "late"},
                            Word{Effect::kSlow, "slow"},
                            Word{Effect::kStatus401, "401"},
                            Word{Effect::kStatus403, "403"},
                            Word{Effect::kStatus404, "404"},
                            Word{Effect::kStatus409, "409"},
                            Word{Effect::kStatus410, "410"},
                            Word{Effect::kStatus422, "422"},
                            Word{Effect::kStatus429, "429"},
                            Word{Effect::kStatus500, "500"},
                            Word{Effect::kStatus503, "503"},
                            Word{Effect::kHtml, "html"},
                            Word{Effect::kHtmlOk, "html-ok"},
                            Word{Effect::kTruncated, "truncated"},
                            Word{Effect::kMalformed, "malformed"},
                            Word{Effect::kWrongTypes, "wrong-types"},
                            Word{Effect::kNull, "null"},
                            Word{Effect::kLost, "lost"},
                            Word{Effect::kCut, "cut"},
                            Word{Effect::kLag, "lag"},
                            Word{Effect::kStale, "stale"},
                            Word{Effect::kCoalesced, "coalesced"},
                            Word{Effect::kSilent, "silent"},
                            Word{Effect::kGone, "gone"},
                            Word{Effect::kGarbage, "garbage"},
                            Word{Effect::kClockBack, "clock-back"},
                            Word{Effect::kClockForward, "clock-forward"},
                            Word{Effect::kDrift, "drift"},
                            Word{Effect::kPause, "pause"},
                            Word{Effect::kKill, "kill"},
                            Word{Effect::kOutage, "outage"},
                            Word{Effect::kCompact, "compact"},
                            Word{Effect::kRestore, "restore"}};
constexpr std::array<std::string_view, 4> kPlaces{"write", "read", "event", "second"};

std::vector<Effect> Range(Effect first, Effect last) {
  std::vector<Effect> effects;
  for (const Word& word : kWords) {
    if (word.effect >= first && word.effect <= last) effects.push_back(word.effect);
  }
  return effects;
}

std::string_view Take(std::string_view& text, char until) {
  const auto end = text.find(until);
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

Result<Fault> ParseFault(std::string_view text) {
  const std::string whole(text);
  const auto place = std::ranges::find(kPlaces, Take(text, ':'));
  const auto number = Take(text, ':');
  const auto word = std::ranges::find(kWords, text, &Word::text);
  Fault fault;
  const auto parsed = std::from_chars(number.begin(), number.end(), fault.number);
  if (place == kPlaces.end() || parsed.ec != std::errc{} || parsed.ptr != number.end() || fault.number == 0 ||
      word == kWords.end()) {
    return Fail(ErrorKind::kInvalid,
                "a fault is write|read|event|second, a number from 1 and an effect, such as "
                "write:7:crash-lost; not " +
                    whole);
  }
  fault.at = static_cast<At>(place - kPlaces.begin());
  fault.effect = word->effect;
  if (std::ranges::find(EffectsAt(fault.at), fault.effect) == EffectsAt(fault.at).end()) {
    std::string possible;
    for (const Effect effect : EffectsAt(fault.at)) {
      possible += " " + std::string(std::ranges::find(kWords, effect, &Word::effect)->text);
    }
    return Fail(ErrorKind::kInvalid, whole + ": there it can only be one of" + possible);
  }
  return fault;
}

}  // namespace

std::string ToText(const Fault& fault) {
  return std::string(kPlaces[static_cast<std::size_t>(fault.at)]) + ":" + std::to_string(fault.number) + ":" +
         std::string(std::ranges::find(kWords, fault.effect, &Word::effect)->text);
}

std::string ToText(const FaultPlan& plan) {
  std::string text;
  for (const Fault& fault : plan) text += (text.empty() ? "" : ",") + ToText(fault);
  return text;
}

Result<FaultPlan> ParseFaultPlan(std::string_view text) {
  FaultPlan plan;
  while (!text.empty()) {
    auto fault = ParseFault(Take(text, ','));
    if (!fault) return tl::unexpected(std::move(fault.error()));
    plan.push_back(*fault);
  }
  return plan;
}

const std::vector<Effect>& EffectsAt(At at) {
  static const std::array<std::vector<Effect>, 4> kEffects{
      Range(Effect::kCrashBefore, Effect::kNull), Range(Effect::kRefused, Effect::kNull),
      Range(Effect::kLost, Effect::kGarbage), Range(Effect::kClockBack, Effect::kRestore)};
  return kEffects[static_cast<std::size_t>(at)];
}

bool Crashes(Effect effect) {
  return effect == Effect::kCrashBefore || effect == Effect::kCrashLost || effect == Effect::kCrashAfter ||
         effect == Effect::kKill;
}

}  // namespace marea::testing
