#include "testing/fake_patch.hpp"

#include <algorithm>
#include <charconv>

#include "testing/fake_json.hpp"

namespace marea::testing::fake {

namespace {

constexpr int kDeepest = 1000;  // Go stops at 10,000; copying a tree here costs stack

bool NestsTooDeep(std::string_view body) {
  int depth = 0;
  bool text = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (text) {
      if (c == '\\') ++i;
      if (c == '"') text = false;
    } else if (c == '"') {
      text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepest) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

// A path of a JSON patch, split at its slashes.
std::optional<std::vector<std::string>> Steps(const std::string& path) {
  std::vector<std::string> steps;
  if (path.empty()) return steps;
  if (path.front() != '/') return std::nullopt;
  for (const char c : path) {
    if (c == '/') {
      steps.emplace_back();
    } else if ((c == '0' || c == '1') && !steps.back().empty() && steps.back().back() == '~') {
      steps.back().back() = c == '0' ? '\0' : '/';  // "~0": a place holder, lest "~01" became "/"
    } else {
      steps.back() += c;
    }
  }
  for (std::string& step : steps) {
    for (char& c : step) {
      if (c == '\0') c = '~';
    }
  }
  return steps;
}

std::optional<std::size_t> Index(const std::string& step, std::size_t size) {
  std::int64_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc() || end != step.data() + step.size()) return std::nullopt;
  if (index < 0) index += static_cast<std::int64_t>(size);  // as the API server's library counts from the end
  if (index < 0 || index >= static_cast<std::int64_t>(size)) return std::nullopt;
  return static_cast<std::size_t>(index);
}

Json* Child(Json& parent, const std::string& step) {
  if (parent.is_object()) {
    const auto found = parent.find(step);
    return found == parent.end() ? nullptr : &*found;
  }
  if (!parent.is_array()) return nullptr;
  const auto index = Index(step, parent.size());
  return index ? &parent[*index] : nullptr;
}

using Path = std::vector<std::string>;

Json* Parent(Json& object, const Path& path) {
  Json* at = &object;
  for (std::size_t i = 0; at != nullptr && i + 1 < path.size(); ++i) at = Child(*at, path[i]);
  return at;
}

Json* Find(Json& object, const Path& path) {
  Json* at = &object;
  for (std::size_t i = 0; at != nullptr && i < path.size(); ++i) at = Child(*at, path[i]);
  return at;
}

bool Add(Json& object, const Path& path, Json value) {
  if (path.empty()) {
    object = std::move(value);
    return true;
  }
  Json* parent = Parent(object, path);
  if (parent == nullptr) return false;
  if (parent->is_object()) {
    (*parent)[path.back()] = std::move(value);
    return true;
  }
  if (!parent->is_array()) return false;
  if (path.back() == "-") {
    parent->push_back(std::move(value));
    return true;
  }
  const auto index = Index(path.back(), parent->size() + 1);
  if (!index) return false;
  parent->insert(parent->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return true;
}

bool Remove(Json& object, const Path& path) {
  if (path.empty()) return false;
  Json* parent = Parent(object, path);
  if (parent == nullptr) return false;
  if (parent->is_object()) return parent->erase(path.back()) > 0;
  if (!parent->is_array()) return false;
  const auto index = Index(path.back(), parent->size());
  if (index) parent->erase(*index);
  return index.has_value();
}

// One operation; false when it cannot be done.
bool Apply(Json& object, const Json& operation) {
  const std::string& what = TextAt(operation, "op");
  const auto path = Steps(TextAt(operation, "path"));
  if (!path || !At(operation, "path").is_string()) return false;
  if (what == "remove") return Remove(object, *path);
  if (what == "move" || what == "copy") {
    const auto from = Steps(TextAt(operation, "from"));
    Json* source = from ? Find(object, *from) : nullptr;
    if (source == nullptr) return false;
    Json value = *source;
    return (what == "copy" || Remove(object, *from)) && Add(object, *path, std::move(value));
  }
  const Json& value = At(operation, "value");
  if (what == "add") return operation.contains("value") && Add(object, *path, value);
  if (what == "replace" && !path->empty() && operation.contains("value")) {
    // The API server's library replaces members that are not there, too.
    const Json* parent = Parent(object, *path);
    if (parent != nullptr && parent->is_object()) return Add(object, *path, value);
  }
  Json* target = Find(object, *path);
  if (what == "test") return target == nullptr ? value.is_null() : *target == value;
  if (what != "replace" || target == nullptr || !operation.contains("value")) return false;
  *target = value;
  return true;
}

constexpr std::size_t kMostOperations = 10'000;
constexpr std::size_t kMostCopied =
    3 * 1024 * 1024;  // as the API server bounds it: copies of copies grow fast

Refusal TooLarge(std::string why) {
  return {413, "RequestEntityTooLarge", std::move(why)};
}

std::size_t CopiedBytes(Json& object, const Json& operation) {
  if (TextAt(operation, "op") != "copy") return 0;
  const auto from = Steps(TextAt(operation, "from"));
  const Json* source = from ? Find(object, *from) : nullptr;
  return source == nullptr ? 0 : Dump(*source).size();
}

bool IsDeeper(const Json& json, int levels) {
  if (!json.is_structured()) return false;
  if (levels == 0) return true;
  return std::ranges::any_of(json, [&](const Json& child) { return IsDeeper(child, levels - 1); });
}

std::string GoType(const Json& json) {
  return json.is_array()     ? "array"
         : json.is_object()  ? "object"
         : json.is_string()  ? "string"
         : json.is_boolean() ? "bool"
                             : "number";
}

}  // namespace

std::optional<Json> ParseBody(std::string_view body) {
  if (NestsTooDeep(body)) return std::nullopt;
  Json json = Json::parse(body, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

void ApplyMergePatch(Json& object, const Json& patch) {
  if (!patch.is_object()) {
    object = patch;
    return;
  }
  if (!object.is_object()) object = Json::object();
  for (const auto& [name, value] : patch.items()) {
    if (value.is_null()) {
      object.erase(name);
    } else {
      ApplyMergePatch(object[name], value);
    }
  }
}

Answer<void> ApplyJsonPatch(Json& object, const Json& patch) {
  if (!patch.is_array()) {
    return Refuse(BadRequest("error decoding patch: json: cannot unmarshal " + GoType(patch) +
                             " into Go value of type []handlers.jsonPatchOp"));
  }
  if (patch.size() > kMostOperations) return Refuse(TooLarge("the patch has more than 10000 operations"));
  std::size_t copied = 0;
  for (const Json& operation : patch) {
    copied += CopiedBytes(object, operation);
    if (copied > kMostCopied) return Refuse(TooLarge("the patch copies too much"));
    if (!Apply(object, operation)) {
      return Refuse(
          {422, "Invalid", "the server rejected our request due to an error in our request", Json::object()});
    }
    if (IsDeeper(object, kDeepest)) return Refuse(TooLarge("the patched object nests too deep"));
  }
  return {};
}

Answer<Json> Patched(const Json& current, std::string_view body, std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  const bool merge = type == "application/merge-patch+json";
  if (!merge && type != "application/json-patch+json") {
    return Refuse({415, "UnsupportedMediaType",
                   "the body of the request was in an unknown format - accepted media types include: "
                   "application/json-patch+json, application/merge-patch+json"});
  }
  const auto patch = ParseBody(body);
  if (!patch) return Refuse(BadRequest("error decoding patch: no JSON"));
  Json patched = current;
  if (!merge) {
    if (auto applied = ApplyJsonPatch(patched, *patch); !applied) return Refuse(applied.error());
    if (!patched.is_object()) return Refuse(BadRequest("the patched object is no object"));
    return patched;
  }
  if (!patch->is_object()) {
    return Refuse(BadRequest("error decoding patch: json: cannot unmarshal " + GoType(*patch) +
                             " into Go value of type map[string]interface {}"));
  }
  ApplyMergePatch(patched, *patch);
  return patched;
}

}  // namespace marea::testing::fake
