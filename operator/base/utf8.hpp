// Reading UTF-8 that may be broken: what is valid, one character at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace marea {

struct Utf8Char {
  char32_t code;     // U+FFFD when the bytes are not valid here
  std::size_t size;  // bytes to step over; 1 when not valid
  bool valid;
};

// The character at the start of `text`, which is not empty. Overlong forms, surrogates and what lies above
// U+10FFFF are not valid (RFC 3629).
Utf8Char FirstUtf8(std::string_view text);

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace marea
