// Any value of any type that a field table can hold, chosen by an input.
#pragma once

#include "fuzz/bytes.hpp"
#include "json/schema.hpp"

namespace marea::fuzz {

// Fills `object`, which was just made. Texts may be broken UTF-8; keys of maps are not, because two of them
// could become one when they are written. Times are those that can be written (years 0000 to 9999).
void FillAs(const json::Type& type, void* object, Bytes& bytes);

template <class T>
T Filled(Bytes& bytes) {
  T value{};
  FillAs(json::TypeOf<T>(), &value, bytes);
  return value;
}

}  // namespace marea::fuzz
