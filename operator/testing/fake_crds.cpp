#include "testing/fake_crds.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <mutex>

#include "testing/fake_json.hpp"
#include "testing/fake_schema.hpp"

namespace marea::testing::fake {

namespace {

// YAML 1.2's core types; a quoted scalar is always text.
Json Scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true") return true;
  if (text == "false") return false;
  if (text.empty() || text == "null" || text == "~") return nullptr;
  std::int64_t integer = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (error == std::errc() && end == text.data() + text.size()) return integer;
  double number = 0;
  const auto [stop, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (trouble == std::errc() && stop == text.data() + text.size()) return number;
  return text;
}

Json FromYaml(const YAML::Node& node) {
  if (node.IsScalar()) return Scalar(node);
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& item : node) list.push_back(FromYaml(item));
    return list;
  }
  if (!node.IsMap()) return nullptr;
  Json object = Json::object();
  for (const auto& member : node) object[member.first.Scalar()] = FromYaml(member.second);
  return object;
}

}  // namespace

std::vector<Kind> KindsOf(const Json& definition) {
  const Json& spec = At(definition, "spec");
  std::vector<Kind> kinds;
  for (const Json& version : At(spec, "versions")) {
    if (At(version, "served") != true) continue;
    Kind kind{.group = TextAt(spec, "group"),
              .version = TextAt(version, "name"),
              .plural = TextAt(spec, "names", "plural"),
              .kind = TextAt(spec, "names", "kind"),
              .namespaced = TextAt(spec, "scope") == "Namespaced",
              .status = !At(version, "subresources", "status").is_null(),
              .generations = true,
              .unconditional_updates = false};
    for (const Json& field : At(version, "selectableFields")) {
      if (const std::string& path = TextAt(field, "jsonPath"); !path.empty())
        kind.fields.push_back(path.substr(1));
    }
    kind.schema = Schema::Compile(At(version, "schema", "openAPIV3Schema"));
    if (!kind.plural.empty() && kind.schema != nullptr) kinds.push_back(std::move(kind));
  }
  return kinds;
}

std::vector<Kind> LoadCrds(const std::string& folder) {
  static std::mutex mutex;
  static std::map<std::string, std::vector<Kind>> loaded;
  const std::scoped_lock lock(mutex);
  const auto [at, fresh] = loaded.try_emplace(folder);
  if (!fresh) return at->second;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const std::string& file : files) {
    for (Kind& kind : KindsOf(FromYaml(YAML::LoadFile(file)))) at->second.push_back(std::move(kind));
  }
  return at->second;
}

}  // namespace marea::testing::fake
