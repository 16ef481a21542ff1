#include "controllers/session/claim_index.hpp"

#include "controllers/api/names.hpp"

namespace marea::session {
namespace {

std::vector<Key> ClaimsOf(const api::Session* session) {
  return session == nullptr ? std::vector<Key>{} : NamedClaims(*session);
}

std::vector<Key> ClaimsOf(const kube::Pod* pod) {
  std::vector<Key> claims;
  if (pod == nullptr) return claims;
  for (const auto& volume : pod->spec.volumes) {
    if (volume.claim) claims.push_back({pod->metadata.ns, volume.claim->claim_name});
  }
  return claims;
}

template <class T>
void Update(std::map<Key, api::ClaimUsers>& index, std::set<Key> api::ClaimUsers::* users, const Key& key,
            const T* before, const T* after) {
  const auto was = ClaimsOf(before), is = ClaimsOf(after);
  if (was == is) return;
  for (const Key& claim : was) {
    const auto entry = index.find(claim);
    if (entry == index.end()) continue;
    (entry->second.*users).erase(key);
    if (entry->second.sessions.empty() && entry->second.pods.empty()) index.erase(entry);
  }
  for (const Key& claim : is) (index[claim].*users).insert(key);
}

}  // namespace

std::vector<Key> NamedClaims(const api::Session& session) {
  if (session.status.user.empty()) return {};
  const auto& ns = session.metadata.ns;
  std::vector<Key> claims{{ns, api::HomeClaimName(session.spec, session.status.user)}};
  for (const auto& volume : session.spec.volumes) claims.push_back({ns, volume.claim_name});
  return claims;
}

ClaimIndex::ClaimIndex(api::World& world) : world_(world) {
  world_.sessions.Listen([this](const Key& key, const auto& before, const auto& after) {
    Update(world_.claim_users, &api::ClaimUsers::sessions, key, before.get(), after.get());
  });
  world_.pods.Listen([this](const Key& key, const auto& before, const auto& after) {
    Update(world_.claim_users, &api::ClaimUsers::pods, key, before.get(), after.get());
  });
}

}  // namespace marea::session
