// What the session controller is configured with.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"

namespace marea::session {

// The keys that sign notebook tokens, by key id. Ids sort by date; the greatest signs.
struct TokenKeys {
  std::map<std::string, std::string> by_id;

  const std::string& newest_id() const { return by_id.rbegin()->first; }  // by_id is never empty
};

// One key per file of `directory`, named by its id (a DNS label of at most 8 characters); hidden files are
// skipped. Errors: kNotFound when there is none, kInvalid for a bad name or a key under 32 bytes.
Result<TokenKeys> LoadTokenKeys(const std::string& directory);

// base64url(HMAC-SHA256(key, uid + "/" + attempt)): the same for the same attempt, so that a repeated create
// of its Secret is harmless.
std::string Token(const std::string& key, const std::string& uid, std::int64_t attempt);

struct Settings {
  TokenKeys keys;
  bool gateway_api = false;          // the cluster has the Gateway API, and we may write HTTPRoutes
  bool session_info_metric = false;  // /metrics names every session and its user
  std::string priority_class = {};   // of pods whose class names none; empty: the cluster's default
};

}  // namespace marea::session
