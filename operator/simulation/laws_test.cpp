// Each law can be broken: what breaks it is written down here, and it is seen to fire, and nothing else.
#include "simulation/laws.hpp"

#include <catch2/catch.hpp>

#include "controllers/api/session.hpp"
#include "simulation/furniture.hpp"
#include "simulation/platform.hpp"
#include "testing/fake_parts.hpp"

namespace marea::simulation {
namespace {

using namespace std::chrono_literals;
using http::Method;
using Lines = std::vector<std::string>;

const std::string kLab = "/api/v1/namespaces/lab/";
const std::string kSession = "/apis/marea.dev/v1alpha1/namespaces/lab/sessions/";

// A court of law: a cluster with two nodes of one device, and Session "ada", admitted to node-a at attempt 1.
struct Court {
  SimLoop world;
  testing::FakeApi api{[this] { return world.Now(); }};
  testing::FakeCluster cluster{world, api, {}};
  testing::FakeClient person{world, api};
  Laws laws{api};

  Court() {
    api.InstallCrds(MAREA_SOURCE_DIR "/crds");
    api.Listen([this](const testing::FakeApi::Change& change) { laws.Committed(change, cluster); });
    person.Create(kube::kNamespaces, "", {{"metadata", {{"name", "lab"}}}});
    for (const auto* node : {"node-a", "node-b"})
      cluster.AddNode(node, {}, {{"cpu", "8"}, {"memory", "16Gi"}, {"pods", "10"}, {"nvidia.com/gpu", "1"}});
    MakeSession("ada");
    Record("ada", Admitted("node-a"));
  }

  static Json Admitted(const char* node) {
    return {{"attempt", 1}, {"admission", {{"acceleratorClass", "a100"}, {"count", 1}, {"nodeName", node}}}};
  }
  void MakeSession(const std::string& name) {
    REQUIRE(person.Create(api::kSessions, "lab",
                          {{"apiVersion", "marea.dev/v1alpha1"},
                           {"kind", "Session"},
                           {"metadata", {{"name", name}}},
                           {"spec", Wants({"a100"})}}));
  }
  void Record(const std::string& session, const Json& status) {
    REQUIRE(person.Patch(api::kSessions, {"lab", session}, "status", {{"status", status}}));
  }

  // As the operator would make it.
  Json PodOf(const std::string& session, const char* node, const char* attempt = "1") const {
    const Json pin = {{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}};
    const Json terms = Json::array({{{"matchFields", Json::array({pin})}}});
    const Json devices = {{"nvidia.com/gpu", "1"}};
    const auto owner = api.Get("sessions", {"lab", session});
    return {{"metadata",
             {{"name", session},
              {"namespace", "lab"},
              {"labels", {{"marea.dev/session", session}}},
              {"annotations", {{"marea.dev/attempt", attempt}}},
              {"ownerReferences", Json::array({{{"apiVersion", "marea.dev/v1alpha1"},
                                                {"kind", "Session"},
                                                {"name", session},
                                                {"uid", owner->at("metadata").at("uid")},
                                                {"controller", true}}})}}},
            {"spec",
             {{"affinity",
               {{"nodeAffinity",
                 {{"requiredDuringSchedulingIgnoredDuringExecution", {{"nodeSelectorTerms", terms}}}}}}},
              {"containers", Json::array({{{"name", "notebook"},
                                           {"image", "lab:1"},
                                           {"resources", {{"limits", devices}, {"requests", devices}}}}})}}}};
  }
  void MakePod(const Json& pod) { REQUIRE(person.Create(kube::kPods, "lab", pod)); }

  static http::Request RequestOf(Method method, const std::string& path, const Json& body = nullptr) {
    http::Request request;
    request.method = method;
    request.path = path;
    if (!body.is_null()) request.body = body.dump();
    return request;
  }
  void Send(Method method, const std::string& path, const Json& body = nullptr) {
    laws.Sending(RequestOf(method, path, body));
  }
  Json Preconditions() const {
    const auto pod = api.Get("pods", {"lab", "ada"});
    const Json& metadata = pod->at("metadata");
    return {{"preconditions",
             {{"uid", metadata.at("uid")}, {"resourceVersion", metadata.at("resourceVersion")}}}};
  }

