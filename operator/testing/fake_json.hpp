// Looking into JSON that may have any shape: nothing here throws or inserts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace marea::testing::fake {

using Json = nlohmann::json;

inline const Json kNull = nullptr;

// The member, or null when `json` is no object or has none.
inline const Json& At(const Json& json, const char* key) {
  if (!json.is_object()) return kNull;
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

template <class... Keys>
const Json& At(const Json& json, const char* key, Keys... keys) {
  return At(At(json, key), keys...);
}

inline const std::string kEmpty;

// A string member, or the empty string.
template <class... Keys>
const std::string& TextAt(const Json& json, Keys... keys) {
  const auto* text = At(json, keys...).template get_ptr<const std::string*>();
  return text == nullptr ? kEmpty : *text;
}

template <class... Keys>
std::int64_t IntegerAt(const Json& json, std::int64_t otherwise, Keys... keys) {
  const Json& value = At(json, keys...);
  return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

inline bool IsNonEmptyList(const Json& json) {
  return json.is_array() && !json.empty();
}

// Puts `value` in unless there is something else than null already.
inline void SetDefault(Json& object, const char* key, Json value) {
  Json& member = object[key];
  if (member.is_null()) member = std::move(value);
}

// The member as an object, made when it is missing or something else.
inline Json& ObjectAt(Json& object, const char* key) {
  Json& member = object[key];
  if (!member.is_object()) member = Json::object();
  return member;
}

}  // namespace marea::testing::fake
