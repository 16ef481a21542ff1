// The names of everything Marea makes, derived from the session alone, and the labels it bears.
#pragma once

#include <string>
#include <string_view>

#include "controllers/api/kinds.hpp"

namespace marea::api {

inline constexpr std::string_view kSessionLabel = "marea.dev/session";
inline constexpr std::string_view kUserLabel = "marea.dev/user";       // a safe form of the user
inline constexpr std::string_view kUserAnnotation = "marea.dev/user";  // the user, exactly
inline constexpr std::string_view kTokenKeyAnnotation = "marea.dev/token-key";
inline constexpr std::string_view kAttemptAnnotation = "marea.dev/attempt";
inline constexpr std::string_view kBasePathAnnotation = "marea.dev/base-path";  // that the pod answers under
inline constexpr std::string_view kMadeFromAnnotation =
    "marea.dev/made-from";                                           // digests of what made the pod
inline constexpr std::string_view kUrlAnnotation = "marea.dev/url";  // of a route: where people get by it
inline constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";

Key PodKey(const Session& session);      // one constant name: two pods at once are impossible
Key ServiceKey(const Session& session);  // the same name
Key RouteKey(const Session& session);    // the same
Key NetworkPolicyKey(const Session& session);
Key SecretKey(const Session& session, std::int64_t attempt, std::string_view key_id);
// Made by a Hub, read by the kubelet alone.
std::string CredentialsSecretName(const Session& session);

// The claim the spec names, else the user's own: "claim-" and a safe form of `user`.
std::string HomeClaimName(const SessionSpec& spec, std::string_view user);

// "/session/<namespace>/<name>/": what a session answers under where a host name is shared.
std::string OwnPath(const Session& session);

}  // namespace marea::api
