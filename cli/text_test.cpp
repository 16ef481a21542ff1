#include "cli/text.hpp"

#include <catch2/catch.hpp>

#include "cli/sample_test.hpp"

namespace marea::cli {

using namespace std::chrono_literals;

TEST_CASE("spans of time are read") {
  const auto [text, seconds] = GENERATE(table<std::string, int>({{"2h", 7200},
                                                                 {"90m", 5400},
                                                                 {"1h30m", 5400},
                                                                 {"1d12h", 129600},
                                                                 {"45s", 45},
                                                                 {"3600", 3600},
                                                                 {"1d1h1m1s", 90061},
                                                                 {"0h5m", 300},
                                                                 {"366d", 31622400}}));
  CHECK(ParseSpan(text).value() == std::chrono::seconds(seconds));
}

TEST_CASE("what is no span of time is refused") {
  const auto text = GENERATE(as<std::string>{}, "", "h", "-2h", "2 h", "2H", "2.5h", "2h30", "30m2h", "2h2h",
                             "0", "0m", "1w", "367d", "9999999999", "99999999999999999999d", "2h\n", "１h");
  const auto span = ParseSpan(text);
  REQUIRE_FALSE(span);
  CHECK(span.error().kind == ErrorKind::kInvalid);
}

TEST_CASE("spans of time are written so that they still tell") {
  const auto [span, text] = GENERATE(table<std::chrono::seconds, std::string>({{0s, "0s"},
                                                                               {-5s, "0s"},
                                                                               {119s, "119s"},
                                                                               {120s, "2m"},
                                                                               {119min, "119m"},
                                                                               {2h, "2h"},
                                                                               {9h + 59min, "9h59m"},
                                                                               {10h + 59min, "10h"},
                                                                               {47h, "47h"},
                                                                               {48h, "2d"},
                                                                               {51h, "2d3h"},
                                                                               {240h, "10d"}}));
  CHECK(Span(span) == text);
}

TEST_CASE("what is over is over, and what is unknown is a dash") {
  const auto paper = PlainPaper();
  CHECK(Until(kNow, paper) == "over");
  CHECK(Until(kNow + 5min, paper) == "5m");
  CHECK(Until({}, paper) == "-");
  CHECK(Since({}, paper) == "-");
  CHECK(Since(kNow + 5min, paper) == "0s");  // their clock is ahead
}

TEST_CASE("widths are those of a terminal") {
  const auto [text, width] = GENERATE(table<std::string, std::size_t>({{"", 0},
                                                                       {"ada", 3},
                                                                       {"Zoë", 3},
                                                                       {"Zoe\xCC\x88", 3},
                                                                       {"愛田", 4},
                                                                       {"한글", 4},
                                                                       {"🦀", 2},
                                                                       {"a\xE2\x80\x8B"
                                                                        "b",
                                                                        2},
                                                                       {"\xFF", 1}}));
  CHECK(Width(text) == width);
}

TEST_CASE("what is cut is no wider than asked, and whole characters stay") {
  CHECK(Cut("Waiting", 7) == "Waiting");
  CHECK(Cut("Waiting", 4) == "Wai…");
  CHECK(Cut("愛田愛", 4) == "愛…");
  CHECK(Cut("愛田愛", 5) == "愛田…");
  CHECK(Cut("Waiting", 0).empty());
}

TEST_CASE("what others wrote is made harmless") {
  CHECK(Printable("Zoë 愛") == "Zoë 愛");
  CHECK(Printable("a\tb\nc\r\x1b[31m\x7f") == "a\\tb\\nc\\r\\u001b[31m\\u007f");
  CHECK(Printable("\xC2\x9B"
                  "31m") == "\\u009b31m");
  CHECK(Printable("\xE2\x80\xAE"
                  "x\xE2\x81\xA6") == "\\u202ex\\u2066");
  CHECK(Printable("a\xFF") == "a\xEF\xBF\xBD");
}

TEST_CASE("columns are as wide as their widest cell, and no line ends with blanks") {
  Table table({"NAME", "USER", "WHY"});
  table.Add({{"ada"}, {"愛田"}, {"x "}});
  table.Add({{"a-long-name"}, {""}, {""}});
  CHECK(table.Text(PlainPaper()) ==
        "NAME          USER   WHY\n"
        "ada           愛田   x\n"
        "a-long-name\n");
}

TEST_CASE("the last column is cut to the terminal") {
  Table table({"NAME", "WHY"});
  table.Add({{"ada"}, {"Waiting for a device"}});
  Paper paper = PlainPaper();
  paper.width = 16;
  CHECK(table.Text(paper) == "NAME   WHY\nada    Waiting …\n");
  paper.width = 3;  // nothing fits: better too wide than empty
  CHECK_THAT(table.Text(paper), Catch::Contains("Waiting for a device"));
}

TEST_CASE("colours are there on request alone, and take no width") {
  Table table({"NAME", "STATE"});
  table.Add({{"ada", Style::kGood}, {"x"}});
  Paper paper = PlainPaper();
  CHECK_THAT(table.Text(paper), !Catch::Contains("\x1b"));
  paper.colour = true;
  CHECK_THAT(table.Text(paper), Catch::Contains("\x1b[32mada\x1b[0m    x"));
}

}  // namespace marea::cli
