// From structs with field tables to JSON text; the same value gives the same bytes.
#pragma once

#include <string>
#include <string_view>

#include "json/schema.hpp"

namespace marea::json {

std::string EncodeFrom(const Type& type, const void* object);

// What is left out: see fields.hpp. Names stand in the order of the field table, map keys in theirs. A Time
// is written to the second, or to the microsecond when it has a fraction; broken UTF-8 as U+FFFD.
template <class T>
std::string Encode(const T& value) {
  return EncodeFrom(TypeOf<T>(), &value);
}

// The JSON Merge Patch (RFC 7386) that turns the object `from` into the object `to`; empty when there is
// nothing to do. Lists are replaced whole, names that are gone become null. Both texts are our own: anything
// else is a bug.
std::string MergePatchJson(std::string_view from, std::string_view to);

template <class T>
std::string MergePatch(const T& from, const T& to) {
  return MergePatchJson(Encode(from), Encode(to));
}

}  // namespace marea::json
