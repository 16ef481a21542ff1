// Pods, as the API server alone sees them: defaults, what may change, binding, the grace of their end.
#pragma once

#include "testing/fake_kinds.hpp"

namespace marea::testing::fake {

Answer<void> AdmitPod(Surroundings& surroundings, const Kind& kind, Json& object);
void CompleteConditions(Json& pod);  // with the times that nobody gave
Answer<void> ChangePod(const Kind& kind, const Json& before, Json& object);

}  // namespace marea::testing::fake
