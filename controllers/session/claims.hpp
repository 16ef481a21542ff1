// What the claims of a session mean for where its pod may stand, and how its home grows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controllers/session/view.hpp"
#include "runtime/action.hpp"

namespace marea::session {

// The home first, then the class's volumes and the session's own. Needs view.session_class.
std::vector<api::ClaimNeed> ClaimNeeds(const View& view);

// The home is to be larger than it was asked to be, and its StorageClass lets it grow.
std::optional<runtime::Patch> GrowHome(const View& view);

// In a sentence, why a home that is to grow does not, or how far it is: "" when nothing is under way.
std::string GrowthMessage(const View& view);

}  // namespace marea::session
