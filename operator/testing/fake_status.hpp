// Refusals as the API server words them: Status objects with their reason, details and causes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "http/transport.hpp"
#include "testing/fake_kind.hpp"

namespace marea::testing::fake {

struct Cause {
  std::string reason, message, field;  // "FieldValueInvalid", "Invalid value: …", "spec.run"
};

struct Refusal {
  int code;
  std::string reason;  // empty: the API server gives none (its 500)
  std::string message;
  Json details = nullptr;          // null: none
  Json metadata = Json::object();  // ListMeta: a fresh continue token of a 410
  std::string warning = {};        // the header
  bool plain = false;              // no Status: the bare text
};

// What a step of handling a request comes to.
template <class T>
using Answer = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> Refuse(Refusal refusal) {
  return tl::unexpected<Refusal>(std::move(refusal));
}

Refusal BadRequest(std::string message);
Refusal NoSuchPath(bool core);  // outside of the core's group it is no Status
Refusal NotFound(const Kind& kind, std::string_view name);
Refusal AlreadyExists(const Kind& kind, std::string_view name, bool terminating);
Refusal Conflict(const Kind& kind, std::string_view name);  // of resourceVersions
Refusal Forbidden(const Kind& kind, std::string_view name, std::string_view why);
Refusal Invalid(const Kind& kind, std::string_view name, const std::vector<Cause>& causes);
Refusal Expired(std::string message);
Refusal TooLargeVersion(std::uint64_t asked, std::uint64_t current);

Cause InvalidValue(std::string field, const Json& value, std::string_view what);
Cause Required(std::string field, std::string_view what = {});
Cause ForbiddenField(std::string field, std::string_view what);

Json StatusObject(const Refusal& refusal);
http::Response JsonResponse(int code, std::string body);
http::Response ToResponse(const Refusal& refusal);

// As the API server writes JSON: what is no UTF-8 becomes U+FFFD.
std::string Dump(const Json& json);

}  // namespace marea::testing::fake
