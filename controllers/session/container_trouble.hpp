// What the kubelet says about a container, for people.
#pragma once

#include <optional>

#include "controllers/session/diagnosis.hpp"

namespace marea::session {

// `memory` is the container's limit. Nullopt: nothing is wrong with it.
std::optional<Trouble> ContainerTrouble(const kube::ContainerStatus& container, const kube::PodStatus& pod,
                                        Quantity memory);

}  // namespace marea::session
