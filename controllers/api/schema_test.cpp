// The field tables and the CRD schemas agree, both ways: what C++ reads, the API server keeps, and what a
// user may write, C++ reads.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "controllers/api/kinds.hpp"
#include "json/paths.hpp"

namespace marea::api {
namespace {

void Collect(const YAML::Node& schema, const std::string& path, std::set<std::string>& leaves) {
  if (const auto properties = schema["properties"]) {
    for (const auto& property : properties) {
      const auto name = property.first.as<std::string>();
      Collect(property.second, path.empty() ? name : path + "." + name, leaves);
    }
  } else if (const auto items = schema["items"]) {
    Collect(items, path + "[]", leaves);
  } else if (schema["additionalProperties"]) {
    leaves.insert(path + "{}");
  } else {
    leaves.insert(path);
  }
}

std::set<std::string> SchemaPaths(const std::string& plural) {
  const auto crd = YAML::LoadFile(std::string(MAREA_SOURCE_DIR) + "/crds/marea.dev_" + plural + ".yaml");
  std::set<std::string> leaves;
  Collect(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], "", leaves);
  std::erase_if(leaves,
                [](const auto& path) { return !path.starts_with("spec") && !path.starts_with("status"); });
  return leaves;
}

template <class T>
std::set<std::string> TablePaths() {
  std::set<std::string> leaves;
  for (const auto& path : json::Paths<T>()) {
    if (path.starts_with("spec") || path.starts_with("status")) leaves.insert(path);
  }
  return leaves;
}

TEST_CASE("Session: table and schema agree") {
  CHECK(TablePaths<Session>() == SchemaPaths("sessions"));
}
TEST_CASE("SessionClass: table and schema agree") {
  CHECK(TablePaths<SessionClass>() == SchemaPaths("sessionclasses"));
}
TEST_CASE("AcceleratorClass: table and schema agree") {
  CHECK(TablePaths<AcceleratorClass>() == SchemaPaths("acceleratorclasses"));
}

TEST_CASE("every stop reason and desired state is one the schema knows") {
  const auto crd = YAML::LoadFile(std::string(MAREA_SOURCE_DIR) + "/crds/marea.dev_sessions.yaml");
  const auto properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
  const auto known = properties["status"]["properties"]["stop"]["properties"]["reason"]["enum"]
                         .as<std::vector<std::string>>();
  const auto names = json::EnumNames<StopReason>::names;
  CHECK(std::ranges::equal(names.begin() + 1, names.end(), known.begin(), known.end()));
  const auto states = properties["spec"]["properties"]["desiredState"]["enum"].as<std::vector<std::string>>();
  CHECK(std::ranges::equal(json::EnumNames<DesiredState>::names, states));
}

}  // namespace
}  // namespace marea::api
