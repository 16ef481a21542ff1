// Keeps World::claim_users up to date: which sessions and pods name which claims.
#pragma once

#include <vector>

#include "controllers/api/world.hpp"

namespace marea::session {

// What a session names itself, once its user is known: its home, then its volumes.
std::vector<Key> NamedClaims(const api::Session& session);

class ClaimIndex {
 public:
  explicit ClaimIndex(api::World& world);  // which outlives it; before the caches are filled

 private:
  api::World& world_;
};

}  // namespace marea::session
