// Whatever is sent to the fake API server, it answers: with an object, a list or a Status, and with its store
// in order.
#include <catch2/catch.hpp>

#include "testing/fake_api.hpp"

namespace marea::testing {
namespace {

using Json = nlohmann::json;
using http::Method;
using Strings = std::vector<std::string>;

// Numbers that look like chance and are the same in every run.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::size_t Roll(std::size_t sides) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::size_t>(state_ % sides);
  }
  template <class T>
  const T& Pick(const std::vector<T>& from) {
    return from[Roll(from.size())];
  }

 private:
  std::uint64_t state_;
};

const Strings kCollections = {"/api/v1/namespaces/team-a/pods",
                              "/api/v1/namespaces/team-a/services",
                              "/api/v1/namespaces/team-a/secrets",
                              "/api/v1/namespaces/team-a/events",
                              "/api/v1/namespaces/team-a/persistentvolumeclaims",
                              "/apis/coordination.k8s.io/v1/namespaces/team-a/leases",
                              "/apis/storage.k8s.io/v1/storageclasses",
                              "/api/v1/nodes",
                              "/api/v1/namespaces",
                              "/api/v1/persistentvolumes",
                              "/apis/marea.dev/v1alpha1/namespaces/team-a/sessions",
                              "/apis/marea.dev/v1alpha1/sessionclasses",
                              "/apis/marea.dev/v1alpha1/acceleratorclasses",
                              "/apis/marea.dev/v1alpha1/projects",
                              "/apis/marea.dev/v1alpha1/sessions",
                              "/api",
                              "/apis/x",
                              "",
                              "//%2F/%zz"};
const Strings kNames = {"",         "/a",   "/b",     "/a/status", "/a/binding",
                        "/b/scale", "/%00", "/a%2Fb", "/..",       "/a/b/c/d"};
const Strings kQueries = {"",
                          "",
                          "?limit=1",
                          "?limit=-9223372036854775808",
                          "?continue=eyJydiI6MSwic3RhcnQiOiIvYVx1MDAwMCJ9",
                          "?continue=////",
                          "?resourceVersion=18446744073709551615",
                          "?resourceVersion=-1",
                          "?resourceVersion=1&resourceVersionMatch=Exact",
                          "?labelSelector=a,,b",
                          "?labelSelector=a%20in%20(((",
                          "?labelSelector=%21%21",
                          "?fieldSelector=%5C",
                          "?fieldSelector=metadata.name%3D%5C%5C",
                          "?gracePeriodSeconds=9223372036854775807",
                          "?gracePeriodSeconds=-1",
                          "?propagationPolicy=Orphan",
                          "?fieldValidation=Strict",
                          "?dryRun=All",
                          "?&=&&x"};
const Strings kTypes = {"application/json",
                        "application/merge-patch+json",
                        "application/json-patch+json",
                        "application/json-patch+json",
                        "application/merge-patch+json; x",
                        "",
                        ";"};
const Strings kPaths = {"",
                        "/",
                        "/metadata",
                        "/metadata/name",
                        "/metadata/finalizers",
                        "/metadata/labels",
                        "/spec",
                        "/spec/containers",
                        "/spec/containers/-",
                        "/spec/containers/0",
                        "/status",
                        "/status/conditions",
                        "/kind",
                        "/apiVersion",
                        "/spec/env/-1",
                        "/metadata/ownerReferences",
                        "/metadata/resourceVersion",
                        "~1~0~",
                        "/spec/containers/99999999999999999999"};

Json Value(Dice& dice, int depth);

