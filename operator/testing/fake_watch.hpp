// Open watches: what each wants to see of the commits, and the lines that tell it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "testing/fake_selector.hpp"
#include "testing/fake_store.hpp"

namespace marea::testing::fake {

struct Watch {
  Collection* collection;
  std::string ns;  // empty: all
  Selector selector;
  bool bookmarks;
  std::uint64_t from;  // tells of commits after this version
  std::function<void(const std::string& line)> on_line;
  bool mute = false;  // a restore went back behind it
};

class Watches {
 public:
  using Id = std::uint64_t;

  // Tells what is due: the objects of now as ADDED (and, for a WatchList, the bookmark that ends them), or
  // the history since `from`.
  Id Open(Watch watch, const Store& store, bool initial, bool initial_end);
  void Close(Id id);
  void Tell(const Collection& collection, const Commit& commit);
  std::string Bookmark(Id id, std::uint64_t version) const;  // empty: unknown, or not wanted
  void MuteAll();

 private:
  std::map<Id, std::shared_ptr<Watch>> open_;
  Id last_ = 0;
};

// {"type":"ERROR","object":…} and a newline.
std::string ErrorLine(const Refusal& refusal);

}  // namespace marea::testing::fake
