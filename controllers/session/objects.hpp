// The objects a session consists of, as JSON: always the same bytes for the same session, attempt and class.
#pragma once

#include <string>

#include "controllers/session/view.hpp"

namespace marea::session {

// All need view.session_class; the pod and the Secret need an admission in `records`.
std::string HomeClaimBody(
    const View& view);  // without an owner reference: nothing of ours ever deletes a home
std::string ServiceBody(const View& view);
// Lets in what comes to the notebook's port alone, and nothing out to the cloud's metadata service.
std::string NetworkPolicyBody(const View& view);
std::string SecretBody(const View& view, const api::SessionStatus& records);
std::string PodBody(const View& view, const api::SessionStatus& records);

}  // namespace marea::session
