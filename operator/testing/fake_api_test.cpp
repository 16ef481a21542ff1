#include "testing/fake_api.hpp"

#include <catch2/catch.hpp>

namespace marea::testing {
namespace {

using Json = nlohmann::json;
using http::Method;

constexpr const char* kSessions = "/apis/marea.dev/v1alpha1/namespaces/team-a/sessions";
constexpr const char* kPods = "/api/v1/namespaces/team-a/pods";
constexpr const char* kMerge = "application/merge-patch+json";

struct Answer {
  int status;
  Json body;
  std::string Version() const { return body["metadata"]["resourceVersion"]; }
  std::string Reason() const { return body.value("reason", ""); }
};

// A server at a fixed time, with the namespace team-a and Marea's kinds.
class Server {
 public:
  Server() : api([this] { return now; }) {
    api.InstallCrds(std::string(MAREA_SOURCE_DIR) + "/crds");
    Post("/api/v1/namespaces", {{"metadata", {{"name", "team-a"}}}});
  }

  Answer Send(Method method, const std::string& path, const Json& body = nullptr,
              const std::string& type = "application/json") {
    const auto response = api.Handle({method, path, body.is_null() ? "" : body.dump(), type});
    return {response.status, Json::parse(response.body, nullptr, false)};
  }
  Answer Get(const std::string& path) { return Send(Method::kGet, path); }
  Answer Post(const std::string& path, const Json& body) { return Send(Method::kPost, path, body); }
  Answer Put(const std::string& path, const Json& body) { return Send(Method::kPut, path, body); }
  Answer Patch(const std::string& path, const Json& body, const std::string& type = kMerge) {
    return Send(Method::kPatch, path, body, type);
  }
  Answer Delete(const std::string& path, const Json& options = nullptr) {
    return Send(Method::kDelete, path, options);
  }

  Answer MakeSession(const std::string& name, const Json& spec = Json::object()) {
    return Post(kSessions, {{"apiVersion", "marea.dev/v1alpha1"},
                            {"kind", "Session"},
                            {"metadata", {{"name", name}}},
                            {"spec", spec}});
  }
  Answer MakePod(const std::string& name) {
    return Post(kPods, {{"metadata", {{"name", name}}},
                        {"spec", {{"containers", Json::array({{{"name", "c"}, {"image", "x:1"}}})}}}});
  }

  FakeApi::WatchId Watch(const std::string& path, std::vector<Json>& events) {
    auto opened = api.Open({Method::kGet, path, "", ""},
                           [&events](const std::string& line) { events.push_back(Json::parse(line)); });
    REQUIRE(std::holds_alternative<FakeApi::WatchId>(opened));
    return std::get<FakeApi::WatchId>(opened);
  }

