// From the API server's JSON to structs with field tables, in one pass. For the API server's answers only:
// what is skipped is not validated (simdjson On-Demand), though UTF-8 is, and nothing may follow the
// document.
//
// Unknown names are skipped; null is absent, in lists and maps too; a name given twice is an error. A
// Quantity may be a string or a number, a Time is an RFC 3339 string; there are no other conversions.
//
// Errors are kInvalid with the path of what is wrong:
//   status.conditions[2].lastTransitionTime: expected a time like 2026-11-21T09:00:00Z, got "yesterday"
// In a std::vector<Result<T>> a bad element is such an Error and the others are decoded; only text that is
// not JSON costs them all. Struct members are followed 64 levels down. A value takes memory in proportion to
// its text: more elements than a real text of that length holds are an error.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "json/schema.hpp"

namespace marea::json {

// Where to decode to: an object and what its type says.
struct Target {
  const Type* type;
  void* object;
};
template <class T>
Target Into(T& object) {
  return {&TypeOf<T>(), &object};
}

// `text` is an object or a list. On an error the target is left half filled.
Result<void> DecodeInto(std::string_view text, Target target);

template <class T>
Result<T> Decode(std::string_view text) {
  T value{};
  if (auto done = DecodeInto(text, Into(value)); !done) return tl::unexpected<Error>(std::move(done.error()));
  return value;
}

// For {"type": "ADDED", "object": {...}}, whichever comes first: calls `choose` with the string `tag`,
// decodes the object `body` into what it returns, and returns the tag. Both must be there.
Result<std::string> DecodeTagged(std::string_view text, std::string_view tag, std::string_view body,
                                 const std::function<Target(std::string_view tag)>& choose);

}  // namespace marea::json
