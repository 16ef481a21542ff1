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

TEST_CASE("Project: table and schema agree") {
  CHECK(TablePaths<Project>() == SchemaPaths("projects"));
}

// The enum of a field such as "status.stop.reason".
std::vector<std::string> SchemaEnum(const std::string& plural, const std::vector<std::string>& path) {
  auto node = YAML::LoadFile(std::string(MAREA_SOURCE_DIR) + "/crds/marea.dev_" + plural +
                             ".yaml")["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
  for (const auto& step : path) node.reset(YAML::Node(node["properties"][step]));
  return node["enum"].as<std::vector<std::string>>();
}

template <class Enum>
std::vector<std::string> TableEnum() {
  std::vector<std::string> names;
  for (const auto name : json::EnumNames<Enum>::names) {
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

TEST_CASE("the names of every enum are those the schema knows") {
  CHECK(TableEnum<DesiredState>() == SchemaEnum("sessions", {"spec", "desiredState"}));
  CHECK(TableEnum<Auth>() == SchemaEnum("sessions", {"spec", "auth"}));
  CHECK(TableEnum<Credentials>() == SchemaEnum("sessions", {"spec", "credentials"}));
  CHECK(TableEnum<StopReason>() == SchemaEnum("sessions", {"status", "stop", "reason"}));
  CHECK(TableEnum<RouteType>() == SchemaEnum("sessionclasses", {"spec", "route", "type"}));
  CHECK(TableEnum<AdmissionKind>() == SchemaEnum("sessions", {"status", "admission", "kind"}));
  CHECK(TableEnum<BorrowingPolicy>() == SchemaEnum("projects", {"spec", "borrowing", "policy"}));
  CHECK(TableEnum<Scheme>() == SchemaEnum("sessionclasses", {"spec", "route", "scheme"}));
}

}  // namespace
}  // namespace marea::api
