#include "testing/fake_pods.hpp"

#include <algorithm>

#include "testing/fake_json.hpp"
#include "testing/fake_metadata.hpp"

namespace marea::testing::fake {

namespace {

void DefaultProbe(Json& container, const char* which) {
  if (!At(container, which).is_object()) return;
  Json& probe = container[which];
  SetDefault(probe, "timeoutSeconds", 1);
  SetDefault(probe, "periodSeconds", 10);
  SetDefault(probe, "successThreshold", 1);
  SetDefault(probe, "failureThreshold", 3);
  if (At(probe, "httpGet").is_object()) {
    SetDefault(probe["httpGet"], "path", "/");
    SetDefault(probe["httpGet"], "scheme", "HTTP");
  }
}

bool IsLatest(const std::string& image) {
  const std::size_t name = image.rfind('/') == std::string::npos ? 0 : image.rfind('/');
  if (image.find('@') != std::string::npos) return false;
  const std::size_t colon = image.find(':', name);
  return colon == std::string::npos || image.substr(colon) == ":latest";
}

void DefaultContainer(Json& container) {
  SetDefault(container, "terminationMessagePath", "/dev/termination-log");
  SetDefault(container, "terminationMessagePolicy", "File");
  SetDefault(container, "imagePullPolicy", IsLatest(TextAt(container, "image")) ? "Always" : "IfNotPresent");
  Json& resources = ObjectAt(container, "resources");
  if (const Json limits = At(resources, "limits"); limits.is_object()) {
    Json& requests = ObjectAt(resources, "requests");
    for (const auto& [name, value] : limits.items()) SetDefault(requests, name.c_str(), value);
  }
  if (At(container, "ports").is_array()) {
    for (Json& port : container["ports"]) {
      if (port.is_object()) SetDefault(port, "protocol", "TCP");
    }
  }
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"})
    DefaultProbe(container, probe);
}

void DefaultVolume(Json& volume) {
  if (At(volume, "secret").is_object()) SetDefault(volume["secret"], "defaultMode", 420);
  if (At(volume, "configMap").is_object()) SetDefault(volume["configMap"], "defaultMode", 420);
}

// The two tolerations that the DefaultTolerationSeconds plugin adds.
void TolerateNodeTrouble(Json& spec) {
  Json& tolerations = spec["tolerations"];
  if (!tolerations.is_array()) tolerations = Json::array();
  for (const char* taint : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    const bool tolerated = std::ranges::any_of(tolerations, [&](const Json& toleration) {
      const std::string& key = TextAt(toleration, "key");
      const std::string& effect = TextAt(toleration, "effect");
      return (key == taint || key.empty()) && (effect == "NoExecute" || effect.empty());
    });
    if (tolerated) continue;
    tolerations.push_back(
        {{"key", taint}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 300}});
  }
}

std::string QualityOfService(const Json& spec) {
  bool any = false, guaranteed = true;
  for (const char* list : {"initContainers", "containers"}) {
    for (const Json& container : At(spec, list)) {
      for (const char* resource : {"cpu", "memory"}) {
        const Json& request = At(container, "resources", "requests", resource);
        const Json& limit = At(container, "resources", "limits", resource);
        any = any || !request.is_null() || !limit.is_null();
        guaranteed = guaranteed && !limit.is_null() && request == limit;
      }
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

std::vector<Cause> CheckContainers(const Json& spec) {
  std::vector<Cause> causes;
  const Json& containers = At(spec, "containers");
  if (!IsNonEmptyList(containers)) causes.push_back(Required("spec.containers"));
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const std::string path = "spec.containers[" + std::to_string(i) + "].";
    if (TextAt(containers[i], "name").empty()) causes.push_back(Required(path + "name"));
    if (TextAt(containers[i], "image").empty()) causes.push_back(Required(path + "image"));
  }
  return causes;
}

Answer<void> DefaultSpec(Json& spec) {
  SetDefault(spec, "restartPolicy", "Always");
  SetDefault(spec, "terminationGracePeriodSeconds", 30);
  SetDefault(spec, "dnsPolicy", "ClusterFirst");
  SetDefault(spec, "serviceAccountName", "default");
  SetDefault(spec, "serviceAccount", At(spec, "serviceAccountName"));
  SetDefault(spec, "securityContext", Json::object());
  SetDefault(spec, "schedulerName", "default-scheduler");
  SetDefault(spec, "enableServiceLinks", true);
  for (const char* list : {"initContainers", "containers", "volumes"}) {
    if (At(spec, list).is_null()) continue;
    if (!spec[list].is_array()) return Refuse(BadRequest("unable to decode Pod.spec: wrong type"));
    const bool volumes = std::string_view(list) == "volumes";
    for (Json& item : spec[list]) {
      if (!item.is_object()) return Refuse(BadRequest("unable to decode Pod.spec: wrong type"));
      volumes ? DefaultVolume(item) : DefaultContainer(item);
    }
  }
  return {};
}

// As the PodTopologyLabels plugin does.
void LabelWithPlace(Store& store, const std::string& node, Json& metadata) {
  const auto& nodes = store.Find("nodes")->versions;
  const auto found = nodes.find({"", node});
  if (found == nodes.end()) return;
  for (const char* label : {"topology.kubernetes.io/zone", "topology.kubernetes.io/region"}) {
    const std::string& place = TextAt(found->second->object(), "metadata", "labels", label);
    if (!place.empty()) ObjectAt(metadata, "labels")[label] = place;
  }
}

// What may be changed on a pod is made equal, so that what is left must be.
Json WithoutChangeable(Json spec) {
  for (const char* field : {"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations"}) {
    spec.erase(field);
  }
  for (const char* list : {"initContainers", "containers"}) {
    if (!At(spec, list).is_array()) continue;
    for (Json& container : spec[list]) {
      if (container.is_object()) container.erase("image");
    }
  }
  return spec;
}

bool OnlyAdds(const Json& before, const Json& after) {
  return std::ranges::all_of(
      before, [&](const Json& toleration) { return std::ranges::find(after, toleration) != after.end(); });
}

}  // namespace

Answer<void> AdmitPod(Surroundings& surroundings, const Kind& kind, Json& object) {
  Json& spec = ObjectAt(object, "spec");
  if (auto defaulted = DefaultSpec(spec); !defaulted) return defaulted;
  SetDefault(spec, "preemptionPolicy", "PreemptLowerPriority");
  SetDefault(spec, "priority", 0);
  TolerateNodeTrouble(spec);
  if (const auto causes = CheckContainers(spec); !causes.empty()) {
    return Refuse(Invalid(kind, TextAt(object, "metadata", "name"), causes));
  }
  LabelWithPlace(surroundings.store, TextAt(spec, "nodeName"), object["metadata"]);
  object["status"] = {{"phase", "Pending"}, {"qosClass", QualityOfService(spec)}};
  return {};
}

void CompleteConditions(Json& pod) {
  if (!At(pod, "status", "conditions").is_array()) return;
  for (Json& condition : pod["status"]["conditions"]) {
    if (!condition.is_object()) continue;
    for (const char* time : {"lastProbeTime", "lastTransitionTime"}) {
      if (!condition.contains(time)) condition[time] = nullptr;
    }
  }
}

Answer<void> ChangePod(const Kind& kind, const Json& before, Json& object) {
  const Json& old = At(before, "spec");
  Json& spec = ObjectAt(object, "spec");
  if (auto defaulted = DefaultSpec(spec); !defaulted) return defaulted;
  if (spec == old) return {};
  const bool same = WithoutChangeable(spec) == WithoutChangeable(old);
  if (same && OnlyAdds(At(old, "tolerations"), At(spec, "tolerations"))) return {};
  return Refuse(Invalid(kind, TextAt(object, "metadata", "name"),
                        {ForbiddenField("spec",
                                        "pod updates may not change fields other than "
                                        "`spec.containers[*].image`, `spec.initContainers[*].image`, "
                                        "`spec.activeDeadlineSeconds`, `spec.tolerations` (only "
                                        "additions to existing tolerations), "
                                        "`spec.terminationGracePeriodSeconds`")}));
}

std::int64_t GraceSeconds(const Json& pod, std::int64_t asked, bool given) {
  std::int64_t seconds = given ? asked : IntegerAt(pod, 30, "spec", "terminationGracePeriodSeconds");
  const std::string& phase = TextAt(pod, "status", "phase");
  if (TextAt(pod, "spec", "nodeName").empty() || phase == "Succeeded" || phase == "Failed") seconds = 0;
  constexpr std::int64_t kTenYears = 315'360'000;  // times stay such that can be written
  return seconds < 0 ? 1 : std::min(seconds, kTenYears);
}

Answer<Json> Bound(Surroundings surroundings, const Kind& kind, const Json& pod, const Json& binding) {
  const std::string& name = TextAt(pod, "metadata", "name");
  const std::string& node = TextAt(binding, "target", "name");
  if (node.empty()) return Refuse({500, "", "Binding is invalid: target.name: Required value"});
  const std::string& uid = TextAt(binding, "metadata", "uid");
  if (!uid.empty() && uid != TextAt(pod, "metadata", "uid")) return Refuse(Conflict(kind, name));
  const auto refuse = [&](const std::string& why) {
    Refusal refusal = Conflict(kind, name);
    refusal.message = "Operation cannot be fulfilled on pods/binding \"" + name + "\": " + why;
    refusal.details["kind"] = "pods/binding";
    return Refuse(std::move(refusal));
  };
  if (IsTerminating(pod)) return refuse("pod " + name + " is being deleted, cannot be assigned to a host");
  if (const std::string& bound = TextAt(pod, "spec", "nodeName"); !bound.empty()) {
    return refuse("pod " + name + " is already assigned to node \"" + bound + "\"");
  }
  Json object = pod;
  object["spec"]["nodeName"] = node;
  for (const auto& [key, value] : At(binding, "metadata", "annotations").items()) {
    if (value.is_string() && !key.empty()) ObjectAt(object["metadata"], "annotations")[key] = value;
  }
  LabelWithPlace(surroundings.store, node, object["metadata"]);
  Json& conditions = object["status"]["conditions"];
  if (!conditions.is_array()) conditions = Json::array();
  Json scheduled = {{"type", "PodScheduled"},
                    {"status", "True"},
                    {"lastProbeTime", nullptr},
                    {"lastTransitionTime", FormatTime(surroundings.now)}};
  const auto known = std::ranges::find_if(
      conditions, [](const Json& condition) { return TextAt(condition, "type") == "PodScheduled"; });
  known == conditions.end() ? conditions.push_back(scheduled) : void(*known = scheduled);
  return object;
}

}  // namespace marea::testing::fake