Json Structure(Dice& dice, int depth) {
  static const Strings kMembers = {"apiVersion",
                                   "kind",
                                   "metadata",
                                   "spec",
                                   "status",
                                   "name",
                                   "namespace",
                                   "labels",
                                   "annotations",
                                   "uid",
                                   "finalizers",
                                   "ownerReferences",
                                   "resourceVersion",
                                   "generateName",
                                   "containers",
                                   "initContainers",
                                   "image",
                                   "volumes",
                                   "tolerations",
                                   "resources",
                                   "requests",
                                   "limits",
                                   "storage",
                                   "conditions",
                                   "type",
                                   "data",
                                   "stringData",
                                   "immutable",
                                   "ports",
                                   "clusterIP",
                                   "target",
                                   "preconditions",
                                   "gracePeriodSeconds",
                                   "env",
                                   "accelerator",
                                   "alternatives",
                                   "run",
                                   "className",
                                   "deletionTimestamp",
                                   "terminationGracePeriodSeconds",
                                   "nodeName",
                                   "phase",
                                   "images",
                                   "device",
                                   "extendedResource",
                                   "secret",
                                   "httpGet",
                                   "readinessProbe"};
  Json object = Json::object();
  for (std::size_t i = dice.Roll(6); i > 0; --i) object[dice.Pick(kMembers)] = Value(dice, depth - 1);
  return object;
}

Json Value(Dice& dice, int depth) {
  switch (dice.Roll(depth > 0 ? 14 : 9)) {
    case 0:
      return nullptr;
    case 1:
      return dice.Roll(2) == 0;
    case 2:
      return std::int64_t{-9223372036854775807};
    case 3:
      return 1e300;
    case 4:
      return std::string(dice.Roll(3) * 3000, 'a');
    case 5:
      return "a\"\\\n\x7f";
    case 6:
      return std::uint64_t{18446744073709551615U};
    case 7:
      return "2026-11-21T09:00:00Z";
    case 8:
      return "a";
    case 9:
    case 10: {
      Json list = Json::array();
      for (std::size_t i = dice.Roll(4); i > 0; --i) list.push_back(Value(dice, depth - 1));
      return list;
    }
    default:
      return Structure(dice, depth);
  }
}

Json JsonPatch(Dice& dice) {
  static const Strings kOperations = {"add", "remove", "replace", "move", "copy", "test", "fly"};
  Json patch = Json::array();
  for (std::size_t i = dice.Roll(5); i > 0; --i) {
    patch.push_back({{"op", dice.Pick(kOperations)},
                     {"path", dice.Pick(kPaths)},
                     {"from", dice.Pick(kPaths)},
                     {"value", Value(dice, 3)}});
  }
  return patch;
}

// A body that starts out as an object the server would take, and has something in it that it may not.
Json Body(Dice& dice, const std::string& path, const std::string& type) {
  if (type.starts_with("application/json-patch")) return JsonPatch(dice);
  Json body = Structure(dice, 4);
  if (dice.Roll(3) == 0) return dice.Roll(8) == 0 ? Value(dice, 3) : body;
  if (path.find("marea.dev") != std::string::npos) {
    body["apiVersion"] = "marea.dev/v1alpha1";
    body["kind"] = path.find("sessions") != std::string::npos         ? "Session"
                   : path.find("sessionclasses") != std::string::npos ? "SessionClass"
                   : path.find("projects") != std::string::npos       ? "Project"
                                                                      : "AcceleratorClass";
  } else {
    body.erase("apiVersion");
    body.erase("kind");
  }
  if (type.starts_with("application/json")) {
    body["metadata"] = {{"name", dice.Roll(2) == 0 ? "a" : "b"}};
    if (dice.Roll(2) == 0) body["metadata"]["finalizers"] = {"x.example/y"};
  }
  if (dice.Roll(2) == 0) {
    body["spec"]["containers"] = Json::array({{{"name", "c"}, {"image", "x"}}});
    body["spec"]["ports"] = Json::array({{{"port", 80}}});
    body["spec"]["accessModes"] = {"ReadWriteOnce"};
    body["spec"]["resources"]["requests"]["storage"] = "1Gi";
  }
  return body;
}

http::Request Request(Dice& dice) {
  static const std::vector<Method> kMethods = {Method::kGet,   Method::kPost,  Method::kPost,  Method::kPut,
                                               Method::kPatch, Method::kPatch, Method::kDelete};
  const Method method = dice.Pick(kMethods);
  std::string path = dice.Pick(kCollections);
  if (method != Method::kPost || dice.Roll(4) == 0) path += dice.Pick(kNames);
  const std::string type = method == Method::kPatch ? dice.Pick(kTypes)
                           : dice.Roll(10) == 0     ? dice.Pick(kTypes)
                                                    : "application/json";
  std::string body;
  try {
    body = Body(dice, path, type).dump();
  } catch (const Json::exception&) {  // a structure that took something else for an object
    body = "{}";
  }
  if (dice.Roll(20) == 0) body.resize(body.size() / 2);
  return {method, path + dice.Pick(kQueries), body, type};
}