  Time now = *ParseTime("2026-11-21T09:00:00Z");
  FakeApi api;
};

std::vector<std::string> Told(const std::vector<Json>& events) {
  std::vector<std::string> told;
  for (const Json& event : events) {
    told.push_back(event["type"].get<std::string>() + " " + event["object"]["metadata"].value("name", ""));
  }
  return told;
}

using Strings = std::vector<std::string>;

TEST_CASE("a custom object is defaulted, pruned and counted") {
  Server server;
  const auto made = server.MakeSession("ada", {{"colour", "blue"}});
  CHECK(made.status == 201);
  CHECK(made.body["spec"] == Json({{"className", "default"}, {"desiredState", "Running"}}));
  CHECK(made.body["metadata"]["generation"] == 1);
  const std::string path = std::string(kSessions) + "/ada";
  CHECK(server.Patch(path, {{"spec", {{"run", 2}}}}).body["metadata"]["generation"] == 2);
  CHECK(server.Patch(path, {{"metadata", {{"labels", {{"a", "b"}}}}}}).body["metadata"]["generation"] == 2);
  const auto status = server.Patch(path + "/status", {{"status", {{"user", "ada"}}}, {"spec", {{"run", 9}}}});
  CHECK(status.body["spec"]["run"] == 2);
  CHECK(status.body["status"]["user"] == "ada");
  CHECK(status.body["metadata"]["generation"] == 2);
  const auto again = server.Patch(path + "/status", {{"status", {{"user", "ada"}}}});
  CHECK(again.Version() == status.Version());
  CHECK(server.Patch(path, {{"status", {{"user", "eve"}}}}).body["status"]["user"] == "ada");
}

TEST_CASE("refusals are Status objects with reason and details") {
  Server server;
  server.MakeSession("ada");
  const std::string path = std::string(kSessions) + "/ada";
  CHECK(server.MakeSession("ada").Reason() == "AlreadyExists");
  CHECK(server.Get(std::string(kSessions) + "/eve").Reason() == "NotFound");
  CHECK(server.Patch(path, {{"metadata", {{"resourceVersion", "1"}}}}).Reason() == "Conflict");
  CHECK(server.Patch(path, {{"spec", {{"desiredState", "Flying"}}}}).status == 422);
  CHECK(server.Patch(path, Json::object(), "application/json").status == 415);
  CHECK(server.Delete(path, {{"preconditions", {{"uid", "other"}}}}).Reason() == "Conflict");
  CHECK(server.Get("/apis/marea.dev/v1alpha1/wings").status == 404);
}

TEST_CASE("a finalizer holds an object until the write that removes it") {
  Server server;
  server.MakeSession("ada");
  const std::string path = std::string(kSessions) + "/ada";
  server.Patch(path, {{"metadata", {{"finalizers", Json::array({"marea.dev/ledger"})}}}});
  std::vector<Json> events;
  server.Watch(std::string(kSessions) + "?watch=1&resourceVersion=" + std::to_string(server.api.Version()),
               events);
  const auto ending = server.Delete(path);
  CHECK(ending.body["metadata"]["deletionTimestamp"] == "2026-11-21T09:00:00Z");
  CHECK(server.MakeSession("ada").status == 409);
  CHECK(server.Patch(path, {{"metadata", {{"finalizers", nullptr}}}}).status == 200);
  CHECK(server.Get(path).status == 404);
  CHECK(Told(events) == Strings{"MODIFIED ada", "DELETED ada"});
}

TEST_CASE("a pod waits, is bound once and ends with grace") {
  Server server;
  CHECK(server.MakePod("ada").body["status"]["phase"] == "Pending");
  const std::string path = std::string(kPods) + "/ada";
  const Json binding = {{"metadata", {{"name", "ada"}}}, {"target", {{"kind", "Node"}, {"name", "node-1"}}}};
  CHECK(server.Post(path + "/binding", binding).status == 201);
  CHECK(server.Post(path + "/binding", binding).status == 409);
  CHECK(server.Get(path).body["status"]["conditions"][0]["type"] == "PodScheduled");
  const auto ending = server.Delete(path);
  CHECK(ending.body["metadata"]["deletionTimestamp"] == "2026-11-21T09:00:30Z");
  CHECK(ending.body["metadata"]["deletionGracePeriodSeconds"] == 30);
  CHECK(server.Delete(path, {{"gracePeriodSeconds", 0}}).status == 200);
  CHECK(server.Get(path).status == 404);
  server.MakePod("eve");
  CHECK(server.Delete(std::string(kPods) + "/eve").status == 200);
  CHECK(server.api.All("pods").empty());
}

TEST_CASE("a list is paged at one version") {
  Server server;
  for (const char* name : {"a", "b", "c"}) server.MakeSession(name);
  const auto first = server.Get(std::string(kSessions) + "?limit=2");
  CHECK(first.body["items"].size() == 2);
  CHECK(first.body["metadata"]["remainingItemCount"] == 1);
  server.MakeSession("d");
  const std::string token = first.body["metadata"]["continue"];
  const auto rest = server.Get(std::string(kSessions) + "?limit=2&continue=" + token);
  CHECK(rest.body["items"].size() == 1);
  CHECK(rest.Version() == first.Version());
  server.api.Compact();
  CHECK(server.Get(std::string(kSessions) + "?continue=" + token).status == 410);
}

TEST_CASE("watches resume, refuse the past, wait for the future and follow selections") {
  Server server;
  server.MakeSession("ada");
  const std::string before = std::to_string(server.api.Version());
  server.MakeSession("eve");
  std::vector<Json> resumed, ahead, chosen, listed;
  const std::string base = std::string(kSessions) + "?watch=1&allowWatchBookmarks=true&resourceVersion=";
  const auto id = server.Watch(base + before, resumed);
  CHECK(Told(resumed) == Strings{"ADDED eve"});
  const auto future = server.Watch(base + "999", ahead);
  server.Watch(base + before + "&labelSelector=team%3Da", chosen);
  const std::string path = std::string(kSessions) + "/eve";
  server.Patch(path, {{"metadata", {{"labels", {{"team", "a"}}}}}});
  server.Patch(path, {{"metadata", {{"labels", nullptr}}}});
  CHECK(Told(chosen) == Strings{"ADDED eve", "DELETED eve"});
  CHECK(chosen[1]["object"]["metadata"]["labels"]["team"] == "a");
  CHECK(ahead.empty());
  CHECK(server.api.Bookmark(future).empty());
  CHECK(Json::parse(server.api.Bookmark(id))["object"]["metadata"]["resourceVersion"] ==
        std::to_string(server.api.Version()));
  server.Watch(
      std::string(kSessions) +
          "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
      listed);
  CHECK(Told(listed) == Strings{"ADDED ada", "ADDED eve", "BOOKMARK "});
  server.api.Compact();
  std::vector<Json> late;
  server.Watch(base + before, late);
  CHECK(late.at(0)["object"]["code"] == 410);
}

TEST_CASE("a backup brings objects and versions back together") {
  Server server;
  server.MakeSession("ada");
  const auto backup = server.api.Save();
  const auto version = server.api.Version();
  server.MakeSession("eve");
  std::vector<Json> events;
  server.Watch(std::string(kSessions) + "?watch=1&resourceVersion=" + std::to_string(server.api.Version()),
               events);
  server.api.Restore(*backup);
  CHECK(server.api.Version() == version);
  CHECK(server.api.All("sessions").size() == 1);
  server.MakeSession("bob");
  server.MakeSession("cleo");
  CHECK(events.empty());
}

TEST_CASE("claims, services and secrets get what the server gives them") {
  Server server;
  server.Post(
      "/apis/storage.k8s.io/v1/storageclasses",
      {{"metadata",
        {{"name", "fast"}, {"annotations", {{"storageclass.kubernetes.io/is-default-class", "true"}}}}},
       {"provisioner", "x/y"}});
  const auto claim = server.Post(
      "/api/v1/namespaces/team-a/persistentvolumeclaims",
      {{"metadata", {{"name", "home"}}},
       {"spec", {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}});
  CHECK(claim.body["spec"]["storageClassName"] == "fast");
  CHECK(claim.body["status"]["phase"] == "Pending");
  CHECK(claim.body["metadata"]["finalizers"] == Json::array({"kubernetes.io/pvc-protection"}));
  const auto service =
      server.Post("/api/v1/namespaces/team-a/services",
                  {{"metadata", {{"name", "ada"}}}, {"spec", {{"ports", {{{"port", 80}}}}}}});
  CHECK(service.body["spec"]["clusterIP"] == "10.96.0.1");
  const auto secret = server.Post("/api/v1/namespaces/team-a/secrets",
                                  {{"metadata", {{"name", "t"}}}, {"stringData", {{"token", "x"}}}});
  CHECK(secret.body["data"]["token"] == "eA==");
  CHECK(server.Post("/api/v1/namespaces/nowhere/secrets", {{"metadata", {{"name", "t"}}}}).status == 404);
}

TEST_CASE("listeners hear of every commit before watches do, and their own requests come after") {
  Server server;
  std::vector<std::string> heard;
  server.api.Listen([&](const FakeApi::Change& change) {
    heard.push_back(change.type + " " + change.key.name);
    if (change.key.name == "ada") server.MakeSession("eve");
  });
  std::vector<Json> events;
  server.Watch(std::string(kSessions) + "?watch=1&resourceVersion=" + std::to_string(server.api.Version()),
               events);
  server.MakeSession("ada");
  CHECK(heard == Strings{"ADDED ada", "ADDED eve"});
  CHECK(Told(events) == Strings{"ADDED ada", "ADDED eve"});
}

}  // namespace
}  // namespace marea::testing
