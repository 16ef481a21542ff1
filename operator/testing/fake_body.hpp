// From the body of a write to an object in the shape of its kind.
#pragma once

#include <string>

#include "testing/fake_request.hpp"

namespace marea::testing::fake {

// The body of a POST or PUT; what core kinds may leave out of their type is filled in. Errors: 400, 415.
Answer<Json> ReadObject(const Kind& kind, const http::Request& request);

Answer<void> CheckApiVersion(const Kind& kind, const Json& object);
// A custom object that says it is something else is 422; core kinds cannot even be read then, 400.
Answer<void> CheckKind(const Kind& kind, const Json& object);

// Brings metadata into order, drops unknown fields of custom kinds and checks the namespace. Returns the
// warning header about those fields; errors as fieldValidation has it.
Answer<std::string> Read(const Kind& kind, const Target& target, Json& object, http::Method method);

}  // namespace marea::testing::fake
