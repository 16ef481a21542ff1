// What a request asks for, read from its URL.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/names.hpp"
#include "testing/fake_status.hpp"

namespace marea::testing::fake {

struct Target {
  std::string group, version, plural;
  Key key;  // the name is empty for a whole collection
  std::string subresource;
  std::map<std::string, std::string> query;

  const std::string& Query(std::string_view name) const;  // empty: not given
  bool Flag(std::string_view name) const;                 // "1", "true"
};

// Errors: 404 for a path outside /api and /apis, 400 for broken percent-encoding.
Answer<Target> ParseTarget(std::string_view path);

}  // namespace marea::testing::fake
