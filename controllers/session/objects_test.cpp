#include "controllers/session/objects.hpp"

#include <catch2/catch.hpp>

#include "controllers/session/story_test.hpp"

namespace marea::session {
namespace {

using Json = nlohmann::json;

// The pod of a session asked for with `spec`, as the API server got it.
Json PodOf(Json spec) {
  Story story;
  story.Ask(std::move(spec));
  story.Settle();
  return story.Object("pods", "ada");
}

const Json kWantsA100 = {{"accelerator", {{"alternatives", {{{"className", "a100"}, {"count", 1}}}}}}};

Json EnvOf(const Json& pod) {
  Json env = Json::object();
  for (const auto& variable : pod["spec"]["containers"][0]["env"])
    env[variable["name"].get<std::string>()] = variable["value"];
  return env;
}

TEST_CASE("the pod asks for exactly its device and is pinned to its node and product") {
  const Json pod = PodOf(kWantsA100);
  const Json& container = pod["spec"]["containers"][0];
  CHECK(container["resources"]["limits"] == Json{{"memory", "2Gi"}, {"nvidia.com/gpu", "1"}});
  CHECK(container["resources"]["requests"] == Json{{"cpu", "1"}, {"memory", "2Gi"}, {"nvidia.com/gpu", "1"}});
  const Json& terms = pod["spec"]["affinity"]["nodeAffinity"]
                         ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  REQUIRE(terms.is_array());
  REQUIRE(terms.size() == 1);
  CHECK(terms[0]["matchFields"] ==
        Json::parse(R"([{"key": "metadata.name", "operator": "In", "values": ["node-a"]}])"));
  CHECK(terms[0]["matchExpressions"] ==
        Json::parse(R"([{"key": "product", "operator": "In", "values": ["A100"]}])"));
  CHECK_FALSE(EnvOf(pod).contains("NVIDIA_VISIBLE_DEVICES"));
}

TEST_CASE("a pod without devices sees none") {
  const Json pod = PodOf(Json::object());
  CHECK(EnvOf(pod)["NVIDIA_VISIBLE_DEVICES"] == "void");
  CHECK_FALSE(pod["spec"]["containers"][0]["resources"]["limits"].contains("nvidia.com/gpu"));
}

TEST_CASE("the pod passes Pod Security restricted") {
  const Json spec = PodOf(kWantsA100)["spec"];
  CHECK(spec["securityContext"]["runAsNonRoot"] == true);
  CHECK(spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault");
  CHECK(spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"] == false);
  CHECK(spec["containers"][0]["securityContext"]["capabilities"]["drop"] == Json::parse(R"(["ALL"])"));
  CHECK(spec["automountServiceAccountToken"] == false);
  CHECK(spec["enableServiceLinks"] == false);
  for (const char* host : {"hostNetwork", "hostPID", "hostIPC"}) CHECK_FALSE(spec.contains(host));
  for (const auto& volume : spec["volumes"]) CHECK_FALSE(volume.contains("hostPath"));
}

TEST_CASE("the token reaches the notebook as a file and stands in no object but its Secret") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  const Json& pod = story.Object("pods", "ada");
  CHECK(EnvOf(pod)["JUPYTER_TOKEN_FILE"] == "/run/marea/token/token");
  CHECK(pod["metadata"]["annotations"]["marea.dev/token-key"] == "20260101");
  const std::string token = Token(story.settings.keys.by_id.at("20260101"), story.Session().metadata.uid, 1);
  for (const auto& [at, object] : story.objects)
    CHECK(object.dump().find(token) == std::string::npos);  // base64 in the Secret
  for (const auto& write : story.writes) CHECK(write.find(token) == std::string::npos);
}

TEST_CASE("a user's variables are taken literally, after ours") {
  const Json pod = PodOf({{"env", {{{"name", "GREETING"}, {"value", "$(MAREA_SESSION) $HOME"}}}}});
  CHECK(EnvOf(pod)["GREETING"] == "$$(MAREA_SESSION) $$HOME");
  CHECK(pod["spec"]["containers"][0]["env"].back()["name"] == "GREETING");
}

TEST_CASE("the base path reaches the server, the probe and the URL") {
  Story story;
  story.Ask({{"basePath", "/user/ada/"}});
  story.Settle();
  const Json& pod = story.Object("pods", "ada");
  CHECK(EnvOf(pod)["MAREA_BASE_PATH"] == "/user/ada/");
  CHECK(pod["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/user/ada/api");
  CHECK(story.Session().status.url == "http://10.0.0.9:8888/user/ada/");
}

TEST_CASE("the home belongs to the user, not to the session") {
  Story story;
  story.Ask({{"user", "Ada"}, {"home", {{"size", "20Gi"}, {"storageClassName", "standard"}}}});
  story.Settle();
  const Json& claim = story.Object("persistentvolumeclaims", story.Session().status.home_claim_name);
  CHECK_FALSE(claim["metadata"].contains("ownerReferences"));
  CHECK(claim["metadata"]["annotations"]["marea.dev/user"] == "Ada");
  CHECK_FALSE(claim["metadata"]["labels"].contains("marea.dev/session"));
  CHECK(claim["spec"]["resources"]["requests"]["storage"] == "20Gi");
  CHECK(claim["spec"]["accessModes"] == Json::parse(R"(["ReadWriteOnce"])"));
}

TEST_CASE("everything else goes with the session") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  for (const auto& [plural, name] :
       {std::pair{"pods", "ada"}, {"services", "ada"}, {"secrets", "ada-1-20260101"}}) {
    CAPTURE(plural);
    const Json& owners = story.Object(plural, name)["metadata"]["ownerReferences"];
    REQUIRE(owners.size() == 1);
    CHECK(owners[0]["uid"] == story.Session().metadata.uid);
    CHECK(owners[0]["apiVersion"] == "marea.dev/v1alpha1");
    CHECK(owners[0]["controller"] == true);
  }
}

TEST_CASE("the same session gives the same bytes") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  const View view = Look(story.world, story.settings, story.Session(), story.now);
  CHECK(PodBody(view, view.status) == PodBody(view, view.status));
  story.Pass(std::chrono::hours{1});
  const View later = Look(story.world, story.settings, story.Session(), story.now);
  CHECK(PodBody(view, view.status) == PodBody(later, later.status));
  CHECK(SecretBody(view, view.status) == SecretBody(later, later.status));
}

TEST_CASE("a class may name its own command and arguments") {
  Story story;
  auto& session_class = story.Object("sessionclasses", "default", "");
  session_class["spec"]["pod"]["command"] = {"start-notebook.py"};
  session_class["spec"]["pod"]["args"] = {"--ServerApp.base_url=$(MAREA_BASE_PATH)"};
  story.Put("sessionclasses", session_class);
  story.Ask(Json::object());
  story.Settle();
  const Json& container = story.Object("pods", "ada")["spec"]["containers"][0];
  CHECK(container["command"] == Json::parse(R"(["start-notebook.py"])"));
  CHECK(container["args"] == Json::array({"--ServerApp.base_url=$(MAREA_BASE_PATH)"}));
}

TEST_CASE("a session's further claims, the class's and its scratch space are mounted beside the home") {
  Story story;
  story.PutClaim("atlas");
  story.PutClaim("mine", "lab");
  story.EditClass({{"volumes", {{{"claimName", "atlas"}, {"mountPath", "/data"}, {"readOnly", true}}}},
                   {"scratch", {{"size", "5Gi"}, {"mountPath", "/scratch"}}},
                   {"imagePullSecretNames", {"registry"}},
                   {"pod", {{"priorityClassName", "notebooks"}, {"runtimeClassName", "nvidia"}}}});
  story.Ask({{"volumes", {{{"claimName", "mine"}, {"mountPath", "/mnt/mine"}}}}});
  story.Settle();
  const Json& spec = story.Object("pods", "ada")["spec"];
  std::map<std::string, Json> mounts, volumes;
  for (const auto& mount : spec["containers"][0]["volumeMounts"]) mounts[mount["mountPath"]] = mount;
  for (const auto& volume : spec["volumes"]) volumes[volume["name"]] = volume;
  CHECK(mounts["/data"]["readOnly"] == true);
  CHECK(volumes[mounts["/data"]["name"]]["persistentVolumeClaim"]["claimName"] == "atlas");
  CHECK_FALSE(mounts["/mnt/mine"].contains("readOnly"));
  CHECK(volumes[mounts["/mnt/mine"]["name"]]["persistentVolumeClaim"]["claimName"] == "mine");
  CHECK(volumes[mounts["/scratch"]["name"]]["emptyDir"]["sizeLimit"] == "5Gi");
  CHECK(spec["imagePullSecrets"] == Json::parse(R"([{"name": "registry"}])"));
  CHECK(spec["priorityClassName"] == "notebooks");
  CHECK(spec["runtimeClassName"] == "nvidia");
}

TEST_CASE("a Hub's session has the Hub's variables and no token of ours") {
  Story story;
  story.Ask({{"auth", "Hub"}, {"credentials", "Required"}, {"basePath", "/user/ada/"}});
  story.Settle();
  const Json& pod = story.Object("pods", "ada");
  const Json& container = pod["spec"]["containers"][0];
  CHECK(container["envFrom"] == Json::parse(R"([{"secretRef": {"name": "ada-credentials"}}])"));
  CHECK(container["command"] == Json::parse(R"(["jupyterhub-singleuser"])"));
  CHECK_FALSE(EnvOf(pod).contains("JUPYTER_TOKEN_FILE"));
  CHECK_FALSE(pod["metadata"]["annotations"].contains("marea.dev/token-key"));
  CHECK_FALSE(story.Has("secrets", "ada-1-20260101"));
  CHECK(story.Session().status.token_secret_name.empty());
}

TEST_CASE("what is edited while the pod runs is named, and undone when the edit is") {
  Story story;
  story.Ask(kWantsA100);
  story.Settle();
  const std::string url = story.Session().status.url;
  story.EditSpec({{"env", {{{"name", "A"}, {"value", "1"}}}},
                  {"basePath", "/other/"},
                  {"resources", {{"memory", "3Gi"}}},
                  {"durationSeconds", 5000}});
  story.Settle();
  CHECK(story.Session().status.pending_change == "resources, env, basePath");
  CHECK(story.Session().status.url == url);  // the pod answers where it did
  story.EditSpec({{"env", nullptr}, {"basePath", nullptr}, {"resources", nullptr}});
  story.Settle();
  CHECK(story.Session().status.pending_change.empty());
  story.EditClass({{"pod", {{"sharedMemory", "2Gi"}}}});
  story.Settle();
  CHECK(story.Session().status.pending_change == "the SessionClass");
}

TEST_CASE("sessions that share a host name answer under a path of their own") {
  Story story;
  story.EditClass({{"route", {{"type", "Ingress"}, {"hostname", "lab.example.org"}}}});
  story.Ask(Json::object());
  story.Settle();
  CHECK(EnvOf(story.Object("pods", "ada"))["MAREA_BASE_PATH"] == "/session/lab/ada/");
}

}  // namespace
}  // namespace marea::session
