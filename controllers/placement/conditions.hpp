// Conditions of objects whose status this role writes.
#pragma once

#include <vector>

#include "controllers/api/common.hpp"

namespace marea::placement {

// Its time moves when its status turns, and then alone.
void SetCondition(std::vector<api::Condition>& conditions, api::Condition condition, std::int64_t generation,
                  Time now);

}  // namespace marea::placement
