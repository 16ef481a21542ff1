// What a session that has its place needs to be there: its home, token, Service, routes, and at last its pod.
// Steps of plan.cpp; nullopt: this one has nothing to say.
#pragma once

#include <optional>

#include "controllers/session/view.hpp"
#include "runtime/controller.hpp"

namespace marea::session {

// First what a pod refers to, then the pod. Nothing while a name is taken, an old route ends, or what the API
// server refused waits to be asked for again.
std::optional<runtime::Decision> CreateObjects(const View& view);

// A home that its owner deleted while the pod was on its way: no scheduler places a pod without its claim.
std::optional<runtime::Decision> MakeHomeAnew(const View& view);

// When what the API server refused is asked for again; nullopt: nothing was, or nothing is missing.
std::optional<Time> RefusalRetry(const View& view);

}  // namespace marea::session
