// What somebody who waits is told: the reason in one word, and a sentence with numbers and, where a person
// must act, the remedy.
#pragma once

#include "controllers/placement/placement.hpp"

namespace marea::placement {

// Why the request has none of its alternatives. Of the first that could come true by itself; stalled where
// none can.
api::Wait Explain(const Capacity& capacity, const Sharing& sharing, const api::Request& request);

// Whether the alternative could ever be had, as things stand. `index` is among the request's; of a request
// without devices 0.
bool IsPossible(const Capacity& capacity, const Sharing& sharing, const api::Request& request,
                std::size_t index);

// The alternatives, or the one of a request without devices.
std::vector<api::Alternative> Choices(const api::Request& request);

}  // namespace marea::placement
