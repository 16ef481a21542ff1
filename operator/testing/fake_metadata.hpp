// The rules for ObjectMeta that all kinds share.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"
#include "testing/fake_kind.hpp"
#include "testing/fake_status.hpp"

namespace marea::testing::fake {

// Makes metadata an object with the fields that ObjectMeta has and nothing else; returns the paths of others.
// Errors: 400 for wrong types.
Answer<std::vector<std::string>> ReadMetadata(Json& object);

// What a new object gets from the server, whatever its body says.
void StampNew(const Kind& kind, Json& object, const std::string& uid, Time now);

// What a write may not change is taken over where the body leaves it out; and what is refused.
std::vector<Cause> CarryOver(const Json& before, Json& object);

// Names, labels, annotations, finalizers, owner references.
std::vector<Cause> ValidateMetadata(const Kind& kind, const Json& object);

bool IsTerminating(const Json& object);

}  // namespace marea::testing::fake
