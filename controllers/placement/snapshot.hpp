// The platform as placement sees it, read off the world.
#pragma once

#include <functional>

#include "controllers/api/world.hpp"
#include "controllers/placement/placement.hpp"

namespace marea::placement {

// What a node's pods and admissions use is counted once each: a bound pod by its requests (foreign pods too,
// unless they have ended), an admitted session whose pod is not bound yet by its admission. A waiting session
// that `taken_up` says is acting on its Admit proposal counts as admitted and waits no more.
Snapshot Read(const api::World& world, const std::function<bool(const Key&)>& taken_up);

}  // namespace marea::placement
