// The LISTs of a cold start and nothing else: collections read page by page, side by side, and not decoded
// beyond where the next page is.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "http/transport.hpp"
#include "loop/loop.hpp"

namespace marea::bench {

struct ListsResult {
  std::size_t pages = 0, bytes = 0;
  std::string failure;  // the first; empty: none
};

// `paths` are those of the first pages. `done` comes once, on the loop, when all are read or have failed.
void ReadLists(Loop& loop, http::Transport& transport, const std::vector<std::string>& paths,
               std::function<void(const ListsResult&)> done);

}  // namespace marea::bench
