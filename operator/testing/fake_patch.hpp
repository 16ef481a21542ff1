// Merge patches (RFC 7386) and JSON patches (RFC 6902), as the API server applies them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "testing/fake_kind.hpp"
#include "testing/fake_status.hpp"

namespace marea::testing::fake {

// A body as JSON; nothing when it is none, or nests deeper than Go's decoder goes.
std::optional<Json> ParseBody(std::string_view body);

void ApplyMergePatch(Json& object, const Json& patch);

// Patches `object`. Errors: 400 for what is no patch, 422 for a failed test or a path that is not there.
Answer<void> ApplyJsonPatch(Json& object, const Json& patch);

// The result of a PATCH body on `current`. Errors: as above, 415 for other content types.
Answer<Json> Patched(const Json& current, std::string_view body, std::string_view content_type);

}  // namespace marea::testing::fake
