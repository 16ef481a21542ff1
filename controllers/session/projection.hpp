// What a session's status says, beyond its records: one pure function of the records and of what is seen.
#pragma once

#include "controllers/session/view.hpp"

namespace marea::session {

// `records` with its projection fields filled in: summary, url, names, queue reason, conditions. Conditions
// that did not change keep their transition time, so that an unchanged world projects to an unchanged status.
api::SessionStatus Project(const View& view, api::SessionStatus records);

// The trouble a container of the pod is in by now ("ErrImagePull: …"), or empty.
std::string StartTrouble(const kube::Pod& pod);

}  // namespace marea::session
