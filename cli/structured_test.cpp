#include "cli/structured.hpp"

#include <yaml-cpp/yaml.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace marea::cli {

namespace {

using Json = nlohmann::ordered_json;

// A YAML document as JSON; what is plain and is a number, a boolean or null is that.
Json FromYaml(const YAML::Node& node) {
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& element : node) list.push_back(FromYaml(element));
    return list;
  }
  if (node.IsMap()) {
    Json map = Json::object();
    for (const auto& member : node) map[member.first.Scalar()] = FromYaml(member.second);
    return map;
  }
  if (node.IsNull()) return nullptr;
  if (node.Tag() == "!") return node.Scalar();  // it was quoted
  return Json::parse(node.Scalar());
}

constexpr const char* kPage =
    R"({"name":"ada","number":7,"yes":true,"none":null,"empty":{},"nothing":[],"words":["true","7","","a: b","- x","\u001b[0m","é"],)"
    R"("list":[{"a":1,"b":{"c":[]}},{"a":[1,[2,3]]},[],{}],"map":{"mig-1g.5gb":1,"y":2,"on":{"no":"no"}}})";

}  // namespace

TEST_CASE("JSON is laid out and the same") {
  const std::string text = PrettyJson(kPage);
  CHECK(Json::parse(text) == Json::parse(kPage));
  CHECK_THAT(text, Catch::StartsWith("{\n  \"name\": \"ada\",\n") && Catch::EndsWith("}\n"));
}

TEST_CASE("YAML reads back as the JSON it was made from") {
  CHECK(FromYaml(YAML::Load(Yaml(kPage))) == Json::parse(kPage));
  CHECK(Yaml(R"({"list":[{"a":1,"b":"x"}],"c":{"d":2}})") == "list:\n- a: 1\n  b: \"x\"\nc:\n  d: 2\n");
  CHECK(Yaml("{}") == "{}\n");
}

}  // namespace marea::cli