  void CheckViolated(const std::string& law, const std::string& what) const {
    CAPTURE(laws.violations());
    REQUIRE(laws.violations().size() == 1);
    CHECK(laws.violations()[0].starts_with(law + ": "));
    CHECK(laws.violations()[0].find(what) != std::string::npos);
  }
  void CheckKept() const { CHECK(laws.violations() == Lines{}); }
};

}  // namespace

TEST_CASE("law: a pod follows the stored admission, its node and its attempt") {
  Court court;
  const std::string law = "records precede effects";
  SECTION("kept") {
    court.Send(Method::kPost, kLab + "pods", court.PodOf("ada", "node-a"));
    court.CheckKept();
  }
  SECTION("another node") {
    court.Send(Method::kPost, kLab + "pods", court.PodOf("ada", "node-b"));
    court.CheckViolated(law, "pinned to node-b");
  }
  SECTION("another attempt") {
    court.Send(Method::kPost, kLab + "pods", court.PodOf("ada", "node-a", "2"));
    court.CheckViolated(law, "another attempt");
  }
  SECTION("no admission at all") {
    court.MakeSession("bob");
    Json pod = court.PodOf("bob", "node-b");
    SECTION("for a node") {}
    SECTION("for any node") {
      pod["spec"].erase("affinity");
    }
    court.Record("bob", {{"attempt", 1}});
    court.Send(Method::kPost, kLab + "pods", pod);
    court.CheckViolated(law, "pod lab/bob");
  }
  SECTION("the session is gone meanwhile: the pod will be collected") {
    const Json pod = court.PodOf("ada", "node-b");
    court.person.Delete(api::kSessions, {"lab", "ada"}, {}, {});
    court.Send(Method::kPost, kLab + "pods", pod);
    court.CheckKept();
  }
  SECTION("the server went back in time: its records are not what was decided on") {
    court.laws.Restored();
    court.Send(Method::kPost, kLab + "pods", court.PodOf("ada", "node-b"));
    court.CheckKept();
  }
}

TEST_CASE("law: a pod is deleted for a stored reason, by uid and resourceVersion") {
  Court court;
  court.MakePod(court.PodOf("ada", "node-a"));
  const std::string records = "records precede effects",
                    preconditions = "no delete without uid and resourceVersion";
  SECTION("no reason") {
    court.Send(Method::kDelete, kLab + "pods/ada", court.Preconditions());
    court.CheckViolated(records, "no record says why");
  }
  SECTION("the run was stopped") {
    court.Record("ada", {{"stop", {{"run", 1}, {"reason", "UserRequest"}}}});
    court.Send(Method::kDelete, kLab + "pods/ada", court.Preconditions());
    court.CheckKept();
  }
  SECTION("the admission was withdrawn") {
    court.Record("ada", {{"admission", nullptr}});
    court.Send(Method::kDelete, kLab + "pods/ada", court.Preconditions());
    court.CheckKept();
  }
  SECTION("the attempt is another one") {
    court.Record("ada", {{"attempt", 2}});
    court.Send(Method::kDelete, kLab + "pods/ada", court.Preconditions());
    court.CheckKept();
  }
  court.Record("ada", {{"admission", nullptr}});
  SECTION("without a uid") {
    Json options = court.Preconditions();
    options["preconditions"].erase("uid");
    court.Send(Method::kDelete, kLab + "pods/ada", options);
    court.CheckViolated(preconditions, "/pods/ada");
  }
  SECTION("without a version") {
    Json options = court.Preconditions();
    options["preconditions"].erase("resourceVersion");
    court.Send(Method::kDelete, kLab + "pods/ada", options);
    court.CheckViolated(preconditions, "/pods/ada");
  }
  SECTION("without anything") {
    court.Send(Method::kDelete, kLab + "pods/ada");
    court.CheckViolated(preconditions, "/pods/ada");
  }
}

TEST_CASE("law: homes stay, and whatever else is neither pod nor Secret") {
  Court court;
  for (const std::string what : {"persistentvolumeclaims/claim-lab", "services/ada"}) {
    Court other;
    other.Send(Method::kDelete, kLab + what);
    other.CheckViolated("homes and whatever is not a pod stay", "delete ");
  }
  court.Send(Method::kDelete, kLab + "secrets/ada-1-20260101");
  court.CheckKept();
}

TEST_CASE("law: patches go to status and carry a resourceVersion") {
  Court court;
  const Json versioned = {{"metadata", {{"resourceVersion", "7"}}}, {"status", Json::object()}};
  SECTION("kept") {
    court.Send(Method::kPatch, kSession + "ada/status", versioned);
    court.CheckKept();
  }
  SECTION("of a spec") {
    court.Send(Method::kPatch, kSession + "ada", versioned);
    court.CheckViolated("only status is written", "sessions/");
  }
  SECTION("of a node") {
    court.Send(Method::kPatch, "/api/v1/nodes/node-a/status", versioned);
    court.CheckViolated("only status is written", "nodes/status");
  }
  SECTION("without a version") {
    court.Send(Method::kPatch, kSession + "ada/status", {{"status", Json::object()}});
    court.CheckViolated("patches carry a resourceVersion", "sessions/ada");
  }
}

TEST_CASE("law: events and conditions have a reason and a message, and name their object") {
  const Json whole = {{"reason", "Stopped"},
                      {"message", "Session ada was stopped."},
                      {"involvedObject", {{"name", "ada"}, {"uid", "7"}}}};
  for (const char* missing : {"/reason", "/message", "/involvedObject/name", "/involvedObject/uid"}) {
    Court court;
    court.Send(Method::kPost, kLab + "events", whole);
    court.CheckKept();
    Json event = whole;
    event[Json::json_pointer(missing)] = "";
    court.Send(Method::kPost, kLab + "events", event);
    court.CheckViolated("messages are non-empty and name the object", missing);
  }
  const Json ready = {{"type", "Ready"},
                      {"status", "False"},
                      {"reason", "Starting"},
                      {"message", "The pod is not there yet."},
                      {"lastTransitionTime", "2026-01-05T08:00:00Z"}};
  Court court;
  court.Record("ada", {{"conditions", Json::array({ready})}});
  court.CheckKept();
  Json mute = ready;
  mute["message"] = "";
  court.Record("ada", {{"conditions", Json::array({mute})}});
  court.CheckViolated("messages are non-empty", "lab/ada");
}

TEST_CASE("law: a device is given once, by promise or by a bound pod") {
  Court court;
  court.MakeSession("bob");
  const std::string law = "a device is given once";
  SECTION("kept, one promise for each") {
    court.Record("bob", Court::Admitted("node-b"));
    court.CheckKept();
  }
  SECTION("promised twice") {
    court.Record("bob", Court::Admitted("node-a"));
    court.CheckViolated(law, "node-a has 1 and 2 are given");
  }
  SECTION("promised while the pod of another is bound to it") {
    court.MakePod(court.PodOf("ada", "node-a"));
    court.world.RunFor(1s);
    court.Record("ada", {{"admission", nullptr}});
    court.CheckKept();
    court.Record("bob", Court::Admitted("node-a"));
    court.CheckViolated(law, "node-a has 1 and 2 are given");
  }
  SECTION("kept once the pod is bound: then it counts, not the promise") {
    court.MakePod(court.PodOf("ada", "node-a"));
    court.world.RunFor(10s);
    court.CheckKept();
  }
  SECTION("free again when the pod has ended") {
    court.MakePod(court.PodOf("ada", "node-a"));
    court.world.RunFor(10s);
    court.Record("ada", {{"admission", nullptr}});
    court.cluster.EndNotebook({"lab", "ada"}, 0);
    court.Record("bob", Court::Admitted("node-a"));
    court.CheckKept();
  }
  SECTION("bound beside what was promised") {
    Json pod = court.PodOf("bob", "node-a");
    court.MakePod(pod);
    court.world.RunFor(1s);
    court.CheckViolated(law, "node-a has 1 and 2 are given");
  }
}

TEST_CASE("law: one pod of a session runs") {
  Court court;
  court.MakePod(court.PodOf("ada", "node-a"));
  court.world.RunFor(10s);
  court.CheckKept();
  // Removed by force from a node that does not hear of it, and made anew elsewhere.
  court.cluster.SilenceNode("node-a");
  court.person.Delete(kube::kPods, {"lab", "ada"}, {}, 0);
  court.Record("ada", Court::Admitted("node-b"));
  court.MakePod(court.PodOf("ada", "node-b"));
  court.world.RunFor(500ms);
  court.CheckKept();  // it does not run yet
  court.world.RunFor(10s);
  REQUIRE_FALSE(court.laws.violations().empty());
  CHECK(court.laws.violations()[0] == "one pod a session: lab/ada runs 2");
}

TEST_CASE("law: decisions and requeues say why, failures whose they are, and no error is logged") {
  const std::string reasons = "every decision and every requeue has a reason";
  const auto judge = [](log::Level level, const char* message, std::initializer_list<log::Pair> pairs) {
    Court court;
    court.laws.Logged(level, message, pairs);
    return court.laws.violations();
  };
  using log::Level;
  CHECK(judge(Level::kInfo, "decided", {{"key", "lab/ada"}, {"reason", "first visit"}}).empty());
  CHECK(judge(Level::kInfo, "decided", {{"key", "lab/ada"}}) == Lines{reasons + ": lab/ada "});
  CHECK(judge(Level::kDebug, "waits", {{"key", "lab/ada"}, {"reason", ""}}) == Lines{reasons + ": lab/ada "});
  CHECK(judge(Level::kWarn, "an action failed", {{"key", "lab/ada"}, {"error", "refused"}}).empty());
  CHECK(judge(Level::kWarn, "an action failed", {{"key", "lab/ada"}, {"action", "create"}}).size() == 1);
  CHECK(judge(Level::kWarn, "an action failed", {{"error", "refused"}}).size() == 1);
  CHECK(judge(Level::kError, "this process leads no longer and ends", {}).empty());
  CHECK(judge(Level::kError, "cannot start", {}) == Lines{"no error is logged: cannot start"});
}

TEST_CASE("writes are counted, events and leases are not, and what was made and deleted by name") {
  Court court;
  const http::Response good{.status = 200, .headers = {}, .body = {}},
      refused{.status = 409, .headers = {}, .body = {}};
  const auto post = Court::RequestOf(Method::kPost, kLab + "pods", court.PodOf("ada", "node-a"));
  court.laws.Answered(post, refused);
  CHECK(court.laws.writes() == 0);
  court.laws.Answered(post, good);
  court.laws.Answered(Court::RequestOf(Method::kDelete, kLab + "pods/ada"), good);
  court.laws.Answered(Court::RequestOf(Method::kPatch, kSession + "ada/status", Json::object()), good);
  court.laws.Answered(Court::RequestOf(Method::kPost, kLab + "events", Json::object()), good);
  court.laws.Answered(
      Court::RequestOf(Method::kPatch, "/apis/coordination.k8s.io/v1/namespaces/marea-system/leases/x"),
      good);
  CHECK(court.laws.writes() == 3);
  CHECK(court.laws.made_and_deleted() ==
        std::map<std::string, int>{{"create pods lab/ada", 1}, {"delete pods lab/ada", 1}});
}

TEST_CASE("law: what leaves an operator finds its name in the Lease") {
  Platform platform({.replicas = 2});
  platform.Until("one leads", [&] { return !platform.Leader().empty(); });
  platform.Run(30s);
  REQUIRE(platform.laws().violations() == Lines{});
  // The Lease is somebody else's from one moment to the next; until it is renewed nobody can know.
  platform.Apply(kube::kLeases, {"marea-system", "marea-session"},
                 {{"spec", {{"holderIdentity", "stranger"}}}});
  platform.Ask("ada", Json::object());
  platform.Run(1s);
  REQUIRE_FALSE(platform.laws().violations().empty());
  CHECK(platform.laws().violations()[0].starts_with("one leader: op"));
  CHECK(platform.laws().violations()[0].ends_with("writes while stranger leads"));
}

TEST_CASE("law: it comes to pass, and it comes to rest") {
  Platform platform({});
  platform.Until("pigs fly", [] { return false; });
  CHECK(platform.laws().violations() == Lines{"it comes to pass: pigs fly"});

  Platform restless({});
  restless.Ask("ada", Json::object());
  const std::function<void()> toggle = [&] {
    const bool runs = restless.Session("ada")["spec"]["desiredState"] == "Running";
    restless.Edit("ada", {{"desiredState", runs ? "Stopped" : "Running"}});
    restless.world().After(5min, toggle);
  };
  toggle();
  restless.Rest();
  CHECK(restless.laws().violations() == Lines{"it comes to rest: there are still writes after an hour"});
}

}  // namespace marea::simulation
