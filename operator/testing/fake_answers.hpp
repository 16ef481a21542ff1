// What a server, or a proxy before it, answers when something is wrong.
#pragma once

#include <optional>

#include "http/transport.hpp"
#include "testing/fault_plan.hpp"

namespace marea::testing {

// The server did nothing and answers this; nullopt for effects that are no refusal.
std::optional<http::Response> RefusalOf(Effect effect);

// The server acted; `response` becomes what arrives of its answer. Other effects leave it as it is.
void Spoil(Effect effect, http::Response& response);

}  // namespace marea::testing