void CheckAnswer(const http::Request& request, const http::Response& response) {
  INFO(Name(request.method) << " " << request.path << " as " << request.content_type << "\n" << request.body);
  const Json body = Json::parse(response.body, nullptr, false);
  const bool bare = response.status == 404 && response.body == "404 page not found\n";
  REQUIRE((bare || body.is_object()));
  if (response.status >= 400 && !bare) {
    REQUIRE(body["kind"] == "Status");
    REQUIRE(body["code"] == response.status);
    REQUIRE(body["message"].is_string());
  }
}

void CheckStore(const FakeApi& api) {
  for (const char* plural :
       {"pods", "services", "secrets", "events", "persistentvolumeclaims", "leases", "nodes", "namespaces",
        "sessions", "sessionclasses", "acceleratorclasses", "projects"}) {
    for (const auto& [key, object] : api.All(plural)) {
      const Json& metadata = object->at("metadata");
      REQUIRE(metadata.at("name") == key.name);
      REQUIRE(metadata.value("namespace", "") == key.ns);
      REQUIRE(metadata.at("uid").is_string());
      REQUIRE(std::stoull(metadata.at("resourceVersion").get<std::string>()) <= api.Version());
    }
  }
}

TEST_CASE("hostile requests are answered, and the store stays in order") {
  std::size_t made = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Dice dice(seed * 0x9E3779B97F4A7C15);
    FakeApi api([] { return *ParseTime("2026-11-21T09:00:00Z"); });
    api.InstallCrds(std::string(MAREA_SOURCE_DIR) + "/crds");
    api.Handle(
        {Method::kPost, "/api/v1/namespaces", R"({"metadata":{"name":"team-a"}})", "application/json"});
    std::size_t lines = 0, commits = 0;
    api.Listen([&](const FakeApi::Change&) { ++commits; });
    for (const std::string& path : kCollections) {
      api.Open({Method::kGet, path + "?watch=1", "", ""}, [&](const std::string& line) {
        REQUIRE(line.ends_with("}\n"));
        ++lines;
      });
    }
    for (int i = 0; i < 250; ++i) {
      const http::Request request = Request(dice);
      const http::Response response = api.Handle(request);
      CheckAnswer(request, response);
      made += response.status == 201 ? 1 : 0;
    }
    CheckStore(api);
    INFO("seed " << seed);
    CHECK(commits > 0);
    CHECK(lines >= commits);
  }
  CHECK(made > 300);  // they were not all nonsense
}

TEST_CASE("bodies that grow or nest without end are refused") {
  FakeApi api([] { return *ParseTime("2026-11-21T09:00:00Z"); });
  api.Handle({Method::kPost, "/api/v1/nodes", R"({"metadata":{"name":"a"}})", "application/json"});
  const auto patch = [&](const Json& body) {
    return api.Handle({Method::kPatch, "/api/v1/nodes/a", body.dump(), "application/json-patch+json"}).status;
  };
  Json doubling = Json::array();
  for (int i = 0; i < 64; ++i) {
    doubling.push_back({{"op", "copy"}, {"from", "/spec"}, {"path", "/spec/x" + std::to_string(i)}});
  }
  CHECK(patch(doubling) == 413);
  Json nesting = Json::array();
  for (int i = 0; i < 2000; ++i) nesting.push_back({{"op", "copy"}, {"from", "/spec"}, {"path", "/spec/x"}});
  CHECK(patch(nesting) == 413);
  CHECK(patch(Json::array({{{"op", "replace"}, {"path", ""}, {"value", 7}}})) >= 400);
  const std::string deep = std::string(500'000, '[');
  CHECK(api.Handle({Method::kPost, "/api/v1/nodes", deep, "application/json"}).status == 400);
  CHECK(api.Handle({Method::kPatch, "/api/v1/nodes/a", "{\"spec\":" + deep, "application/merge-patch+json"})
            .status == 400);
}

}  // namespace
}  // namespace marea::testing
