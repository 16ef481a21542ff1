// How a session is reached from outside the cluster: one small object in front of its Service, by the class
// an Ingress, an HTTPRoute or none. Never without authentication: what answers behind it asks for the token,
// or for the Hub.
#pragma once

#include <string>
#include <vector>

#include "controllers/session/view.hpp"
#include "runtime/action.hpp"

namespace marea::session {

// The route of the class's kind, as JSON. Needs a class that wants one.
std::string RouteBody(const View& view);

// Before the pod of an attempt: what makes the routes those the class wants now. Empty: they are.
std::vector<runtime::Action> RouteActions(const View& view);

// A route of an earlier attempt is going and stands in the way of the next: controllers may hold it by
// finalizers.
bool RouteEnds(const View& view);

// The address of the route that is there; "" without one.
std::string RouteUrl(const View& view);

}  // namespace marea::session
