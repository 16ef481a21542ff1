#include "testing/fake_kinds.hpp"

#include <algorithm>
#include <string_view>

#include "base/crypto.hpp"
#include "testing/fake_claims.hpp"
#include "testing/fake_json.hpp"
#include "testing/fake_pods.hpp"

namespace marea::testing::fake {

namespace {

// --- Services ------------------------------------------------------------------------------------

std::string NextAddress(Surroundings& surroundings) {
  const std::uint64_t n = ++surroundings.addresses;
  return "10." + std::to_string(96 + (n >> 16) % 16) + "." + std::to_string((n >> 8) & 255) + "." +
         std::to_string(n & 255);
}

void DefaultPorts(Json& spec) {
  if (!At(spec, "ports").is_array()) return;
  for (Json& port : spec["ports"]) {
    if (!port.is_object()) continue;
    SetDefault(port, "protocol", "TCP");
    SetDefault(port, "targetPort", At(port, "port"));
  }
}

Answer<void> AdmitService(Surroundings& surroundings, const Kind& kind, Json& object) {
  Json& spec = ObjectAt(object, "spec");
  SetDefault(spec, "type", "ClusterIP");
  SetDefault(spec, "sessionAffinity", "None");
  SetDefault(spec, "internalTrafficPolicy", "Cluster");
  DefaultPorts(spec);
  if (At(spec, "ports").empty() && TextAt(spec, "clusterIP") != "None") {
    return Refuse(Invalid(kind, TextAt(object, "metadata", "name"), {Required("spec.ports")}));
  }
  if (TextAt(spec, "clusterIP").empty()) spec["clusterIP"] = NextAddress(surroundings);
  SetDefault(spec, "clusterIPs", Json::array({spec["clusterIP"]}));
  SetDefault(spec, "ipFamilies", Json::array({"IPv4"}));
  SetDefault(spec, "ipFamilyPolicy", "SingleStack");
  object["status"] = {{"loadBalancer", Json::object()}};
  return {};
}

Answer<void> ChangeService(const Kind& kind, const Json& before, Json& object) {
  Json& spec = ObjectAt(object, "spec");
  for (const char* field : {"clusterIP", "clusterIPs"}) {
    const Json& was = At(before, "spec", field);
    SetDefault(spec, field, was);
    if (spec[field] != was) {
      return Refuse(
          Invalid(kind, TextAt(object, "metadata", "name"),
                  {InvalidValue("spec.clusterIPs[0]", At(spec, field), "may not change once set")}));
    }
  }
  SetDefault(spec, "type", "ClusterIP");
  SetDefault(spec, "sessionAffinity", "None");
  SetDefault(spec, "internalTrafficPolicy", "Cluster");
  SetDefault(spec, "ipFamilies", At(before, "spec", "ipFamilies"));
  SetDefault(spec, "ipFamilyPolicy", At(before, "spec", "ipFamilyPolicy"));
  DefaultPorts(spec);
  return {};
}

// --- Secrets -------------------------------------------------------------------------------------

Answer<void> MergeStringData(Json& object) {
  if (const Json& plain = At(object, "stringData"); plain.is_object()) {
    for (const auto& [name, value] : plain.items()) {
      if (!value.is_string()) return Refuse(BadRequest("unable to decode Secret.stringData: wrong type"));
      ObjectAt(object, "data")[name] = Base64Encode(value.get<std::string>());
    }
  }
  object.erase("stringData");
  return {};
}

bool IsBase64(const Json& text) {
  if (!text.is_string()) return false;
  std::string_view rest = text.get_ref<const std::string&>();
  if (rest.size() % 4 != 0) return false;
  for (int i = 0; i < 2 && rest.ends_with('='); ++i) rest.remove_suffix(1);
  return std::ranges::all_of(rest, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  });
}

Answer<void> CheckData(const Json& object) {
  const Json& data = At(object, "data");
  if (data.is_null() || (data.is_object() && std::ranges::all_of(data, IsBase64))) return {};
  return Refuse(BadRequest("unable to decode Secret.data: no base64"));
}

Answer<void> AdmitSecret(Json& object) {
  if (auto checked = CheckData(object); !checked) return checked;
  SetDefault(object, "type", "Opaque");
  return MergeStringData(object);
}

Answer<void> ChangeSecret(const Kind& kind, const Json& before, Json& object) {
  SetDefault(object, "type", At(before, "type"));
  if (auto checked = CheckData(object); !checked) return checked;
  if (auto merged = MergeStringData(object); !merged) return merged;
  std::vector<Cause> causes;
  if (At(object, "type") != At(before, "type")) {
    causes.push_back(InvalidValue("type", At(object, "type"), "field is immutable"));
  }
  if (At(before, "immutable") == true) {
    const char* why = "field is immutable when `immutable` is set";
    if (At(object, "immutable") != true) causes.push_back(ForbiddenField("immutable", why));
    if (At(object, "data") != At(before, "data")) causes.push_back(ForbiddenField("data", why));
  }
  if (causes.empty()) return {};
  return Refuse(Invalid(kind, TextAt(object, "metadata", "name"), causes));
}

// --- The small ones ------------------------------------------------------------------------------

Answer<void> AdmitEvent(const Kind& kind, Json& object) {
  for (const char* field : {"firstTimestamp", "lastTimestamp", "eventTime"}) {
    if (!object.contains(field)) object[field] = nullptr;
  }
  SetDefault(object, "source", Json::object());
  SetDefault(object, "reportingComponent", "");
  SetDefault(object, "reportingInstance", "");
  const std::string& ns = TextAt(object, "metadata", "namespace");
  if (const std::string& about = TextAt(object, "involvedObject", "namespace");
      !about.empty() && about != ns) {
    return Refuse(
        Invalid(kind, TextAt(object, "metadata", "name"),
                {InvalidValue("involvedObject.namespace", about, "does not match event.namespace")}));
  }
  return {};
}

void AdmitNode(Json& object) {
  ObjectAt(object, "spec");
  Json& status = ObjectAt(object, "status");
  if (const Json& capacity = At(status, "capacity");
      !capacity.is_null() && At(status, "allocatable").is_null()) {
    status["allocatable"] = capacity;
  }
}

void AdmitNamespace(Json& object) {
  Json& metadata = object["metadata"];
  ObjectAt(metadata, "labels")["kubernetes.io/metadata.name"] = TextAt(metadata, "name");
  ObjectAt(object, "spec")["finalizers"] = Json::array({"kubernetes"});
  object["status"] = {{"phase", "Active"}};
}

void AdmitStorageClass(Json& object) {
  SetDefault(object, "reclaimPolicy", "Delete");
  SetDefault(object, "volumeBindingMode", "Immediate");
}

Answer<void> ChangeStorageClass(const Kind& kind, const Json& before, Json& object) {
  SetDefault(object, "reclaimPolicy", "Delete");
  SetDefault(object, "volumeBindingMode", "Immediate");
  std::vector<Cause> causes;
  for (const char* field : {"parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"}) {
    const Json& now = At(object, field);
    if (now == At(before, field)) continue;
    causes.push_back(InvalidValue(field, now, "field is immutable"));
  }
  if (causes.empty()) return {};
  return Refuse(Invalid(kind, TextAt(object, "metadata", "name"), causes));
}

}  // namespace

