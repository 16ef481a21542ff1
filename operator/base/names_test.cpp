#include "base/names.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "base/utf8.hpp"

using namespace marea;

TEST_CASE("a key is written as kubectl writes it", "[names]") {
  CHECK(ToString(Key{"team-a", "ada"}) == "team-a/ada");
  CHECK(ToString(Key{"", "node-1"}) == "node-1");
}

TEST_CASE("DNS labels are told from what only looks like one", "[names]") {
  for (const char* good : {"a", "0", "ada", "a-b", "a--b", "0a9"}) CHECK(IsDnsLabel(good));
  for (const char* bad : {"", "-", "-a", "a-", "A", "a.b", "a_b", "a b", "ä"}) CHECK_FALSE(IsDnsLabel(bad));
  CHECK(IsDnsLabel(std::string(63, 'a')));
  CHECK_FALSE(IsDnsLabel(std::string(64, 'a')));
}

TEST_CASE("a good name is kept, any other gets a readable slug and a hash", "[names]") {
  CHECK(SafeName("ada", 63) == "ada");
  CHECK(SafeName("ada-12345678x", 63) == "ada-12345678x");
  CHECK(SafeName("deadbeef", 63) == "deadbeef");
  CHECK(SafeName("abcdefghijkl", 12) == "abcdefghijkl");
  // printf 'Ada.Lovelace@Example.org' | sha256sum
  CHECK(SafeName("Ada.Lovelace@Example.org", 63) == "ada-lovelace-example-org-ff43bfa1");
  CHECK(SafeName("Ada.Lovelace@Example.org", 20) == "ada-lovelac-ff43bfa1");
  CHECK(SafeName("Ada.Lovelace@Example.org", 13) == "ada-ff43bfa1");  // no dash before the dash
  CHECK(SafeName(std::string(200, 'A'), 100).size() == 63);
  CHECK(SafeName(std::string(64, 'a'), 100).size() == 63);
  CHECK(SafeName("日本", 63).substr(0, 2) == "x-");
  CHECK(SafeName("", 63) == "x-e3b0c442");
}

TEST_CASE("nobody gets another's name by spelling it", "[names]") {
  const std::string name = SafeName("Ada", 63);
  CHECK(SafeName(name, 63) != name);
  CHECK(SafeName(name, 63).substr(0, name.size() + 1) == name + "-");
}

TEST_CASE("every text has a valid name of its own", "[names]") {
  std::mt19937_64 random(11);
  const std::string alphabet = "aAbB09-._@ /\xC3\xA4";
  std::map<std::string, std::string> owner_of;
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::size_t size = random() % 24; size > 0; --size) text += alphabet[random() % alphabet.size()];
    if (random() % 4 == 0) text = SafeName(text, 63);
    const std::size_t max = 12 + random() % 90;
    const std::string name = SafeName(text, max);
    CAPTURE(text, max, name);
    REQUIRE(IsDnsLabel(name));
    REQUIRE(name.size() <= max);
    REQUIRE(SafeName(text, max) == name);
    if (max >= 63) REQUIRE(owner_of.emplace(name, text).first->second == text);
  }
}

TEST_CASE("text from outside is made fit for a message", "[names]") {
  CHECK(Quoted("") == "\"\"");
  CHECK(Quoted("ada") == "\"ada\"");
  CHECK(Quoted("a\"b\\c") == R"("a\"b\\c")");
  CHECK(Quoted("a\nb\tc\rd") == R"("a\nb\tc\rd")");
  CHECK(Quoted(std::string_view("\0\x1b[31m\x7f", 7)) == R"("\u0000\u001b[31m\u007f")");
  CHECK(Quoted("\xC2\x9B") == R"("\u009b")");  // an 8-bit escape sequence
  CHECK(Quoted("\xE2\x80\xAE"
               "txt") == R"("\u202etxt")");  // turns the line around
  CHECK(Quoted("Zoë 日本 😀") == "\"Zoë 日本 😀\"");
  CHECK(Quoted("a\xFF\xC3(") == "\"a\xEF\xBF\xBD\xEF\xBF\xBD(\"");
}

TEST_CASE("long text is cut between characters", "[names]") {
  CHECK(Quoted("abcd", 4) == "\"abcd\"");
  CHECK(Quoted("abcde", 4) == "\"abcd…\"");
  CHECK(Quoted("abcë", 4) == "\"abc…\"");
  CHECK(Quoted("ab\n\n", 5) == "\"ab\\n…\"");
  CHECK(Quoted(std::string(81, 'a')) == "\"" + std::string(80, 'a') + "…\"");
}

TEST_CASE("quoted text is always valid UTF-8 without controls, and bounded", "[names]") {
  std::mt19937_64 random(13);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::size_t size = random() % 40; size > 0; --size) text += static_cast<char>(random());
    const std::size_t max = random() % 50;
    const std::string quoted = Quoted(text, max);
    REQUIRE(quoted.size() <= max + 2 + std::string_view("…").size());
    for (std::string_view rest = quoted; !rest.empty();) {
      const auto c = FirstUtf8(rest);
      REQUIRE(c.valid);
      REQUIRE((c.code >= 0x20 && (c.code < 0x7F || c.code > 0x9F)));
      rest.remove_prefix(c.size);
    }
  }
}
