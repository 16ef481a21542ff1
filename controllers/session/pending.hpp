// What was changed since the pod was made and waits for the next attempt: a running pod is never replaced
// because its session was edited, its class was, or the operator is another.
#pragma once

#include <string>

#include "controllers/session/view.hpp"

namespace marea::session {

// "image=1f0c9a2e,…": a short digest of each thing a pod is made from, for its annotation. Needs
// view.session_class.
std::string MadeFrom(const View& view, const std::string& accelerator_class);

// "image, resources": what differs from the pod's annotation. Empty without a pod, and without a class.
std::string PendingChange(const View& view);

}  // namespace marea::session
