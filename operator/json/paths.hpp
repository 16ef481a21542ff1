// Paths<T>: every path that a struct's field table reads down to its leaves, as "spec.resources.cpu",
// "spec.alternatives[].count" and "metadata.labels{}" (any key of a map). A test holds the list against the
// CRD schemas.
#pragma once

#include <string>
#include <vector>

#include "json/schema.hpp"

namespace marea::json {

std::vector<std::string> PathsOf(const Type& type);  // in the order of the tables; no type may contain itself

template <class T>
std::vector<std::string> Paths() {
  return PathsOf(TypeOf<T>());
}

}  // namespace marea::json
