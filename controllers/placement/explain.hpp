// What somebody who waits is told: the reason in one word, and a sentence with numbers and, where a person
// must act, the remedy.
#pragma once

#include <functional>
#include <vector>

#include "controllers/placement/placement.hpp"

namespace marea::placement {

// What Capacity::Look says of one of the request's alternatives, by its index; whoever asks for many requests
// of one shape looks once.
using Surveyor = std::function<Capacity::Survey(std::size_t index)>;

// Why the request has none of its alternatives. Of the first that could come true by itself; stalled where
// none can.
api::Wait Explain(const Capacity& capacity, const Sharing& sharing, const api::Request& request,
                  const Surveyor& look);

// Whether the alternative could ever be had, as things stand. `index` is among the request's; of a request
// without devices 0.
bool IsPossible(const Capacity& capacity, const Sharing& sharing, const api::Request& request,
                const Surveyor& look, std::size_t index);

// Without a memory.
Surveyor LookAt(const Capacity& capacity, const api::Request& request);

// The alternatives, or the one of a request without devices.
const std::vector<api::Alternative>& Choices(const api::Request& request);

}  // namespace marea::placement
