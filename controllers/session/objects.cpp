#include "controllers/session/objects.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/crypto.hpp"

namespace marea::session {
namespace {

using Json = nlohmann::json;

constexpr const char* kPortName = "notebook-port";
constexpr const char* kRuntimeDirectory = "/run/marea/jupyter";
constexpr const char* kTokenDirectory = "/run/marea/token";

std::string Dump(const Json& body) {
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// KubeSpawner's and Zero to JupyterHub's labels, which network policies and people's tools select on, and our
// own.
Json Labels(const View& view) {
  return {{"app", "jupyterhub"},
          {"component", "singleuser-server"},
          {"hub.jupyter.org/username", SafeName(view.user, 63)},
          {std::string(api::kManagedByLabel), "marea"},
          {std::string(api::kSessionLabel), view.key.name},
          {std::string(api::kUserLabel), SafeName(view.user, 63)}};
}

Json Owned(const View& view, const Key& key) {
  return {{"name", key.name},
          {"namespace", key.ns},
          {"labels", Labels(view)},
          {"ownerReferences", Json::array({{{"apiVersion", kube::ApiVersion(api::kSessions)},
                                            {"kind", api::kSessions.kind},
                                            {"name", view.session.metadata.name},
                                            {"uid", view.session.metadata.uid},
                                            {"controller", true},
                                            {"blockOwnerDeletion", false}}})}};
}

Json TolerationList(const std::vector<kube::Toleration>& own, const std::vector<kube::Toleration>* device) {
  Json list = Json::array();
  const auto add = [&](const kube::Toleration& t) {
    Json item = Json::object();
    if (!t.key.empty()) item["key"] = t.key;
    if (!t.operation.empty()) item["operator"] = t.operation;
    if (!t.value.empty()) item["value"] = t.value;
    if (!t.effect.empty()) item["effect"] = t.effect;
    if (std::ranges::find(list, item) == list.end()) list.push_back(item);
  };
  std::ranges::for_each(own, add);
  if (device != nullptr) std::ranges::for_each(*device, add);
  return list;
}

// The node is chosen: matchFields pins it, the label terms keep the scheduler's check that it still is what
// we took it for.
Json Affinity(const std::string& node_name, const kube::StringMap& labels) {
  Json term = {
      {"matchFields",
       Json::array({{{"key", "metadata.name"}, {"operator", "In"}, {"values", Json::array({node_name})}}})}};
  for (const auto& [label, value] : labels) {
    term["matchExpressions"].push_back(
        {{"key", label}, {"operator", "In"}, {"values", Json::array({value})}});
  }
  return {
      {"nodeAffinity",
       {{"requiredDuringSchedulingIgnoredDuringExecution", {{"nodeSelectorTerms", Json::array({term})}}}}}};
}

// The value stands as the user wrote it: a doubled dollar keeps the kubelet from expanding $(NAME).
std::string Literal(const std::string& value) {
  std::string literal;
  for (const char c : value) literal += c == '$' ? "$$" : std::string(1, c);
  return literal;
}

std::string BasePath(const View& view) {
  return view.session.spec.base_path.empty() ? "/" : view.session.spec.base_path;
}

Json Environment(const View& view, bool has_device) {
  const auto& limits = view.session_class->spec;
  Json list = Json::array();
  const auto set = [&](std::string_view name, const std::string& value) {
    list.push_back({{"name", name}, {"value", value}});
  };
  set("HOME", limits.home.mount_path);
  set("JUPYTER_RUNTIME_DIR", kRuntimeDirectory);
  set("JUPYTER_TOKEN_FILE", std::string(kTokenDirectory) + "/token");
  set("MAREA_BASE_PATH", BasePath(view));
  set("MAREA_HOME", limits.home.mount_path);
  set("MAREA_PORT", std::to_string(limits.pod.port));
  set("MAREA_SESSION", view.key.name);
  // Images made for GPUs ask the runtime for all devices; a session without one must not see its neighbours'.
  if (!has_device) set("NVIDIA_VISIBLE_DEVICES", "void");
  for (const auto& variable : view.session.spec.env) set(variable.name, Literal(variable.value));
  return list;
}

const api::ClassImage& ChosenImage(const View& view) {
  const auto& images = view.session_class->spec.images;
  const auto named = std::ranges::find(images, view.session.spec.image, &api::ClassImage::name);
  return named == images.end() ? images.front() : *named;
}

Json Arguments(const View& view) {
  if (!view.session_class->spec.pod.args.empty()) return view.session_class->spec.pod.args;
  return {"--ServerApp.ip=0.0.0.0",
          "--ServerApp.port=$(MAREA_PORT)",
          "--ServerApp.port_retries=0",
          "--ServerApp.base_url=$(MAREA_BASE_PATH)",
          "--ServerApp.root_dir=$(MAREA_HOME)",
          "--ServerApp.open_browser=False"};
}

Json Probe(const View& view, int period_seconds, std::int64_t failures) {
  return {{"httpGet", {{"path", BasePath(view) + "api"}, {"port", kPortName}}},
          {"periodSeconds", period_seconds},
          {"timeoutSeconds", 5},
          {"failureThreshold", failures}};
}

Json Notebook(const View& view, const api::Admission& admission, const std::string& resource) {
  const auto& limits = view.session_class->spec;
  const auto& image = ChosenImage(view);
  Json requests = {{"cpu", AskedCpu(view).ToString()}, {"memory", AskedMemory(view).ToString()}};
  Json ceilings = {{"memory", AskedMemory(view).ToString()}};
  if (!resource.empty()) requests[resource] = ceilings[resource] = std::to_string(admission.count);

  Json container = {
      {"name", "notebook"},
      {"image", image.image},
      {"imagePullPolicy", image.pull_policy.empty() ? "IfNotPresent" : image.pull_policy},
      {"args", Arguments(view)},
      {"workingDir", limits.home.mount_path},
      {"env", Environment(view, !resource.empty())},
      {"ports",
       Json::array({{{"name", kPortName}, {"containerPort", limits.pod.port}, {"protocol", "TCP"}}})},
      {"resources", {{"requests", requests}, {"limits", ceilings}}},
      {"securityContext",
       {{"allowPrivilegeEscalation", false},
        {"capabilities", {{"drop", Json::array({"ALL"})}}},
        {"runAsNonRoot", true}}},
      {"startupProbe", Probe(view, 1, limits.start_deadline_seconds)},
      {"readinessProbe", Probe(view, 10, 3)},
      {"volumeMounts",
       {{{"name", "home"}, {"mountPath", limits.home.mount_path}},
        {{"name", "shared-memory"}, {"mountPath", "/dev/shm"}},
        {{"name", "runtime"}, {"mountPath", kRuntimeDirectory}},
        {{"name", "token"}, {"mountPath", kTokenDirectory}, {"readOnly", true}}}}};
  if (!limits.pod.command.empty()) container["command"] = limits.pod.command;
  return container;
}

}  // namespace

std::string HomeClaimBody(const View& view) {
  const auto& home = view.session_class->spec.home;
  const auto& asked = view.session.spec.home;
  const std::string storage_class =
      asked.storage_class_name.empty() ? home.storage_class_name : asked.storage_class_name;
  Json spec = {{"accessModes", Json::array({home.access_mode.empty() ? "ReadWriteOnce" : home.access_mode})},
               {"resources", {{"requests", {{"storage", asked.size.value_or(home.size).ToString()}}}}}};
  if (!storage_class.empty()) spec["storageClassName"] = storage_class;
  Json labels = Labels(view);
  labels.erase(std::string(api::kSessionLabel));  // the home is the user's, not the session's
  labels["component"] = "singleuser-storage";
  return Dump({{"apiVersion", "v1"},
               {"kind", "PersistentVolumeClaim"},
               {"metadata",
                {{"name", api::HomeClaimName(view.session.spec, view.user)},
                 {"namespace", view.key.ns},
                 {"labels", labels},
                 {"annotations", {{std::string(api::kUserAnnotation), view.user}}}}},
               {"spec", spec}});
}

std::string ServiceBody(const View& view) {
  return Dump({{"apiVersion", "v1"},
               {"kind", "Service"},
               {"metadata", Owned(view, api::ServiceKey(view.session))},
               {"spec",
                {{"type", "ClusterIP"},
                 {"selector", {{std::string(api::kSessionLabel), view.key.name}}},
                 {"ports", Json::array({{{"name", kPortName},
                                         {"port", view.session_class->spec.pod.port},
                                         {"targetPort", kPortName},
                                         {"protocol", "TCP"}}})}}}});
}

std::string SecretBody(const View& view, const api::SessionStatus& records) {
  const auto& [key_id, key] = *view.settings.keys.by_id.rbegin();
  const std::string token = Token(key, view.session.metadata.uid, records.attempt);
  return Dump({{"apiVersion", "v1"},
               {"kind", "Secret"},
               {"metadata", Owned(view, api::SecretKey(view.session, records.attempt, key_id))},
               {"type", "Opaque"},
               {"immutable", true},
               {"data", {{"token", Base64Encode(token)}}}});
}

std::string PodBody(const View& view, const api::SessionStatus& records) {
  const auto& limits = view.session_class->spec;
  const auto& admission = *records.admission;
  const auto* device = view.world.accelerator_classes.Get({"", admission.accelerator_class}).get();
  const std::string resource = device == nullptr ? "" : device->spec.device.extended_resource.name;
  const std::string& key_id = view.settings.keys.newest_id();

  kube::StringMap node_labels = limits.pod.node_selector;
  if (device != nullptr)
    node_labels.insert(device->spec.node_selector.begin(), device->spec.node_selector.end());

  Json metadata = Owned(view, api::PodKey(view.session));
  metadata["annotations"] = {{std::string(api::kTokenKeyAnnotation), key_id},
                             {std::string(api::kAttemptAnnotation), std::to_string(records.attempt)},
                             {std::string(api::kUserAnnotation), view.user},
                             {"cluster-autoscaler.kubernetes.io/safe-to-evict", "false"}};
  return Dump(
      {{"apiVersion", "v1"},
       {"kind", "Pod"},
       {"metadata", metadata},
       {"spec",
        {{"restartPolicy", "OnFailure"},
         {"automountServiceAccountToken", false},
         {"enableServiceLinks", false},
         {"terminationGracePeriodSeconds", 30},
         {"affinity", Affinity(admission.node_name, node_labels)},
         {"tolerations",
          TolerationList(limits.pod.tolerations, device == nullptr ? nullptr : &device->spec.tolerations)},
         {"securityContext",
          {{"runAsNonRoot", true},
           {"runAsUser", limits.pod.run_as_user},
           {"runAsGroup", limits.pod.run_as_group},
           {"fsGroup", limits.pod.run_as_group},
           {"fsGroupChangePolicy", "OnRootMismatch"},
           {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
         {"containers", Json::array({Notebook(view, admission, resource)})},
         {"volumes",
          {{{"name", "home"},
            {"persistentVolumeClaim", {{"claimName", api::HomeClaimName(view.session.spec, view.user)}}}},
           {{"name", "shared-memory"},
            {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", limits.pod.shared_memory.ToString()}}}},
           {{"name", "runtime"}, {"emptyDir", {{"sizeLimit", "16Mi"}}}},
           {{"name", "token"},
            {"secret",
             {{"secretName", api::SecretKey(view.session, records.attempt, key_id).name},
              {"defaultMode", 0440}}}}}}}}});
}

}  // namespace marea::session
