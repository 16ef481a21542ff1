// The garbage collector's part in owner references: dependents of owners that are gone, orphans to be set
// free, owners that wait for their dependents. Pure: whoever drives it says when.
#pragma once

#include "testing/fake_api.hpp"

namespace marea::testing {

// Does once all that is due in the present state, as requests to `api`; returns how many it sent. What these
// lead to is due the next time.
int CollectByOwners(FakeApi& api);

}  // namespace marea::testing
