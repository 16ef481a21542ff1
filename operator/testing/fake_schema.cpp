#include "testing/fake_schema.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <regex>

#include "base/time.hpp"
#include "base/utf8.hpp"
#include "testing/fake_json.hpp"

namespace marea::testing::fake {

struct SchemaNode {
  std::string type;  // empty: any
  bool int_or_string = false;
  bool has_rules = false;  // CEL, here or below
  std::map<std::string, SchemaNode> properties;
  std::unique_ptr<SchemaNode> values;  // additionalProperties
  std::unique_ptr<SchemaNode> items;
  std::vector<std::string> required;
  std::vector<std::string> map_keys;  // x-kubernetes-list-map-keys
  bool is_set = false;                // x-kubernetes-list-type
  Json enumeration, fallback;         // null: none
  std::optional<std::int64_t> min_length, max_length, min_items, max_items, max_properties;
  std::optional<double> minimum, maximum;
  std::string format, pattern;
  std::optional<std::regex> regex;
};

namespace {

// --- From openAPIV3Schema ------------------------------------------------------------------------

template <class Number>
std::optional<Number> NumberAt(const Json& json, const char* key) {
  const Json& value = At(json, key);
  return value.is_number() ? std::optional(value.get<Number>()) : std::nullopt;
}

std::vector<std::string> TextsAt(const Json& json, const char* key) {
  std::vector<std::string> texts;
  for (const Json& text : At(json, key)) {
    if (text.is_string()) texts.push_back(text);
  }
  return texts;
}

SchemaNode Compiled(const Json& schema) {
  SchemaNode node;
  node.type = TextAt(schema, "type");
  node.int_or_string = At(schema, "x-kubernetes-int-or-string") == true;
  node.has_rules = !At(schema, "x-kubernetes-validations").is_null();
  node.required = TextsAt(schema, "required");
  node.map_keys = TextsAt(schema, "x-kubernetes-list-map-keys");
  node.is_set = TextAt(schema, "x-kubernetes-list-type") == "set";
  node.enumeration = At(schema, "enum");
  node.fallback = At(schema, "default");
  node.min_length = NumberAt<std::int64_t>(schema, "minLength");
  node.max_length = NumberAt<std::int64_t>(schema, "maxLength");
  node.min_items = NumberAt<std::int64_t>(schema, "minItems");
  node.max_items = NumberAt<std::int64_t>(schema, "maxItems");
  node.max_properties = NumberAt<std::int64_t>(schema, "maxProperties");
  node.minimum = NumberAt<double>(schema, "minimum");
  node.maximum = NumberAt<double>(schema, "maximum");
  node.format = TextAt(schema, "format");
  node.pattern = TextAt(schema, "pattern");
  if (!node.pattern.empty()) node.regex.emplace(node.pattern, std::regex::ECMAScript | std::regex::optimize);
  if (const Json& properties = At(schema, "properties"); properties.is_object()) {
    for (const auto& [name, property] : properties.items()) {
      const auto& added = node.properties.emplace(name, Compiled(property)).first->second;
      node.has_rules = node.has_rules || added.has_rules;
    }
  }
  const auto below = [&](const char* key) -> std::unique_ptr<SchemaNode> {
    if (!At(schema, key).is_object()) return nullptr;
    auto child = std::make_unique<SchemaNode>(Compiled(At(schema, key)));
    node.has_rules = node.has_rules || child->has_rules;
    return child;
  };
  node.values = below("additionalProperties");
  node.items = below("items");
  return node;
}

bool IsTypeMember(const std::string& path, const std::string& name) {
  return path.empty() && (name == "apiVersion" || name == "kind" || name == "metadata");
}

std::string Below(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

std::string Below(const std::string& path, std::size_t index) {
  return path + "[" + std::to_string(index) + "]";
}

const SchemaNode* ChildOf(const SchemaNode& node, const std::string& name) {
  const auto found = node.properties.find(name);
  return found != node.properties.end() ? &found->second : node.values.get();
}

// --- Pruning -------------------------------------------------------------------------------------

void PruneUnknown(const SchemaNode& node, const std::string& path, Json& json,
                  std::vector<std::string>& unknown) {
  if (json.is_array() && node.items != nullptr) {
    for (std::size_t i = 0; i < json.size(); ++i) PruneUnknown(*node.items, Below(path, i), json[i], unknown);
  }
  if (!json.is_object()) return;
  for (auto member = json.begin(); member != json.end();) {
    const SchemaNode* child = ChildOf(node, member.key());
    if (IsTypeMember(path, member.key())) {
      ++member;
    } else if (child != nullptr) {
      PruneUnknown(*child, Below(path, member.key()), *member, unknown);
      ++member;
    } else {
      unknown.push_back(Below(path, member.key()));
      member = json.erase(member);
    }
  }
}

// A null where none is allowed and nothing would take its place is as good as absent.
void PruneNulls(const SchemaNode& node, Json& json) {
  if (json.is_array() && node.items != nullptr) {
    for (Json& item : json) PruneNulls(*node.items, item);
  }
  if (!json.is_object()) return;
  for (auto member = json.begin(); member != json.end();) {
    const SchemaNode* child = ChildOf(node, member.key());
    if (child != nullptr && member->is_null() && child->fallback.is_null()) {
      member = json.erase(member);
      continue;
    }
    if (child != nullptr) PruneNulls(*child, *member);
    ++member;
  }
}

void FillIn(const SchemaNode& node, Json& json) {
  if (json.is_array() && node.items != nullptr) {
    for (Json& item : json) FillIn(*node.items, item);
  }
  if (!json.is_object()) return;
  for (const auto& [name, child] : node.properties) {
    const auto member = json.find(name);
    const bool missing = member == json.end() || member->is_null();
    if (missing && !child.fallback.is_null()) json[name] = child.fallback;
    if (const auto filled = json.find(name); filled != json.end()) FillIn(child, *filled);
  }
  if (node.values == nullptr) return;
  for (const auto& [name, value] : json.items()) {
    if (!node.properties.contains(name)) FillIn(*node.values, value);
  }
}

// --- Validation ----------------------------------------------------------------------------------

std::string TypeOf(const Json& json) {
  switch (json.type()) {
    case Json::value_t::object:
      return "object";
    case Json::value_t::array:
      return "array";
    case Json::value_t::string:
      return "string";
    case Json::value_t::boolean:
      return "boolean";
    case Json::value_t::null:
      return "null";
    case Json::value_t::number_float:
      return "number";
    default:
      return "integer";
  }
}

bool IsWhole(const Json& json) {
  if (!json.is_number_float()) return json.is_number_integer();
  const double number = json.get<double>();
  return std::abs(number) < 9e15 && std::floor(number) == number;
}

bool HasType(const SchemaNode& node, const Json& json) {
  if (node.int_or_string) return json.is_string() || IsWhole(json);
  if (node.type.empty()) return true;
  if (node.type == "integer") return IsWhole(json);
  if (node.type == "number") return json.is_number();
  return TypeOf(json) == node.type;
}

std::int64_t Characters(std::string_view text) {
  std::int64_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(FirstUtf8(text).size);
  return count;
}

// Paths begin at the object, but its status is a world of its own: there they do in fields, not in texts.
std::string InText(const std::string& path) {
  return path.starts_with("status.") ? path.substr(7) : path;
}

class Validation {
 public:
  explicit Validation(std::vector<Cause>& causes) : causes_(causes) {}

  void Check(const SchemaNode& node, const std::string& path, const Json& json) {
    if (!HasType(node, json)) {
      SayWrongType(path, node.int_or_string ? "integer" : node.type, json);
      return;
    }
    CheckEnum(node, path, json);
    if (json.is_string()) CheckText(node, path, json);
    if (json.is_number()) CheckNumber(node, path, json);
    if (json.is_array()) CheckList(node, path, json);
    if (json.is_object()) CheckObject(node, path, json);
  }

 private:
  void Say(const std::string& path, const Json& value, const std::string& what) {
    causes_.push_back(InvalidValue(path, value, InText(path) + " in body " + what));
  }

  void SayWrongType(const std::string& path, std::string wanted, const Json& json) {
    const bool fraction = wanted == "integer" && json.is_number_float();
    const std::string have = fraction ? "float64" : TypeOf(json);
    if (fraction) wanted = "int64";
    causes_.push_back({"FieldValueTypeInvalid",
                       "Invalid value: \"" + have + "\": " + InText(path) + " in body must be of type " +
                           wanted + ": \"" + have + "\"",
                       path});
  }

  void CheckEnum(const SchemaNode& node, const std::string& path, const Json& json) {
    if (!node.enumeration.is_array() || std::ranges::find(node.enumeration, json) != node.enumeration.end()) {
      return;
    }
    std::string list;
    for (const Json& value : node.enumeration) list += (list.empty() ? "" : ", ") + Dump(value);
    causes_.push_back(
        {"FieldValueNotSupported", "Unsupported value: " + Dump(json) + ": supported values: " + list, path});
  }

  void CheckText(const SchemaNode& node, const std::string& path, const Json& json) {
    const auto& text = json.get_ref<const std::string&>();
    const std::int64_t length = node.min_length || node.max_length ? Characters(text) : 0;
    if (node.max_length && length > *node.max_length) {
      causes_.push_back({"FieldValueTooLong",
                         "Too long: may not be more than " + std::to_string(*node.max_length) + " bytes",
                         path});
      return;  // one fault of a text is told of
    }
    if (node.min_length && length < *node.min_length) {
      Say(path, json, "should be at least " + std::to_string(*node.min_length) + " chars long");
      return;
    }
    // std::regex recurses for every character; what is longer than any bound in our schemas is no match.
    const bool matches = !node.regex || (text.size() <= 4096 && std::regex_search(text, *node.regex));
    if (!matches) Say(path, json, "should match '" + node.pattern + "'");
    if (node.format == "date-time" && !ParseTime(text)) {
      causes_.push_back({"FieldValueTypeInvalid",
                         "Invalid value: " + Dump(json) + ": " + InText(path) +
                             " in body must be of type date-time: " + Dump(json),
                         path});
    }
  }

  void CheckNumber(const SchemaNode& node, const std::string& path, const Json& json) {
    const auto bound = [](double value) { return Dump(Json(static_cast<std::int64_t>(value))); };
    if (node.minimum && json.get<double>() < *node.minimum) {
      Say(path, json, "should be greater than or equal to " + bound(*node.minimum));
    }
    if (node.maximum && json.get<double>() > *node.maximum) {
      Say(path, json, "should be less than or equal to " + bound(*node.maximum));
    }
  }

  void TooMany(const std::string& path, std::size_t have, std::int64_t most) {
    causes_.push_back(
        {"FieldValueTooMany",
         "Too many: " + std::to_string(have) + ": must have at most " + std::to_string(most) + " items",
         path});
  }

  void CheckList(const SchemaNode& node, const std::string& path, const Json& json) {
    const auto size = static_cast<std::int64_t>(json.size());
    if (node.min_items && size < *node.min_items) {
      Say(path, json.size(), "should have at least " + std::to_string(*node.min_items) + " items");
    }
    if (node.max_items && size > *node.max_items) TooMany(path, json.size(), *node.max_items);
    std::vector<Json> seen;
    for (std::size_t i = 0; i < json.size(); ++i) {
      if (node.items != nullptr) Check(*node.items, Below(path, i), json[i]);
      if (node.map_keys.empty() && !node.is_set) continue;
      Json identity = Identity(node, json[i]);
      if (std::ranges::find(seen, identity) != seen.end()) {
        causes_.push_back({"FieldValueDuplicate", "Duplicate value: " + Dump(identity), Below(path, i)});
      }
      seen.push_back(std::move(identity));
    }
  }

  static Json Identity(const SchemaNode& node, const Json& item) {
    if (node.is_set) return item;
    Json identity = Json::object();
    for (const std::string& key : node.map_keys) {
      if (const Json& value = At(item, key.c_str()); !value.is_null()) identity[key] = value;
    }
    return identity;
  }

  void CheckObject(const SchemaNode& node, const std::string& path, const Json& json) {
    for (const std::string& name : node.required) {
      if (!json.contains(name)) causes_.push_back(Required(Below(path, name)));
    }
    const auto size = static_cast<std::int64_t>(json.size());
    if (node.max_properties && size > *node.max_properties) TooMany(path, json.size(), *node.max_properties);
    for (const auto& [name, value] : json.items()) {
      const SchemaNode* child = ChildOf(node, name);
      if (child != nullptr && !IsTypeMember(path, name)) Check(*child, Below(path, name), value);
    }
  }

  std::vector<Cause>& causes_;
};

// Rules in CEL are not tried on an object that these say cannot be read.
bool KeepsRulesFromRunning(const Cause& cause) {
  return cause.reason == "FieldValueNotSupported" || cause.reason == "FieldValueRequired" ||
         cause.reason == "FieldValueTooLong" || cause.reason == "FieldValueTooMany" ||
         cause.reason == "FieldValueTypeInvalid";
}

}  // namespace

std::shared_ptr<const Schema> Schema::Compile(const Json& schema) {
  try {
    return std::shared_ptr<const Schema>(new Schema(std::make_unique<SchemaNode>(Compiled(schema))));
  } catch (const std::regex_error&) {
    return nullptr;
  }
}

Schema::Schema(std::unique_ptr<SchemaNode> root) : root_(std::move(root)) {}

Schema::~Schema() = default;

std::vector<std::string> Schema::Prune(Json& object) const {
  std::vector<std::string> unknown;
  PruneUnknown(*root_, "", object, unknown);
  PruneNulls(*root_, object);
  return unknown;
}

void Schema::SetDefaults(Json& object) const {
  FillIn(*root_, object);
}

void Schema::Validate(const Json& object, std::vector<Cause>& causes) const {
  Validation(causes).Check(*root_, "", object);
  if (root_->has_rules && std::ranges::any_of(causes, KeepsRulesFromRunning)) {
    causes.push_back(InvalidValue("<nil>", nullptr,
                                  "some validation rules were not checked because the object was "
                                  "invalid; correct the existing errors to complete validation"));
  }
}

}  // namespace marea::testing::fake
