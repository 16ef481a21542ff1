#include "simulation/laws.hpp"

#include <algorithm>

#include "kube/types.hpp"
#include "testing/fake_request.hpp"

namespace marea::simulation {
namespace {

using Json = nlohmann::json;
using http::Method;

constexpr std::size_t kMaxViolations = 20;

testing::fake::Target TargetOf(const http::Request& request) {
  return testing::fake::ParseTarget(request.path).value();
}

std::string OwnerUid(const Json& object) {
  for (const auto& owner : object.at("metadata").value("ownerReferences", Json::array())) {
    if (owner.value("controller", false)) return owner.value("uid", "");
  }
  return {};
}

const Json& At(const Json& object, const char* pointer) {
  static const Json kNull;
  const Json::json_pointer at(pointer);
  return object.contains(at) ? object.at(at) : kNull;
}

std::string TextAt(const Json& object, const char* pointer) {
  const Json& found = At(object, pointer);
  return found.is_string() ? found.get<std::string>() : found.is_null() ? "" : found.dump();
}

std::int64_t DevicesOf(const Json& pod) {
  std::int64_t devices = 0;
  for (const auto& container : pod.at("spec").at("containers")) {
    devices += std::stoll("0" + TextAt(container, "/resources/requests/nvidia.com~1gpu"));
  }
  return devices;
}

// Whether the session is the pod's, and not one of the same name before or after it.
bool Owns(const Json& session, const Json& pod) {
  return TextAt(session, "/metadata/uid") == OwnerUid(pod);
}

bool HasEnded(const Json& pod) {
  const auto phase = TextAt(pod, "/status/phase");
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

void Laws::Violate(const std::string& law, const std::string& what) {
  if (violations_.size() < kMaxViolations) violations_.push_back(law + ": " + what);
}

void Laws::Sending(const http::Request& request) {
  const auto target = TargetOf(request);
  if (request.method == Method::kDelete) return CheckDelete(request, target.plural, target.key);
  if (request.method == Method::kPatch) {
    if (target.plural != "leases") CheckPatch(request, target.plural + "/" + target.subresource);
    return;
  }
  if (target.plural == "pods" && !restored_) CheckPodCreate(request);
  if (target.plural == "events") CheckEvent(request);
}

// Records before effects: the admission, its node and the attempt are stored before the pod leaves.
void Laws::CheckPodCreate(const http::Request& request) {
  const Json pod = Json::parse(request.body);
  const Key key{pod.at("metadata").at("namespace"), pod.at("metadata").at("name")};
  const auto session = api_.Get("sessions", key);
  if (!session || !Owns(*session, pod)) return;  // deleted meanwhile: collected
  const auto node = TextAt(pod,
                           "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/"
                           "nodeSelectorTerms/0/matchFields/0/values/0");
  if (At(*session, "/status/admission").is_null() || TextAt(*session, "/status/admission/nodeName") != node)
    Violate("records precede effects",
            "pod " + ToString(key) + " is pinned to " + node + ", no admission says so");
  if (TextAt(*session, "/status/attempt") != TextAt(pod, "/metadata/annotations/marea.dev~1attempt"))
    Violate("records precede effects",
            "pod " + ToString(key) + " is of another attempt than the status says");
}

void Laws::CheckPatch(const http::Request& request, const std::string& where) {
  if (where != "sessions/status" && where != "acceleratorclasses/status" && where != "projects/status")
    Violate("only status is written", where);
  if (TextAt(Json::parse(request.body), "/metadata/resourceVersion").empty())
    Violate("patches carry a resourceVersion", request.path);
}

void Laws::CheckDelete(const http::Request& request, const std::string& plural, const Key& key) {
  if (plural == "secrets") return;  // which may not be read: their names hold session, attempt and key
  if (plural != "pods")
    return Violate("homes and whatever is not a pod stay", "delete " + plural + " " + ToString(key));
  const auto body = Json::parse(request.body, nullptr, false);
  if (body.is_discarded() || TextAt(body, "/preconditions/uid").empty() ||
      TextAt(body, "/preconditions/resourceVersion").empty()) {
    Violate("no delete without uid and resourceVersion", request.path);
  }
  const auto pod = api_.Get("pods", key);
  const auto session = api_.Get("sessions", key);
  if (restored_ || !pod || !session || !Owns(*session, *pod)) return;
  const bool stopped = !At(*session, "/status/stop").is_null();
  const bool given_up =
      At(*session, "/status/admission").is_null() ||
      TextAt(*session, "/status/attempt") != TextAt(*pod, "/metadata/annotations/marea.dev~1attempt");
  if (!stopped && !given_up)
    Violate("records precede effects", "pod " + ToString(key) + " is deleted, no record says why");
}

void Laws::CheckEvent(const http::Request& request) {
  const Json event = Json::parse(request.body);
  for (const char* field : {"/reason", "/message", "/involvedObject/name", "/involvedObject/uid"}) {
    if (TextAt(event, field).empty())
      Violate("messages are non-empty and name the object", "event without " + std::string(field));
  }
}

void Laws::Answered(const http::Request& request, const http::Response& response) {
  if (response.status >= 300) return;
  const auto target = TargetOf(request);
  if (target.plural == "events" || target.plural == "leases") return;
  ++writes_;
  if (request.method == Method::kPatch) return;
  const bool create = request.method == Method::kPost;
  const auto name =
      create ? Json::parse(request.body).at("metadata").at("name").get<std::string>() : target.key.name;
  ++made_and_deleted_[(create ? "create " : "delete ") + target.plural + " " + target.key.ns + "/" + name];
}

void Laws::Committed(const testing::FakeApi::Change& change, const testing::FakeCluster& cluster) {
  if (change.plural == "sessions" && change.type == "MODIFIED") CheckSession(change);
  if (change.plural != "pods") return;
  if (const auto node = TextAt(*change.object, "/spec/nodeName"); !node.empty()) CheckDevices(node);
  for (const auto& [session, running] : cluster.RunningBySession()) {
    if (running > 1) Violate("one pod a session", session + " runs " + std::to_string(running));
  }
}

void Laws::CheckSession(const testing::FakeApi::Change& change) {
  const Json& session = *change.object;
  for (const auto& condition : At(session, "/status/conditions")) {
    if (TextAt(condition, "/message").empty() || TextAt(condition, "/reason").empty())
      Violate("messages are non-empty", ToString(change.key) + " " + condition.dump());
  }
  const auto node = TextAt(session, "/status/admission/nodeName");
  if (!node.empty() && (!change.before || node != TextAt(*change.before, "/status/admission/nodeName")))
    CheckDevices(node);
  if (!node.empty()) CheckShare(session);
}

// What is held as guaranteed was promised, and who borrows may be asked to leave. Of projects without parts,
// whose guarantees stay as they are.
void Laws::CheckShare(const Json& session) {
  const auto project = TextAt(session, "/status/project");
  const auto device = TextAt(session, "/status/admission/acceleratorClass");
  if (TextAt(session, "/status/admission/kind") == "Borrowed") {
    if (At(session, "/spec/preemptible") != true)
      Violate("who borrows is preemptible", TextAt(session, "/metadata/name"));
    return;
  }
  const auto promised = api_.Get("projects", {"", project});
  if (!promised) return;
  std::int64_t held = 0;
  for (const auto& [key, other] : api_.All("sessions")) {
    if (TextAt(*other, "/status/project") == project &&
        TextAt(*other, "/status/admission/kind") == "Guaranteed" &&
        TextAt(*other, "/status/admission/acceleratorClass") == device)
      held += At(*other, "/status/admission/count").get<std::int64_t>();
  }
  for (const auto& guarantee : At(*promised, "/spec/guarantees")) {
    if (guarantee.value("className", "") == device && held > guarantee.value("count", std::int64_t{0}))
      Violate("no guarantee is exceeded", project + " holds " + std::to_string(held) + " " + device);
  }
}

// What bound pods hold and what is promised to sessions whose pod is not bound yet fits the node.
void Laws::CheckDevices(const std::string& node_name) {
  const auto node = api_.Get("nodes", {"", node_name});
  if (!node) return;
  const auto room = std::stoll("0" + TextAt(*node, "/status/allocatable/nvidia.com~1gpu"));
  std::int64_t given = 0;
  for (const auto& [key, pod] : api_.All("pods")) {
    // Batch jobs make room: what they have may be given before the scheduler has ended them.
    const auto& priority = At(*pod, "/spec/priority");
    if (priority.is_number() && priority.get<std::int64_t>() < 0) continue;
    if (TextAt(*pod, "/spec/nodeName") == node_name && !HasEnded(*pod)) given += DevicesOf(*pod);
  }
  for (const auto& [key, session] : api_.All("sessions")) {
    if (TextAt(*session, "/status/admission/nodeName") != node_name) continue;
    const auto pod = api_.Get("pods", key);
    const bool bound = pod && Owns(*session, *pod) && !TextAt(*pod, "/spec/nodeName").empty();
    if (!bound && TextAt(*session, "/status/admission/acceleratorClass") != "cpu")
      given += At(*session, "/status/admission/count").get<std::int64_t>();
  }
  if (given > room)
    Violate("a device is given once",
            node_name + " has " + std::to_string(room) + " and " + std::to_string(given) + " are given");
}

void Laws::Logged(log::Level level, std::string_view message, std::initializer_list<log::Pair> pairs) {
  const auto value = [&](std::string_view name) {
    const auto found = std::ranges::find(pairs, name, &log::Pair::first);
    return found == pairs.end() ? std::string{} : found->second;
  };
  if ((message == "decided" || message == "waits") && value("reason").empty())
    Violate("every decision and every requeue has a reason", value("key") + " " + value("actions"));
  if (message == "an action failed" && (value("key").empty() || value("error").empty()))
    Violate("messages are non-empty and name the object", value("action"));
  const bool expected = message == "this process leads no longer and ends";  // it was paused, or cut off
  if (level == log::Level::kError && !expected) Violate("no error is logged", std::string(message));
}

}  // namespace marea::simulation
