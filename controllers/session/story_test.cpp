#include "controllers/session/story_test.hpp"

#include <catch2/catch.hpp>

#include "controllers/api/names.hpp"
#include "controllers/placement/placement.hpp"
#include "controllers/placement/state.hpp"
#include "controllers/session/memory.hpp"
#include "controllers/session/plan.hpp"
#include "kube/codec.hpp"

namespace marea::session {
namespace {

using Json = nlohmann::json;

template <class T>
void Feed(runtime::Cache<T>& cache, const Json& object) {
  auto decoded = kube::DecodeObject<T>(object.dump());
  INFO((decoded ? "" : decoded.error().message));
  REQUIRE(decoded);
  cache.Upsert(std::make_shared<const T>(std::move(*decoded)));
}

template <class F>
void ForCache(api::World& world, const std::string& plural, F f) {
  if (plural == "sessions") return f(world.sessions);
  if (plural == "sessionclasses") return f(world.session_classes);
  if (plural == "acceleratorclasses") return f(world.accelerator_classes);
  if (plural == "projects") return f(world.projects);
  if (plural == "pods") return f(world.pods);
  if (plural == "nodes") return f(world.nodes);
  if (plural == "persistentvolumeclaims") return f(world.claims);
  if (plural == "services") return f(world.services);
  if (plural == "namespaces") return f(world.namespaces);
  if (plural == "storageclasses") return f(world.storage_classes);
  if (plural == "persistentvolumes") return f(world.volumes);
  if (plural == "events") return f(world.warnings);
  if (plural == "ingresses") return f(world.ingresses);
  if (plural == "httproutes") return f(world.http_routes);
  if (plural == "networkpolicies") return;  // made, never read
  REQUIRE(plural == "secrets");             // never read, never cached
}

Json GpuNode(const std::string& name, const std::string& product) {
  return {{"metadata", {{"name", name}, {"labels", {{"product", product}}}}},
          {"status",
           {{"allocatable", {{"cpu", "8"}, {"memory", "32Gi"}, {"pods", "110"}, {"nvidia.com/gpu", "1"}}},
            {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}}}};
}

Json DeviceClass(const std::string& name, const std::string& product) {
  return {{"metadata", {{"name", name}}},
          {"spec",
           {{"device", {{"extendedResource", {{"name", "nvidia.com/gpu"}}}}},
            {"nodeSelector", {{"product", product}}}}}};
}

}  // namespace

Story::Story() : now(*ParseTime("2026-03-02T09:00:00Z")) {
  Put("namespaces", {{"metadata", {{"name", "lab"}}}});
  Put("storageclasses",
      {{"metadata", {{"name", "standard"}}}, {"volumeBindingMode", "WaitForFirstConsumer"}});
  Put("nodes", GpuNode("node-a", "A100"));
  Put("nodes", GpuNode("node-t", "T4"));
  Put("acceleratorclasses", DeviceClass("a100", "A100"));
  Put("acceleratorclasses", DeviceClass("t4", "T4"));
  Put("sessionclasses",
      {{"metadata", {{"name", "default"}}},
       {"spec",
        {{"images", Json::array({{{"name", "lab"}, {"image", "example.org/lab:1"}}})},
         {"resources", {{"default", {{"cpu", "1"}, {"memory", "2Gi"}}}, {"max", {{"cpu", "4"}}}}},
         {"accelerators",
          Json::array({{{"className", "a100"}, {"maxCount", 1}}, {{"className", "t4"}, {"maxCount", 2}}})},
         {"defaultDurationSeconds", 3600},
         {"maxDurationSeconds", 7200},
         {"startDeadlineSeconds", 300},
         {"home", {{"size", "10Gi"}, {"accessMode", "ReadWriteOnce"}, {"mountPath", "/home/jovyan"}}},
         {"pod", {{"port", 8888}, {"runAsUser", 1000}, {"runAsGroup", 1000}, {"sharedMemory", "1Gi"}}}}}});
}

void Story::Put(const std::string& plural, Json object) {
  const Key at{object["metadata"].value("namespace", ""), object["metadata"]["name"]};
  Store(plural, at, std::move(object));
}

void Story::Remove(const std::string& plural, const std::string& name, const std::string& ns) {
  Erase(plural, {ns, name});
}

void Story::Warn(const std::string& plural, const std::string& about, const std::string& reason,
                 const std::string& message) {
  const Json& object = Object(plural, about);
  const std::string kind = plural == "pods" ? "Pod" : "PersistentVolumeClaim";
  Put("events",
      {{"metadata", {{"name", about + ".17f00000" + std::to_string(++uids_)}, {"namespace", "lab"}}},
       {"involvedObject",
        {{"kind", kind}, {"namespace", "lab"}, {"name", about}, {"uid", object["metadata"]["uid"]}}},
       {"reason", reason},
       {"message", message}});
}

void Story::Ask(Json spec, const std::string& name) {
  Put("sessions",
      {{"metadata", {{"name", name}, {"namespace", "lab"}, {"creationTimestamp", FormatTime(now)}}},
       {"spec", std::move(spec)}});
  auto& stored = Object("sessions", name);
  stored["spec"].emplace("className", "default");
  Store("sessions", {"lab", name}, stored);
}

void Story::EditSpec(Json merge_patch, const std::string& name) {
  auto& object = Object("sessions", name);
  object["spec"].merge_patch(merge_patch);
  object["metadata"]["generation"] = object["metadata"].value("generation", 1) + 1;
  Store("sessions", {"lab", name}, object);
}

void Story::EditClass(Json merge_patch) {
  auto object = Object("sessionclasses", "default", "");
  object["spec"].merge_patch(merge_patch);
  Store("sessionclasses", {"", "default"}, object);
}

void Story::PutClaim(const std::string& name, const std::string& user) {
  Json claim = {{"metadata", {{"name", name}, {"namespace", "lab"}}}, {"status", {{"phase", "Bound"}}}};
  if (!user.empty()) claim["metadata"]["annotations"][api::kUserAnnotation] = user;
  Put("persistentvolumeclaims", std::move(claim));
}

void Story::Store(const std::string& plural, const Key& at, Json object) {
  auto& meta = object["metadata"];
  if (!meta.contains("uid")) meta["uid"] = "uid-" + std::to_string(++uids_);
  if (!meta.contains("generation")) meta["generation"] = 1;
  meta["resourceVersion"] = std::to_string(++version_);
  ForCache(world, plural, [&](auto& cache) { Feed(cache, object); });
  objects.insert_or_assign({plural, at}, std::move(object));
}

void Story::Erase(const std::string& plural, const Key& at) {
  const auto found = objects.find({plural, at});
  REQUIRE(found != objects.end());
  const std::string uid = found->second["metadata"]["uid"];
  objects.erase(found);
  ForCache(world, plural, [&](auto& cache) { cache.EraseByUid(at, uid); });
}

runtime::Decision Story::DecideFor(const Key& session) const {
  return session::Decide(world, settings, session, {now, 0});
}

Result<void> Story::Carry(const runtime::Action& action) {
  if (const auto* create = std::get_if<runtime::Create>(&action)) {
    const std::string plural(create->type->plural);
    if (objects.contains({plural, create->key})) return Fail(ErrorKind::kAlreadyExists, "exists");
    auto body = Json::parse(create->body);
    REQUIRE(body["metadata"]["name"] == create->key.name);
    if (plural == "services") body["spec"]["clusterIP"] = "10.0.0.9";
    if (plural == "persistentvolumeclaims") {
      body["spec"].emplace("storageClassName", "standard");
      body["status"]["phase"] = "Pending";
    }
    if (plural == "pods") body["status"]["phase"] = "Pending";
    Store(plural, create->key, std::move(body));
  } else if (const auto* patch = std::get_if<runtime::Patch>(&action)) {
    auto& object = objects.at({std::string(patch->type->plural), patch->key});
    if (object["metadata"]["resourceVersion"] != patch->resource_version)
      return Fail(ErrorKind::kConflict, "stale");
    const Json body = Json::parse(patch->body);
    REQUIRE(body.size() == 1);
    // Only status is ours to write, and how large a home is.
    REQUIRE(body.contains(patch->type == &kube::kClaims ? "spec" : patch->subresource));
    object.merge_patch(body);
    Store(std::string(patch->type->plural), patch->key, object);
  } else if (const auto* deletion = std::get_if<runtime::Delete>(&action)) {
    const std::string plural(deletion->type->plural);
    REQUIRE(plural != "persistentvolumeclaims");  // homes are never deleted by us
    if (!objects.contains({plural, deletion->key})) return Fail(ErrorKind::kNotFound, "gone");
    auto& object = objects.at({plural, deletion->key});
    if (plural == "secrets") {
      Erase(plural, deletion->key);
      return {};
    }
    const bool simple = plural == "ingresses" || plural == "httproutes";
    REQUIRE(deletion->uid == object["metadata"]["uid"]);
    if (object["metadata"]["resourceVersion"] != deletion->resource_version)
      return Fail(ErrorKind::kConflict, "stale");
    const bool bound = !simple && !object["spec"].value("nodeName", "").empty();
    if (bound) {
      object["metadata"]["deletionTimestamp"] = FormatTime(now);
      Store(plural, deletion->key, object);
    } else {
      Erase(plural, deletion->key);
    }
  }
  return {};
}

void Story::Apply(const runtime::Action& action, const Key& session) {
  if (const auto* event = std::get_if<runtime::Emit>(&action)) {
    CHECK_FALSE(event->message.empty());
    events.push_back(event->reason);
    return;
  }
  writes.push_back(runtime::Describe(action));
  Observe(session, action, Carry(action));
}

void Story::Observe(const Key& session, const runtime::Action& action, const Result<void>& result) {
  const auto found = world.sessions.Get(session);
  if (found) Learn(world, *found, action, result, now);
}

void Story::Place() {
  placement::State state(world, [this] { return now; });
  state.Start();
  placement::Waiting waiting;
  world.requests.clear();
  for (const auto& [at, session] : world.sessions.All()) {
    auto request = RequestOf(world, settings, at, {now, 0});
    if (!request) continue;
    const auto known = world.requests.emplace(at, std::move(*request)).first;
    waiting.push_back({&known->first, &known->second});
  }
  auto placed = placement::Place(state.capacity(), state.sharing(), waiting, now);
  world.proposals.clear();
  for (std::size_t i = 0; i < waiting.size(); ++i)
    world.proposals.emplace(*waiting[i].key, std::move(*placed.proposals[i]));
  world.told.clear();
  for (const auto& [at, proposal] : world.proposals) {
    if (const auto* wait = std::get_if<api::Wait>(&proposal)) world.told.emplace(at, *wait);
  }
}

void Story::Settle() {
  for (int round = 0; round < 50; ++round) {
    Place();
    bool done = true;
    const auto sessions = world.sessions.All();
    for (const auto& [at, session] : sessions) {
      for (const auto& action : DecideFor(at).actions) {
        done = false;
        Apply(action, at);
      }
      Place();
    }
    if (done) return;
  }
  FAIL("the plan never comes to rest");
}

void Story::Schedule(const std::string& pod) {
  auto& object = Object("pods", pod);
  const auto& terms = object["spec"]["affinity"]["nodeAffinity"]
                            ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  object["spec"]["nodeName"] = terms[0]["matchFields"][0]["values"][0];
  PatchPodStatus(
      {{"conditions",
        Json::array(
            {{{"type", "PodScheduled"}, {"status", "True"}, {"lastTransitionTime", FormatTime(now)}}})}},
      pod);
}

void Story::BecomeReady(const std::string& pod) {
  auto conditions = Object("pods", pod)["status"]["conditions"];
  conditions.push_back({{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", FormatTime(now)}});
  PatchPodStatus({{"phase", "Running"}, {"conditions", conditions}}, pod);
}

void Story::PatchPodStatus(Json status, const std::string& pod) {
  auto& object = Object("pods", pod);
  object["status"].merge_patch(status);
  Store("pods", {"lab", pod}, object);
}

void Story::KubeletRemoves(const std::string& pod) {
  REQUIRE(Object("pods", pod)["metadata"].contains("deletionTimestamp"));
  Erase("pods", {"lab", pod});
}

void Story::LosePod(const std::string& pod) {
  Erase("pods", {"lab", pod});
}

const api::Session& Story::Session(const std::string& name) const {
  const auto session = world.sessions.Get({"lab", name});
  REQUIRE(session);
  return *session;  // the cache holds it until the next change
}

const api::Condition& Story::Condition(const std::string& type, const std::string& name) const {
  const auto* condition = api::FindCondition(Session(name).status.conditions, type);
  REQUIRE(condition != nullptr);
  return *condition;
}

bool Story::Has(const std::string& plural, const std::string& name, const std::string& ns) const {
  return objects.contains({plural, Key{ns, name}});
}

Json& Story::Object(const std::string& plural, const std::string& name, const std::string& ns) {
  return objects.at({plural, Key{ns, name}});
}

}  // namespace marea::session
