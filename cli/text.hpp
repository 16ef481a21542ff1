// Text for people at a terminal: what others wrote made harmless, widths as a terminal shows them, spans of
// time in words, columns.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace marea::cli {

// On what is written: `width` in columns cuts the last cell of a row (0: no limit).
struct Paper {
  bool colour = false;
  bool wide = false;
  std::size_t width = 0;
  Time now{};
};

enum class Style { kPlain, kGood, kWaiting, kBad, kDim };

// Control characters and marks that turn the direction of text as escapes ("\n", "\u001b"), broken UTF-8 as
// U+FFFD; everything else as it is.
std::string Printable(std::string_view text);

// In columns of a terminal: East Asian wide characters and emoji take two, combining marks none.
std::size_t Width(std::string_view text);

// At most so many columns; what is left out is shown by "…".
std::string Cut(std::string_view text, std::size_t columns);

std::string Painted(std::string_view text, Style style, const Paper& paper);

// "45s", "90m", "7h59m", "30h", "2d3h", "12d": the nearest that still tells; never negative.
std::string Span(Duration span);
std::string Since(std::optional<Time> then, const Paper& paper);  // "4m", or "-"
std::string Until(std::optional<Time> then, const Paper& paper);  // "4m", "over", or "-"

// Within a hundred years: what a server says may be anything.
std::chrono::seconds Bounded(std::int64_t seconds);

// "2h", "90m", "1h30m", "1d12h", "45s", or a plain number of seconds. Errors: kInvalid; zero is one.
Result<std::chrono::seconds> ParseSpan(std::string_view text);

// Rows under a heading, each column as wide as its widest cell.
class Table {
 public:
  struct Cell {
    std::string text;  // made printable here
    Style style = Style::kPlain;
  };

  explicit Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}
  void Add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  std::string Text(const Paper& paper) const;  // with a newline after each row

 private:
  std::vector<std::string> heading_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace marea::cli
