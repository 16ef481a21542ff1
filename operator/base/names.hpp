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

// `text` itself when it is a DNS label of at most `max` characters; else a readable slug of it,
// "-" and the first eight hex digits of its SHA-256, so that different texts never share a name.
// `max` is at least 12.
std::string SafeName(std::string_view text, std::size_t max);

// Text from outside, fit to stand in a message: control characters and quotes escaped, cut at `max`
// bytes on a UTF-8 boundary with "…".
std::string Quoted(std::string_view text, std::size_t max = 80);

}  // namespace marea
