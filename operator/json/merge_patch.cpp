#include <cassert>
#include <nlohmann/json.hpp>

#include "json/encode.hpp"

namespace marea::json {
namespace {

using Json = nlohmann::json;

Json Parse(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  assert(json.is_object());
  return json;
}

Json Difference(const Json& from, const Json& to) {
  Json patch = Json::object();
  for (const auto& [name, value] : from.items()) {
    if (!to.contains(name)) patch[name] = nullptr;
  }
  for (const auto& [name, value] : to.items()) {
    const auto old = from.find(name);
    if (old == from.end()) {
      patch[name] = value;
    } else if (*old != value) {
      patch[name] = old->is_object() && value.is_object() ? Difference(*old, value) : value;
    }
  }
  return patch;
}

}  // namespace

std::string MergePatchJson(std::string_view from, std::string_view to) {
  if (from == to) return "";  // as almost always: the texts of equal values are equal
  const Json patch = Difference(Parse(from), Parse(to));
  return patch.empty() ? "" : patch.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace marea::json
