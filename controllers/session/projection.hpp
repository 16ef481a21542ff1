// What a session's status says, beyond its records: one pure function of the records and of what is seen.
#pragma once

#include <optional>

#include "controllers/session/view.hpp"

namespace marea::session {

// `records` with its projection fields filled in: summary, url, names, queue reason, conditions. Conditions
// that did not change keep their transition time, so that an unchanged world projects to an unchanged status.
api::SessionStatus Project(const View& view, api::SessionStatus records);

// When a session begins to say that its end is near: ten minutes before, of a short run the last quarter.
std::optional<Time> ExpiryWarning(const api::SessionStatus& records);

}  // namespace marea::session
