#include "cli/structured.hpp"

#include <cassert>
#include <nlohmann/json.hpp>

namespace marea::cli {
namespace {

using Json = nlohmann::ordered_json;

Json Parse(std::string_view json) {
  Json value = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  assert(!value.is_discarded());
  return value;
}

// A scalar or an empty collection; JSON is YAML, so that quoted text stays text.
std::string Inline(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Names of ours are plain words; others, such as those of devices, are quoted like any text.
std::string Name(const std::string& name) {
  const bool plain =
      !name.empty() &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == name.npos &&
      name != "y" && name != "n" && name != "yes" && name != "no" && name != "on" && name != "off" &&
      name != "true" && name != "false" && name != "null";
  return plain ? name : Inline(Json(name));
}

void Write(const Json& value, std::size_t indent, bool in_list, std::string& out) {
  bool first = true;
  const auto begin = [&] {
    if (!(first && in_list)) out += std::string(indent, ' ');  // the first stands behind the dash
    first = false;
  };
  if (value.is_object() && !value.empty()) {
    for (const auto& [name, member] : value.items()) {
      begin();
      out += Name(name) + ":";
      if (member.is_structured() && !member.empty()) {
        out += "\n";
        Write(member, indent + (member.is_array() ? 0 : 2), false, out);
      } else {
        out += " " + Inline(member) + "\n";
      }
    }
  } else if (value.is_array() && !value.empty()) {
    for (const auto& element : value) {
      begin();
      out += "- ";
      Write(element, indent + 2, true, out);
    }
  } else {
    begin();
    out += Inline(value) + "\n";
  }
}

}  // namespace

std::string PrettyJson(std::string_view json) {
  return Parse(json).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string Yaml(std::string_view json) {
  std::string out;
  Write(Parse(json), 0, false, out);
  return out;
}

}  // namespace marea::cli
