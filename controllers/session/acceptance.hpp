// Whether a session can be served at all as it is asked for: a list of small policies, the first objection
// counts.
#pragma once

#include <optional>
#include <string>

#include "controllers/session/view.hpp"

namespace marea::session {

struct Problem {
  std::string reason;   // CamelCase: the reason of condition Accepted=False
  std::string message;  // names the field and the remedy
};

std::optional<Problem> FindProblem(const View& view);

}  // namespace marea::session
