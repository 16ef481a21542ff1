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

// Whether placement sees no difference between two states of a node: kubelets write their nodes all the time.
bool LooksTheSame(const kube::Node& before, const kube::Node& after);

// Whether it is the same class (null: none) in all but its status, which placement does not look at.
bool OnlyStatusChanged(const api::AcceleratorClass* before, const api::AcceleratorClass* after);

}  // namespace marea::placement
