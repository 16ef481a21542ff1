// What the answers to our own writes teach about a session, beyond what any cache will show.
#pragma once

#include "base/result.hpp"
#include "controllers/api/world.hpp"
#include "runtime/action.hpp"

namespace marea::session {

void Learn(api::World& world, const api::Session& session, const runtime::Action& action,
           const Result<void>& result, Time now);

}  // namespace marea::session
