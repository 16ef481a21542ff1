// PersistentVolumeClaims and PersistentVolumes, as the API server alone sees them.
#pragma once

#include "testing/fake_kinds.hpp"

namespace marea::testing::fake {

Answer<void> AdmitClaim(Surroundings& surroundings, const Kind& kind, Json& object);
Answer<void> ChangeClaim(Surroundings& surroundings, const Kind& kind, const Json& before, Json& object);
Answer<void> AdmitVolume(Surroundings& surroundings, Json& object);

}  // namespace marea::testing::fake
