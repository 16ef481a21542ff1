// The kinds that need no CustomResourceDefinition: what each fills in, refuses and keeps.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "testing/fake_kind.hpp"
#include "testing/fake_status.hpp"
#include "testing/fake_store.hpp"

namespace marea::testing::fake {

std::vector<Kind> BuiltinKinds();

// What defaults and admission may look at besides the object itself.
struct Surroundings {
  Store& store;
  Time now;
  std::uint64_t addresses = 0;  // of Services, handed out so far
};

// Defaults and the checks of a new object. Metadata is in order already.
Answer<void> AdmitNew(Surroundings& surroundings, const Kind& kind, Json& object);

// The same for a change of the main resource; status is still what the writer sent and is put back.
Answer<void> AdmitChange(Surroundings& surroundings, const Kind& kind, const Json& before, Json& object);

// A write to /status: what it may not touch is put back.
void KeepAllButStatus(const Kind& kind, const Json& before, Json& object);

// How long a pod may take to end: what was asked, else its own; 0 when nothing runs that could end.
std::int64_t GraceSeconds(const Json& pod, std::int64_t asked, bool given);

// POST pods/NAME/binding. Errors: 409 when it is bound or ending.
Answer<Json> Bound(Surroundings surroundings, const Kind& kind, const Json& pod, const Json& binding);

}  // namespace marea::testing::fake
