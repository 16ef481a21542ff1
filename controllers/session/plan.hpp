// The life of a session as one pure function: what is the next small step?
//
// The steps stand in plan.cpp in the order they are tried; the first that answers wins. A step either writes
// a record (a decision, into status, alone) or has an effect that an earlier record covers (create, delete).
// Records come before effects, so that a crash between the two repeats the effect and never the decision.
#pragma once

#include <optional>

#include "controllers/api/world.hpp"
#include "controllers/session/settings.hpp"
#include "runtime/controller.hpp"

namespace marea::session {

runtime::Decision Decide(const api::World& world, const Settings& settings, const Key& key,
                         const runtime::Context& context);

// What the session asks placement for: a value exactly while it is accepted, waits, and has no pod left over.
std::optional<api::Request> RequestOf(const api::World& world, const Settings& settings, const Key& key,
                                      const runtime::Context& context);

}  // namespace marea::session
