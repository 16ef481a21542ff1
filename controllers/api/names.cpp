#include "controllers/api/names.hpp"

namespace marea::api {

Key PodKey(const Session& session) {
  return KeyOf(session.metadata);
}

Key ServiceKey(const Session& session) {
  return KeyOf(session.metadata);
}

Key RouteKey(const Session& session) {
  return KeyOf(session.metadata);
}

Key NetworkPolicyKey(const Session& session) {
  return KeyOf(session.metadata);
}

Key SecretKey(const Session& session, std::int64_t attempt, std::string_view key_id) {
  return {session.metadata.ns,
          session.metadata.name + "-" + std::to_string(attempt) + "-" + std::string(key_id)};
}

std::string CredentialsSecretName(const Session& session) {
  return session.metadata.name + "-credentials";
}

std::string HomeClaimName(const SessionSpec& spec, std::string_view user) {
  return spec.home.claim_name.empty() ? "claim-" + SafeName(user, 57) : spec.home.claim_name;
}

std::string OwnPath(const Session& session) {
  return "/session/" + session.metadata.ns + "/" + session.metadata.name + "/";
}

}  // namespace marea::api