std::vector<Kind> BuiltinKinds() {
  std::vector<Kind> kinds;
  kinds.push_back({.group = "",
                   .version = "v1",
                   .plural = "pods",
                   .kind = "Pod",
                   .status = true,
                   .generations = true,
                   .returns_deleted = true,
                   .fields = {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "status.phase",
                              "spec.serviceAccountName", "status.podIP", "status.nominatedNodeName",
                              "spec.hostNetwork"}});
  kinds.push_back({.group = "",
                   .version = "v1",
                   .plural = "services",
                   .kind = "Service",
                   .status = true,
                   .returns_deleted = true,
                   .fields = {"spec.clusterIP", "spec.type"}});
  kinds.push_back({.group = "", .version = "v1", .plural = "secrets", .kind = "Secret", .fields = {"type"}});
  kinds.push_back({.group = "",
                   .version = "v1",
                   .plural = "persistentvolumeclaims",
                   .kind = "PersistentVolumeClaim",
                   .status = true,
                   .returns_deleted = true});
  kinds.push_back(
      {.group = "",
       .version = "v1",
       .plural = "events",
       .kind = "Event",
       .fields = {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
                  "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
                  "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"}});
  kinds.push_back({.group = "",
                   .version = "v1",
                   .plural = "nodes",
                   .kind = "Node",
                   .namespaced = false,
                   .status = true,
                   .fields = {"spec.unschedulable"}});
  kinds.push_back({.group = "",
                   .version = "v1",
                   .plural = "namespaces",
                   .kind = "Namespace",
                   .namespaced = false,
                   .status = true,
                   .fields = {"status.phase", "name"}});
  kinds.push_back({.group = "",
                   .version = "v1",
                   .plural = "persistentvolumes",
                   .kind = "PersistentVolume",
                   .namespaced = false,
                   .status = true,
                   .returns_deleted = true,
                   .fields = {"name"}});
  kinds.push_back({.group = "storage.k8s.io",
                   .version = "v1",
                   .plural = "storageclasses",
                   .kind = "StorageClass",
                   .namespaced = false,
                   .returns_deleted = true});
  kinds.push_back({.group = "networking.k8s.io",
                   .version = "v1",
                   .plural = "ingresses",
                   .kind = "Ingress",
                   .status = true,
                   .generations = true});
  kinds.push_back({.group = "networking.k8s.io",
                   .version = "v1",
                   .plural = "networkpolicies",
                   .kind = "NetworkPolicy",
                   .generations = true});
  kinds.push_back({.group = "coordination.k8s.io",
                   .version = "v1",
                   .plural = "leases",
                   .kind = "Lease",
                   .unconditional_updates = false});
  return kinds;
}

