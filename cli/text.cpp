#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/names.hpp"
#include "base/utf8.hpp"

namespace marea::cli {
namespace {

using std::chrono::seconds;

struct Range {
  char32_t first, last;
};

// Unicode 15: what a terminal draws over the character before it, or not at all.
constexpr std::array<Range, 24> kNothing{{
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF},   {0x05C1, 0x05C2},
    {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0670, 0x0670}, {0x06D6, 0x06DC},   {0x093C, 0x093C},
    {0x0941, 0x0948}, {0x094D, 0x094D}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A},   {0x0E47, 0x0E4E},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x2060, 0x2064},   {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
}};
// East Asian Width W and F, and what is shown as an emoji.
constexpr std::array<Range, 20> kDouble{{
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x2FFFD}, {0x30000, 0x3FFFD},
}};

template <std::size_t N>
bool In(const std::array<Range, N>& ranges, char32_t code) {
  return std::ranges::any_of(ranges, [&](const Range& r) { return code >= r.first && code <= r.last; });
}

std::size_t ColumnsOf(char32_t code) {
  return In(kNothing, code) ? 0 : In(kDouble, code) ? 2 : 1;
}

// What would move the cursor, colour the terminal or turn the text around it.
bool IsControl(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x200E || c == 0x200F || c == 0x061C ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string Escaped(char32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(c));
  return text;
}

const char* Code(Style style) {
  switch (style) {
    case Style::kGood:
      return "\x1b[32m";
    case Style::kWaiting:
      return "\x1b[33m";
    case Style::kBad:
      return "\x1b[31m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kPlain:
      break;
  }
  return "";
}

std::string Number(std::int64_t count, char unit) {
  return std::to_string(count) + unit;
}

// "2h5m", "2h".
std::string Two(std::int64_t large, char large_unit, std::int64_t small, char small_unit) {
  return Number(large, large_unit) + (small == 0 ? "" : Number(small, small_unit));
}

std::int64_t SecondsIn(char unit) {
  switch (unit) {
    case 'd':
      return 86400;
    case 'h':
      return 3600;
    case 'm':
      return 60;
    case 's':
      return 1;
    default:
      return 0;
  }
}

tl::unexpected<Error> NoSpan(std::string_view text) {
  return Fail(ErrorKind::kInvalid, Quoted(text) + " is no span of time; write 2h, 90m or 1d12h");
}

constexpr std::size_t kGap = 3;

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const Utf8Char c = FirstUtf8(text);
    if (!c.valid) {
      printable += kReplacementCharacter;
    } else if (IsControl(c.code)) {
      printable += Escaped(c.code);
    } else {
      printable += text.substr(0, c.size);
    }
    text.remove_prefix(c.size);
  }
  return printable;
}

std::size_t Width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const Utf8Char c = FirstUtf8(text);
    columns += ColumnsOf(c.code);
    text.remove_prefix(c.size);
  }
  return columns;
}

std::string Cut(std::string_view text, std::size_t columns) {
  if (Width(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::size_t taken = 0, bytes = 0;
  while (bytes < text.size()) {
    const Utf8Char c = FirstUtf8(text.substr(bytes));
    if (taken + ColumnsOf(c.code) > columns - 1) break;
    taken += ColumnsOf(c.code);
    bytes += c.size;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::string Painted(std::string_view text, Style style, const Paper& paper) {
  if (!paper.colour || style == Style::kPlain || text.empty()) return std::string(text);
  return Code(style) + std::string(text) + "\x1b[0m";
}

std::string Span(Duration span) {
  const std::int64_t s = std::max<std::int64_t>(0, std::chrono::duration_cast<seconds>(span).count());
  const std::int64_t minutes = s / 60, hours = s / 3600, days = s / 86400;
  if (s < 120) return Number(s, 's');
  if (minutes < 120) return Number(minutes, 'm');
  if (hours < 10) return Two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return Number(hours, 'h');
  if (days < 10) return Two(days, 'd', hours % 24, 'h');
  return Number(days, 'd');
}

std::string Since(std::optional<Time> then, const Paper& paper) {
  return then ? Span(paper.now - *then) : "-";
}

std::string Until(std::optional<Time> then, const Paper& paper) {
  if (!then) return "-";
  return *then <= paper.now ? "over" : Span(*then - paper.now);
}

seconds Bounded(std::int64_t count) {
  constexpr std::int64_t kMost = std::int64_t{100} * 366 * 86400;
  return seconds{std::clamp(count, -kMost, kMost)};
}

Result<seconds> ParseSpan(std::string_view text) {
  constexpr std::int64_t kMost = std::int64_t{366} * 86400;
  std::int64_t total = 0, last_unit = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    std::int64_t number = 0;
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits == 0 || digits > 9) return NoSpan(text);
    for (const char c : rest.substr(0, digits)) number = number * 10 + (c - '0');
    rest.remove_prefix(digits);
    const bool bare = rest.empty();
    const std::int64_t unit = bare ? 1 : SecondsIn(rest.front());
    // A number without a unit stands alone; units come once each, the largest first.
    if (unit == 0 || (bare && last_unit != 0) || (last_unit != 0 && unit >= last_unit)) return NoSpan(text);
    if (!bare) rest.remove_prefix(1);
    last_unit = unit;
    total += number * unit;
    if (total > kMost) return Fail(ErrorKind::kInvalid, Quoted(text) + " is more than a year");
  }
  if (total == 0) return NoSpan(text);
  return seconds{total};
}

std::string Table::Text(const Paper& paper) const {
  std::vector<std::vector<Cell>> lines;
  lines.emplace_back();
  for (const auto& title : heading_) lines.front().push_back({title, Style::kDim});
  std::ranges::copy(rows_, std::back_inserter(lines));
  std::vector<std::size_t> widths(heading_.size());
  for (auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      line[i].text = Printable(line[i].text);
      line[i].text.erase(line[i].text.find_last_not_of(' ') + 1);
      widths[i] = std::max(widths[i], Width(line[i].text));
    }
  }
  std::string text;
  for (const auto& line : lines) {
    std::size_t column = 0, pending = 0;  // spaces are written only before something else
    for (std::size_t i = 0; i < line.size(); ++i) {
      const bool last = i + 1 == line.size();
      const bool cut = last && paper.width > column + pending;
      const std::string shown = cut ? Cut(line[i].text, paper.width - column - pending) : line[i].text;
      if (shown.empty()) {
        pending += widths[i] + kGap;
        continue;
      }
      text += std::string(pending, ' ') + Painted(shown, line[i].style, paper);
      column += pending + Width(shown);
      pending = widths[i] - std::min(widths[i], Width(shown)) + kGap;
    }
    text += '\n';
  }
  return text;
}

}  // namespace marea::cli
