#include "testing/fake_answers.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace marea::testing {
namespace {

using http::Response;

struct Refusal {
  Effect effect;
  int code;
  const char* reason;
};
constexpr std::array kRefusals{
    Refusal{Effect::kStatus401, 401, "Unauthorized"},      Refusal{Effect::kStatus403, 403, "Forbidden"},
    Refusal{Effect::kStatus404, 404, "NotFound"},          Refusal{Effect::kStatus409, 409, "Conflict"},
    Refusal{Effect::kStatus410, 410, "Expired"},           Refusal{Effect::kStatus422, 422, "Invalid"},
    Refusal{Effect::kStatus429, 429, "TooManyRequests"},   Refusal{Effect::kStatus500, 500, "InternalError"},
    Refusal{Effect::kStatus503, 503, "ServiceUnavailable"}};

Response StatusAnswer(const Refusal& refusal) {
  Response response;
  response.status = refusal.code;
  response.headers["content-type"] = "application/json";
  response.body =
      R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"a fault of the simulation","reason":")" +
      std::string(refusal.reason) + R"(","code":)" + std::to_string(refusal.code) + "}";
  if (refusal.code == 429) response.headers["retry-after"] = "2";
  return response;
}

Response Page(int code, const char* text) {
  return {code, {{"content-type", "text/html"}}, std::string("<html><body>") + text + "</body></html>"};
}

// Go writes an empty list either way.
void ToNull(std::string& body) {
  const auto items = body.find("\"items\":[]");
  items == std::string::npos ? body = "null" : body.replace(items, 10, "\"items\":null");
}

}  // namespace

std::optional<Response> RefusalOf(Effect effect) {
  if (effect == Effect::kHtml) return Page(502, "502 Bad Gateway");
  if (effect == Effect::kHtmlOk) return Page(200, "Please log in");
  const auto refusal = std::ranges::find(kRefusals, effect, &Refusal::effect);
  if (refusal == kRefusals.end()) return std::nullopt;
  return StatusAnswer(*refusal);
}

void Spoil(Effect effect, Response& response) {
  if (effect == Effect::kTruncated) response.body.resize(response.body.size() / 2);
  if (effect == Effect::kMalformed) response.body = "{\"metadata\": {\"name\": \"" + std::string(3, '\x01');
  if (effect == Effect::kNull) ToNull(response.body);
  if (effect == Effect::kWrongTypes) {
    response.body =
        R"({"kind":7,"metadata":{"name":["x"],"resourceVersion":{}},"items":"none","spec":[],"status":3})";
  }
}

}  // namespace marea::testing
