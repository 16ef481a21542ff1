// What the status of an AcceleratorClass says: how many of its devices there are, who has them and who waits,
// counted over all namespaces and by the rules that placement goes by (state.hpp, OwnerOf).
//
// Nodes count that placement would give a session to: Ready, not cordoned, the class being the owner of their
// resource. What stands on other nodes is neither capacity nor allocated.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "controllers/api/world.hpp"
#include "controllers/placement/capacity.hpp"
#include "runtime/controller.hpp"

namespace marea::placement {

struct DeviceCount {
  std::int64_t generation = 0;  // of the class that was counted
  std::int64_t nodes = 0, capacity = 0, allocated = 0, free = 0;
  std::int64_t queued = 0;        // devices of the first alternatives of those who wait
  std::int64_t unmet = 0;         // of these, of those who wait for a device and nothing else
  std::int64_t unready = 0;       // nodes that would offer it but are cordoned, going or not Ready
  std::set<std::string> winners;  // the classes that own nodes this one selects; names
};

using DeviceCounts = std::map<std::string, DeviceCount>;  // by class name

// No number is above the schema's maximum, whatever nodes and pods claim.
DeviceCounts CountDevices(const api::World& world, const Capacity& capacity);

// The write that makes the class's status say what was counted, or nothing. A class that was changed since
// then is left to the next count.
runtime::Decision DecideClassStatus(const api::World& world, const DeviceCounts& counts, const Key& key,
                                    const runtime::Context& context);

}  // namespace marea::placement
