// GET of objects and lists, and what a watch asks for.
#pragma once

#include "testing/fake_request.hpp"
#include "testing/fake_store.hpp"
#include "testing/fake_watch.hpp"

namespace marea::testing::fake {

Answer<http::Response> Get(const Store& store, const Collection& collection, const Target& target);
Answer<http::Response> List(const Store& store, const Collection& collection, const Target& target);

struct WatchRequest {
  Watch watch;
  bool initial;      // the objects of now come first, as ADDED
  bool initial_end;  // and a bookmark after them
};
// Errors: 400 and 500 for parameters that make no sense; a version that is too old is found out later.
Answer<WatchRequest> ReadWatch(Collection& collection, const Target& target);

}  // namespace marea::testing::fake
