// Names of Kubernetes objects: what is valid, and how any text becomes one.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace marea {

// Identifies an object of a known kind; `ns` is empty for cluster-scoped kinds.
struct Key {
  std::string ns;
  std::string name;
  friend auto operator<=>(const Key&, const Key&) = default;
};

std::string ToString(const Key& key);  // "ns/name", or "name"

bool IsDnsLabel(std::string_view text);  // RFC 1123: [a-z0-9]([-a-z0-9]*[a-z0-9])?, at most 63

// `text` itself when it is a DNS label of at most `max` characters that does not end in "-" and eight hex
// digits; else a readable slug of it, "-" and the first eight hex digits of its SHA-256. The result is a DNS
// label of at most min(max, 63) characters; `max` is at least 12. Nobody gets another's name by spelling it:
// a name without a hash stands for that very text, and two texts share a name with a hash only when both
// their slugs and 32 bits of SHA-256 agree.
std::string SafeName(std::string_view text, std::size_t max);

// Text from outside, fit to stand in a message: in double quotes; quotes, backslashes, control characters and
// marks that turn the direction of text escaped as in JSON; broken UTF-8 as U+FFFD. At most `max` bytes stand
// between the quotes, cut between characters and escapes; then "…" shows that something is missing.
std::string Quoted(std::string_view text, std::size_t max = 80);

}  // namespace marea
