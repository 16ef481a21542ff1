#include "runtime/list_watch.hpp"

#include <catch2/catch.hpp>
#include <random>

namespace marea::runtime {

namespace {

using Lines = std::vector<std::string>;

// All the lines that come out when `chunks` go in.
Lines Split(LineSplitter& splitter, const std::vector<std::string>& chunks) {
  Lines all;
  std::vector<std::string_view> lines;
  for (const std::string& chunk : chunks) {
    splitter.Feed(chunk, lines);
    all.insert(all.end(), lines.begin(), lines.end());
  }
  return all;
}

}  // namespace

TEST_CASE("lines may be cut anywhere") {
  LineSplitter splitter(100);
  CHECK(Split(splitter, {"a", "b", "c\nde", "f\n\n", "\ng\nh\ni", "\n", "j"}) ==
        Lines{"abc", "def", "g", "h", "i"});
}

TEST_CASE("however a text is cut, its lines are the same") {
  std::mt19937_64 random(GENERATE(range(1u, 20u)));
  std::string text;
  Lines expected;
  for (int i = 0; i < 200; ++i) {
    const std::string line(random() % 30, static_cast<char>('a' + i % 26));
    text += line + "\n";
    if (!line.empty()) expected.push_back(line);
  }
  std::vector<std::string> chunks;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = random() % 50;
    chunks.push_back(text.substr(at, size));
    at += chunks.back().size();
  }
  LineSplitter splitter(100);
  CHECK(Split(splitter, chunks) == expected);
}

TEST_CASE("a line over the bound breaks the stream, whole or in pieces, and nothing comes after it") {
  LineSplitter splitter(5);
  std::vector<std::string_view> lines;
  CHECK(splitter.Feed("12345\n", lines));
  CHECK(lines.size() == 1);
  SECTION("in one chunk") {
    CHECK_FALSE(splitter.Feed("ok\n123456\nlost\n", lines));
    CHECK(lines == std::vector<std::string_view>{"ok"});
  }
  SECTION("growing") {
    CHECK(splitter.Feed("123", lines));
    CHECK(splitter.Feed("45", lines));
    CHECK_FALSE(splitter.Feed("6", lines));
  }
  SECTION("completed by its last piece") {
    CHECK(splitter.Feed("12345", lines));
    CHECK_FALSE(splitter.Feed("6\nlost\n", lines));
    CHECK(lines.empty());
  }
  CHECK_FALSE(splitter.Feed("ok\n", lines));
  CHECK(lines.empty());
}

}  // namespace marea::runtime
