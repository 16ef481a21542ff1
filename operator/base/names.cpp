#include "base/names.hpp"

#include <algorithm>
#include <cassert>
#include <cstdio>

#include "base/crypto.hpp"
#include "base/utf8.hpp"

namespace marea {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kHashDigits = 8;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}
bool IsHex(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f');
}
bool IsAlphanumeric(char c) {
  return IsDigit(c) || IsLower(c);
}

bool EndsLikeAHash(std::string_view text) {
  if (text.size() <= kHashDigits) return false;
  const std::string_view tail = text.substr(text.size() - kHashDigits - 1);
  return tail.front() == '-' && std::ranges::all_of(tail.substr(1), IsHex);
}

// At most `max` characters of a-z, 0-9 and single inner dashes; never empty.
std::string Slug(std::string_view text, std::size_t max) {
  std::string slug;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!IsAlphanumeric(c)) c = '-';
    if (c == '-' && (slug.empty() || slug.back() == '-')) continue;
    if (slug.size() == max) break;
    slug += c;
  }
  if (slug.ends_with('-')) slug.pop_back();
  return slug.empty() ? "x" : slug;
}

// What would move the cursor, colour the terminal or turn the direction of the text around it.
bool IsControl(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string Escaped(char32_t c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(c));
  return text;
}

}  // namespace

std::string ToString(const Key& key) {
  return key.ns.empty() ? key.name : key.ns + "/" + key.name;
}

bool IsDnsLabel(std::string_view text) {
  const auto allowed = [](char c) { return IsAlphanumeric(c) || c == '-'; };
  return !text.empty() && text.size() <= kMaxLabel && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, allowed);
}

std::string SafeName(std::string_view text, std::size_t max) {
  assert(max >= 12);
  max = std::min(max, kMaxLabel);
  if (text.size() <= max && IsDnsLabel(text) && !EndsLikeAHash(text)) return std::string(text);
  return Slug(text, max - kHashDigits - 1) + "-" + Sha256Hex(text).substr(0, kHashDigits);
}

std::string Quoted(std::string_view text, std::size_t max) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const Utf8Char c = FirstUtf8(text);
    const bool escape = IsControl(c.code) || c.code == '"' || c.code == '\\';
    const std::string piece = escape    ? Escaped(c.code)
                              : c.valid ? std::string(text.substr(0, c.size))
                                        : std::string(kReplacementCharacter);
    if (quoted.size() - 1 + piece.size() > max) {
      quoted += "…";
      break;
    }
    quoted += piece;
    text.remove_prefix(c.size);
  }
  return quoted + "\"";
}

}  // namespace marea
