#include "base/utf8.hpp"

#include <catch2/catch.hpp>
#include <string>

using marea::FirstUtf8;

TEST_CASE("valid characters of one to four bytes are read whole", "[utf8]") {
  const auto [text, code] = GENERATE(table<std::string, char32_t>({
      {std::string(1, '\0'), 0x0},
      {"a", 0x61},
      {"\x7F", 0x7F},
      {"\xC2\x80", 0x80},
      {"\xDF\xBF", 0x7FF},
      {"\xE0\xA0\x80", 0x800},
      {"\xED\x9F\xBF", 0xD7FF},
      {"\xEE\x80\x80", 0xE000},
      {"\xEF\xBF\xBD", 0xFFFD},
      {"\xF0\x90\x80\x80", 0x10000},
      {"\xF4\x8F\xBF\xBF", 0x10FFFF},
  }));
  const auto got = FirstUtf8(text + "tail");
  CHECK(got.valid);
  CHECK(got.code == code);
  CHECK(got.size == text.size());
}

TEST_CASE("what is not UTF-8 is one bad byte", "[utf8]") {
  const std::string text = GENERATE(as<std::string>{}, "\x80", "\xBF", "\xC0\x80", "\xC1\xBF",  // overlong
                                    "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF",                         // overlong
                                    "\xED\xA0\x80", "\xED\xBF\xBF",                             // surrogates
                                    "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",             // too large
                                    "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xE2\x28\xA1");  // cut or broken
  const auto got = FirstUtf8(text);
  CHECK_FALSE(got.valid);
  CHECK(got.code == 0xFFFD);
  CHECK(got.size == 1);
}