Answer<void> AdmitNew(Surroundings& surroundings, const Kind& kind, Json& object) {
  if (kind.plural == "pods") return AdmitPod(surroundings, kind, object);
  if (kind.plural == "services") return AdmitService(surroundings, kind, object);
  if (kind.plural == "secrets") return AdmitSecret(object);
  if (kind.plural == "persistentvolumeclaims") return AdmitClaim(surroundings, kind, object);
  if (kind.plural == "persistentvolumes") return AdmitVolume(surroundings, object);
  if (kind.plural == "events") return AdmitEvent(kind, object);
  if (kind.plural == "nodes") AdmitNode(object);
  if (kind.plural == "namespaces") AdmitNamespace(object);
  if (kind.plural == "storageclasses") AdmitStorageClass(object);
  if (kind.plural == "leases") ObjectAt(object, "spec");
  if (kind.plural == "ingresses") object["status"] = {{"loadBalancer", Json::object()}};
  return {};
}

Answer<void> AdmitChange(Surroundings& surroundings, const Kind& kind, const Json& before, Json& object) {
  if (kind.status) {
    if (const Json& status = At(before, "status"); status.is_null()) {
      object.erase("status");
    } else {
      object["status"] = status;
    }
  }
  if (kind.plural == "pods") return ChangePod(kind, before, object);
  if (kind.plural == "services") return ChangeService(kind, before, object);
  if (kind.plural == "secrets") return ChangeSecret(kind, before, object);
  if (kind.plural == "persistentvolumeclaims") return ChangeClaim(surroundings, kind, before, object);
  if (kind.plural == "storageclasses") return ChangeStorageClass(kind, before, object);
  if (kind.plural == "namespaces") ObjectAt(object, "spec") = At(before, "spec");
  if (kind.plural == "nodes" || kind.plural == "leases") ObjectAt(object, "spec");
  return {};
}

void KeepAllButStatus(const Kind& kind, const Json& before, Json& object) {
  if (!kind.custom()) {
    if (kind.plural == "pods") CompleteConditions(object);
    // Labels and annotations may come along with a core kind's status.
    const Json& spec = At(before, "spec");
    spec.is_null() ? void(object.erase("spec")) : void(object["spec"] = spec);
    Json& metadata = object["metadata"];
    if (kind.plural != "pods") return;
    metadata.erase("ownerReferences");
    if (const Json& owners = At(before, "metadata", "ownerReferences"); !owners.is_null()) {
      metadata["ownerReferences"] = owners;
    }
    return;
  }
  Json status = At(object, "status");
  object = before;
  object.erase("status");
  if (!status.is_null()) object["status"] = std::move(status);
}

}  // namespace marea::testing::fake
