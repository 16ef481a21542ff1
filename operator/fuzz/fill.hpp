// Any value of any type that a field table can hold, chosen by an input; and whether two are the same.
#pragma once

#include <string>

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

// Whether `read` is what one reads who was sent `sent`, in which broken UTF-8 stands for U+FFFD.
bool SameAs(const json::Type& type, const void* sent, const void* read);

template <class T>
bool Same(const T& sent, const T& read) {
  return SameAs(json::TypeOf<T>(), &sent, &read);
}

// `text` with U+FFFD for what is no UTF-8.
std::string Repaired(std::string_view text);

}  // namespace marea::fuzz
