#include "testing/fake_claims.hpp"

#include <algorithm>

#include "base/quantity.hpp"
#include "testing/fake_json.hpp"

namespace marea::testing::fake {

namespace {

constexpr const char* kDefaultClass = "storageclass.kubernetes.io/is-default-class";

void AddFinalizer(Json& object, const char* finalizer) {
  Json& finalizers = object["metadata"]["finalizers"];
  if (!finalizers.is_array()) finalizers = Json::array();
  if (std::ranges::find(finalizers, finalizer) == finalizers.end()) finalizers.push_back(finalizer);
}

// The default StorageClass: of several the youngest, then the first by name.
std::string DefaultStorageClass(Store& store) {
  std::string name, created;
  for (const auto& [key, version] : store.Find("storageclasses")->versions) {
    const Json& metadata = At(version->object(), "metadata");
    if (TextAt(metadata, "annotations", kDefaultClass) != "true") continue;
    if (name.empty() || TextAt(metadata, "creationTimestamp") > created) {
      name = key.name;
      created = TextAt(metadata, "creationTimestamp");
    }
  }
  return name;
}

Quantity AmountOf(const Json& amount) {
  const auto parsed = Quantity::Parse(amount.is_string() ? amount.get<std::string>() : Dump(amount));
  return parsed ? *parsed : Quantity();
}

Quantity StorageOf(const Json& resources) {
  return AmountOf(At(resources, "requests", "storage"));
}

bool CanGrow(Store& store, const std::string& storage_class) {
  const auto& classes = store.Find("storageclasses")->versions;
  const auto found = classes.find({"", storage_class});
  return found != classes.end() && At(found->second->object(), "allowVolumeExpansion") == true;
}

}  // namespace

Answer<void> AdmitClaim(Surroundings& surroundings, const Kind& kind, Json& object) {
  Json& spec = ObjectAt(object, "spec");
  SetDefault(spec, "volumeMode", "Filesystem");
  AddFinalizer(object, "kubernetes.io/pvc-protection");
  object["status"] = {{"phase", "Pending"}};
  if (At(spec, "storageClassName").is_null()) {
    spec.erase("storageClassName");
    const std::string name = DefaultStorageClass(surroundings.store);
    if (!name.empty()) spec["storageClassName"] = name;
  }
  std::vector<Cause> causes;
  if (!IsNonEmptyList(At(spec, "accessModes"))) {
    causes.push_back(Required("spec.accessModes", "at least 1 access mode is required"));
  }
  if (At(spec, "resources", "requests", "storage").is_null()) {
    causes.push_back(Required("spec.resources[storage]"));
  }
  if (causes.empty()) return {};
  return Refuse(Invalid(kind, TextAt(object, "metadata", "name"), causes));
}

Answer<void> ChangeClaim(Surroundings& surroundings, const Kind& kind, const Json& before, Json& object) {
  const std::string& name = TextAt(object, "metadata", "name");
  const Json& old = At(before, "spec");
  Json& spec = ObjectAt(object, "spec");
  const Cause immutable = ForbiddenField("spec",
                                         "spec is immutable after creation except resources.requests and "
                                         "volumeAttributesClassName for bound claims");
  Json rest = spec, old_rest = old;
  rest.erase("resources");
  old_rest.erase("resources");
  // The volume is named once, by the binder.
  if (TextAt(old, "volumeName").empty()) rest.erase("volumeName");
  if (rest != old_rest) {
    return Refuse(Invalid(kind, name, {immutable}));
  }
  const Quantity was = StorageOf(At(old, "resources")), is = StorageOf(At(spec, "resources"));
  if (is == was) return {};
  if (TextAt(before, "status", "phase") != "Bound") return Refuse(Invalid(kind, name, {immutable}));
  if (is < was) {
    // A growth that did not come about may be asked for in less.
    if (is > AmountOf(At(before, "status", "capacity", "storage"))) return {};
    return Refuse(Invalid(
        kind, name,
        {ForbiddenField("spec.resources.requests.storage", "field can not be less than status.capacity")}));
  }
  if (!CanGrow(surroundings.store, TextAt(spec, "storageClassName"))) {
    return Refuse(Forbidden(kind, name,
                            "only dynamically provisioned pvc can be resized and the storageclass "
                            "that provisions the pvc must support resize"));
  }
  return {};
}

Answer<void> AdmitVolume(Surroundings& surroundings, Json& object) {
  Json& spec = ObjectAt(object, "spec");
  SetDefault(spec, "persistentVolumeReclaimPolicy", "Retain");
  SetDefault(spec, "volumeMode", "Filesystem");
  if (At(spec, "hostPath").is_object()) SetDefault(spec["hostPath"], "type", "");
  AddFinalizer(object, "kubernetes.io/pv-protection");
  object["status"] = {{"phase", "Pending"}, {"lastPhaseTransitionTime", FormatTime(surroundings.now)}};
  return {};
}

}  // namespace marea::testing::fake
