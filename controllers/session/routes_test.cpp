#include "controllers/session/routes.hpp"

#include <catch2/catch.hpp>

#include "controllers/session/story_test.hpp"

namespace marea::session {
namespace {

using Json = nlohmann::json;

const Json kIngress = {{"route",
                        {{"type", "Ingress"},
                         {"hostname", "lab.example.org"},
                         {"scheme", "HTTPS"},
                         {"ingress",
                          {{"className", "nginx"},
                           {"tlsSecretName", "lab-tls"},
                           {"annotations", {{"proxy-read-timeout", "3600"}}}}}}}};
const Json kGateway = {
    {"route",
     {{"type", "HTTPRoute"},
      {"hostname", "lab.example.org"},
      {"scheme", "HTTP"},
      {"ingress", nullptr},
      {"gateway", {{"name", "public"}, {"namespace", "gateways"}, {"sectionName", "web"}}}}}};

Story Routed(const Json& route) {
  Story story;
  story.settings.gateway_api = true;
  story.EditClass(route);
  story.Ask(Json::object());
  story.Settle();
  return story;
}

TEST_CASE("an Ingress leads to the session's Service under a path of its own") {
  Story story = Routed(kIngress);
  const Json& ingress = story.Object("ingresses", "ada");
  CHECK(ingress["apiVersion"] == "networking.k8s.io/v1");
  CHECK(ingress["spec"]["ingressClassName"] == "nginx");
  CHECK(ingress["metadata"]["annotations"]["proxy-read-timeout"] == "3600");
  CHECK(ingress["spec"]["tls"] ==
        Json::parse(R"([{"hosts": ["lab.example.org"], "secretName": "lab-tls"}])"));
  const Json& rule = ingress["spec"]["rules"][0];
  CHECK(rule["host"] == "lab.example.org");
  CHECK(rule["http"]["paths"][0]["path"] == "/session/lab/ada/");
  CHECK(rule["http"]["paths"][0]["backend"]["service"] ==
        Json::parse(R"({"name": "ada", "port": {"name": "notebook-port"}})"));
  CHECK(ingress["metadata"]["ownerReferences"][0]["uid"] == story.Session().metadata.uid);
  CHECK(story.Session().status.url == "https://lab.example.org/session/lab/ada/");
}

TEST_CASE("an HTTPRoute attaches to the class's Gateway and sets no time limit") {
  Story story = Routed(kGateway);
  const Json& route = story.Object("httproutes", "ada");
  CHECK(route["apiVersion"] == "gateway.networking.k8s.io/v1");
  CHECK(route["spec"]["parentRefs"] ==
        Json::parse(R"([{"name": "public", "namespace": "gateways", "sectionName": "web"}])"));
  CHECK(route["spec"]["hostnames"] == Json::parse(R"(["lab.example.org"])"));
  const Json& rule = route["spec"]["rules"][0];
  CHECK(rule["matches"][0]["path"]["value"] == "/session/lab/ada/");
  CHECK(rule["backendRefs"] == Json::parse(R"([{"name": "ada", "port": 8888}])"));
  CHECK(rule["timeouts"]["request"] == "0s");
  CHECK(story.Session().status.url == "http://lab.example.org/session/lab/ada/");
}

TEST_CASE("a route that its class no longer wants is replaced at the next attempt, not before") {
  Story story = Routed(kIngress);
  story.Schedule();
  story.BecomeReady();
  story.Settle();
  const std::string url = story.Session().status.url;
  story.EditClass(kGateway);
  story.Settle();
  CHECK(story.Has("ingresses", "ada"));
  CHECK(story.Session().status.url == url);
  CHECK(story.Session().status.pending_change.find("SessionClass") != std::string::npos);

  story.LosePod();
  story.Settle();
  CHECK_FALSE(story.Has("ingresses", "ada"));
  CHECK(story.Has("httproutes", "ada"));

  story.EditClass({{"route", {{"hostname", "other.example.org"}}}});
  story.LosePod();
  story.Settle();
  CHECK(story.Object("httproutes", "ada")["spec"]["hostnames"][0] == "other.example.org");

  story.EditClass({{"route", {{"type", "None"}}}});
  story.LosePod();
  story.Settle();
  CHECK_FALSE(story.Has("httproutes", "ada"));
}

TEST_CASE("another's route of the session's name is left alone, and named") {
  Story story;
  story.EditClass(kIngress);
  story.Put("ingresses", {{"metadata", {{"name", "ada"}, {"namespace", "lab"}}}});
  story.Ask(Json::object());
  story.Settle();
  CHECK_FALSE(story.Has("pods", "ada"));
  CHECK(story.Condition("Stalled").reason == "NameTaken");
  story.Remove("ingresses", "ada", "lab");
  story.Settle();
  CHECK(story.Has("pods", "ada"));
}

TEST_CASE("only the notebook's port lets anything in, and the cloud's metadata service is out of reach") {
  Story story;
  story.Ask(Json::object());
  story.Settle();
  const Json& spec = story.Object("networkpolicies", "ada")["spec"];
  CHECK(spec["podSelector"]["matchLabels"] == Json{{"marea.dev/session", "ada"}});
  CHECK(spec["ingress"] == Json::parse(R"([{"ports": [{"port": "notebook-port", "protocol": "TCP"}]}])"));
  CHECK(spec["egress"][0]["to"][0]["ipBlock"]["except"][0] == "169.254.169.254/32");
}

}  // namespace
}  // namespace marea::session
