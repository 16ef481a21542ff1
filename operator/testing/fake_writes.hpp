// Create, replace, patch, bind, delete: each answers and commits at most one change.
#pragma once

#include <cstdint>
#include <functional>

#include "testing/fake_kinds.hpp"
#include "testing/fake_request.hpp"
#include "testing/fake_store.hpp"

namespace marea::testing::fake {

class Writes {
 public:
  Writes(Store& store, std::function<Time()> now) : store_(store), now_(std::move(now)) {}

  Answer<http::Response> Create(Collection& collection, const Target& target, const http::Request& request);
  Answer<http::Response> Update(Collection& collection, const Target& target, const http::Request& request);
  Answer<http::Response> Delete(Collection& collection, const Target& target, const http::Request& request);
  Answer<http::Response> DeleteAll(Collection& collection, const Target& target,
                                   const http::Request& request);
  Answer<http::Response> Bind(Collection& pods, const Target& target, const http::Request& request);

 private:
  Answer<void> CheckNamespace(const Kind& kind, const Target& target, const Json& object) const;
  Answer<http::Response> Insert(Collection& collection, const Target& target, Json object);
  Answer<http::Response> Replace(Collection& collection, const Target& target, Json object, bool patch);
  Answer<void> FinishUpdate(const Kind& kind, const Target& target, const Json& before, Json& object);
  Answer<http::Response> Commit(Collection& collection, const Key& key, Json object, const Target& target,
                                int code);
  Surroundings Around();

  Store& store_;
  std::function<Time()> now_;
  std::uint64_t uids_ = 0, addresses_ = 0, suffixes_ = 0;
};

}  // namespace marea::testing::fake
