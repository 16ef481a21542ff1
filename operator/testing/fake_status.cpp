#include "testing/fake_status.hpp"

#include <algorithm>

namespace marea::testing::fake {

namespace {

std::string Quote(std::string_view text) {
  return Dump(Json(text));
}

std::string GroupResource(const Kind& kind, std::string_view word) {
  return std::string(word) + (kind.group.empty() ? "" : "." + kind.group);
}

Json Details(const Kind& kind, std::string_view name, std::string_view word) {
  Json details = {{"kind", word}};
  if (!name.empty()) details["name"] = name;
  if (!kind.group.empty()) details["group"] = kind.group;
  return details;
}

}  // namespace

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Refusal BadRequest(std::string message) {
  return {400, "BadRequest", std::move(message)};
}

Refusal NoSuchPath(bool core) {
  if (core) return {404, "NotFound", "the server could not find the requested resource", Json::object()};
  Refusal refusal{404, "NotFound", "404 page not found\n"};
  refusal.plain = true;
  return refusal;
}

Refusal NotFound(const Kind& kind, std::string_view name) {
  return {404, "NotFound", GroupResource(kind, kind.plural) + " " + Quote(name) + " not found",
          Details(kind, name, kind.plural)};
}

Refusal AlreadyExists(const Kind& kind, std::string_view name, bool terminating) {
  return {409, "AlreadyExists",
          std::string(terminating ? "object is being deleted: " : "") + GroupResource(kind, kind.plural) +
              " " + Quote(name) + " already exists",
          Details(kind, name, kind.plural)};
}

Refusal Conflict(const Kind& kind, std::string_view name) {
  return {409, "Conflict",
          "Operation cannot be fulfilled on " + GroupResource(kind, kind.plural) + " " + Quote(name) +
              ": the object has been modified; please apply your changes to the latest version and try again",
          Details(kind, name, kind.plural)};
}

Refusal Forbidden(const Kind& kind, std::string_view name, std::string_view why) {
  return {403, "Forbidden",
          GroupResource(kind, kind.plural) + " " + Quote(name) + " is forbidden: " + std::string(why),
          Details(kind, name, kind.plural)};
}

Refusal Invalid(const Kind& kind, std::string_view name, const std::vector<Cause>& causes) {
  std::string message = GroupResource(kind, kind.kind) + " " + Quote(name) + " is invalid: ";
  Json list = Json::array();
  std::vector<std::string> said;  // once each
  for (const Cause& cause : causes) {
    std::string text = cause.field + ": " + cause.message;
    if (std::ranges::find(said, text) == said.end()) said.push_back(std::move(text));
    list.push_back({{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  }
  Json details = Details(kind, name, kind.kind);
  details["causes"] = std::move(list);
  std::string all;
  for (const std::string& text : said) all += (all.empty() ? "" : ", ") + text;
  message += said.size() > 1 ? "[" + all + "]" : all;
  return {422, "Invalid", std::move(message), std::move(details)};
}

Refusal Expired(std::string message) {
  return {410, "Expired", std::move(message)};
}

Refusal TooLargeVersion(std::uint64_t asked, std::uint64_t current) {
  return {
      504,
      "Timeout",
      "Timeout: Too large resource version: " + std::to_string(asked) +
          ", current: " + std::to_string(current),
      {{"causes",
        Json::array({{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}})},
       {"retryAfterSeconds", 1}}};
}

Cause InvalidValue(std::string field, const Json& value, std::string_view what) {
  return {"FieldValueInvalid", "Invalid value: " + Dump(value) + ": " + std::string(what), std::move(field)};
}

Cause Required(std::string field, std::string_view what) {
  return {"FieldValueRequired", "Required value" + (what.empty() ? "" : ": " + std::string(what)),
          std::move(field)};
}

Cause ForbiddenField(std::string field, std::string_view what) {
  return {"FieldValueForbidden", "Forbidden: " + std::string(what), std::move(field)};
}

Json StatusObject(const Refusal& refusal) {
  Json status = {{"kind", "Status"},    {"apiVersion", "v1"},         {"metadata", refusal.metadata},
                 {"status", "Failure"}, {"message", refusal.message}, {"code", refusal.code}};
  if (!refusal.reason.empty()) status["reason"] = refusal.reason;
  if (!refusal.details.is_null()) status["details"] = refusal.details;
  return status;
}

http::Response JsonResponse(int code, std::string body) {
  return {code, {{"content-type", "application/json"}}, std::move(body)};
}

http::Response ToResponse(const Refusal& refusal) {
  if (refusal.plain) return {refusal.code, {{"content-type", "text/plain; charset=utf-8"}}, refusal.message};
  http::Response response = JsonResponse(refusal.code, Dump(StatusObject(refusal)));
  if (refusal.details.contains("retryAfterSeconds")) {
    response.headers["retry-after"] = std::to_string(refusal.details["retryAfterSeconds"].get<int>());
  }
  if (!refusal.warning.empty()) response.headers["warning"] = refusal.warning;
  return response;
}

}  // namespace marea::testing::fake
