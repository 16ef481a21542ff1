#include <algorithm>

#include "controllers/session/bodies.hpp"
#include "controllers/session/objects.hpp"
#include "controllers/session/pending.hpp"

namespace marea::session {
namespace {

constexpr const char* kRuntimeDirectory = "/run/marea/jupyter";
constexpr const char* kTokenDirectory = "/run/marea/token";

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

Json Environment(const View& view, bool has_device) {
  const auto& limits = view.session_class->spec;
  Json list = Json::array();
  const auto set = [&](std::string_view name, const std::string& value) {
    list.push_back({{"name", name}, {"value", value}});
  };
  set("HOME", limits.home.mount_path);
  set("JUPYTER_RUNTIME_DIR", kRuntimeDirectory);
  if (HasToken(view)) set("JUPYTER_TOKEN_FILE", std::string(kTokenDirectory) + "/token");
  set("MAREA_BASE_PATH", BasePath(view));
  set("MAREA_HOME", limits.home.mount_path);
  set("MAREA_PORT", std::to_string(limits.pod.port));
  if (limits.scratch) set("MAREA_SCRATCH", limits.scratch->mount_path);
  set("MAREA_SESSION", view.key.name);
  // Images made for GPUs ask the runtime for all devices; a session without one must not see its neighbours'.
  if (!has_device) set("NVIDIA_VISIBLE_DEVICES", "void");
  for (const auto& variable : view.session.spec.env) set(variable.name, Literal(variable.value));
  return list;
}

Json Command(const View& view) {
  if (!view.session_class->spec.pod.command.empty()) return view.session_class->spec.pod.command;
  if (HasToken(view)) return nullptr;  // as the image says
  return Json::array({"jupyterhub-singleuser"});
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

// The volumes of the pod and where they are mounted, side by side.
class Mounts {
 public:
  void Add(const std::string& name, Json source, const std::string& path, bool read_only = false) {
    source["name"] = name;
    volumes_.push_back(std::move(source));
    Json mount = {{"name", name}, {"mountPath", path}};
    if (read_only) mount["readOnly"] = true;
    mounts_.push_back(std::move(mount));
  }

  void AddClaims(const std::string& prefix, const std::vector<api::VolumeMount>& claims) {
    int index = 0;
    for (const auto& claim : claims) {
      Add(prefix + "-" + std::to_string(index++), Claim(claim.claim_name), claim.mount_path, claim.read_only);
    }
  }

  static Json Claim(const std::string& name) { return {{"persistentVolumeClaim", {{"claimName", name}}}}; }

  const Json& volumes() const { return volumes_; }
  const Json& mounts() const { return mounts_; }

 private:
  Json volumes_ = Json::array(), mounts_ = Json::array();
};

Mounts MountsOf(const View& view, const api::SessionStatus& records) {
  const auto& limits = view.session_class->spec;
  Mounts mounts;
  mounts.Add("home", Mounts::Claim(api::HomeClaimName(view.session.spec, view.user)), limits.home.mount_path);
  mounts.Add("shared-memory",
             {{"emptyDir", {{"medium", "Memory"}, {"sizeLimit", limits.pod.shared_memory.ToString()}}}},
             "/dev/shm");
  mounts.Add("runtime", {{"emptyDir", {{"sizeLimit", "16Mi"}}}}, kRuntimeDirectory);
  if (HasToken(view)) {
    const std::string secret =
        api::SecretKey(view.session, records.attempt, view.settings.keys.newest_id()).name;
    mounts.Add("token", {{"secret", {{"secretName", secret}, {"defaultMode", 0440}}}}, kTokenDirectory, true);
  }
  if (limits.scratch) {
    mounts.Add("scratch", {{"emptyDir", {{"sizeLimit", limits.scratch->size.ToString()}}}},
               limits.scratch->mount_path);
  }
  mounts.AddClaims("class", limits.volumes);
  mounts.AddClaims("volume", view.session.spec.volumes);
  return mounts;
}

Json Notebook(const View& view, const api::Admission& admission, const std::string& resource,
              const Json& volume_mounts) {
  const auto& limits = view.session_class->spec;
  const auto image = ChosenImage(view);
  Json requests = {{"cpu", AskedCpu(view).ToString()}, {"memory", AskedMemory(view).ToString()}};
  Json ceilings = {{"memory", AskedMemory(view).ToString()}};
  if (!resource.empty()) requests[resource] = ceilings[resource] = std::to_string(admission.count);

  Json container = {
      {"name", "notebook"},
      {"image", image.image},
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
      {"volumeMounts", volume_mounts}};
  if (!image.pull_policy.empty()) container["imagePullPolicy"] = image.pull_policy;
  if (Json command = Command(view); !command.is_null()) container["command"] = std::move(command);
  if (view.session.spec.credentials == api::Credentials::kRequired) {
    container["envFrom"] =
        Json::array({{{"secretRef", {{"name", api::CredentialsSecretName(view.session)}}}}});
  }
  return container;
}

}  // namespace

std::string PodBody(const View& view, const api::SessionStatus& records) {
  const auto& limits = view.session_class->spec;
  const auto& admission = *records.admission;
  const auto* device = view.world.accelerator_classes.Get({"", admission.accelerator_class}).get();
  const std::string resource = device == nullptr ? "" : device->spec.device.extended_resource.name;

  kube::StringMap node_labels = limits.pod.node_selector;
  if (device != nullptr)
    node_labels.insert(device->spec.node_selector.begin(), device->spec.node_selector.end());

  Json metadata = Owned(view, api::PodKey(view.session));
  metadata["annotations"] = {{api::kAttemptAnnotation, std::to_string(records.attempt)},
                             {api::kUserAnnotation, view.user},
                             {api::kBasePathAnnotation, BasePath(view)},
                             {api::kMadeFromAnnotation, MadeFrom(view, admission.accelerator_class)},
                             {"cluster-autoscaler.kubernetes.io/safe-to-evict", "false"}};
  if (HasToken(view)) metadata["annotations"][api::kTokenKeyAnnotation] = view.settings.keys.newest_id();
  const Mounts mounts = MountsOf(view, records);
  Json spec = {{"restartPolicy", "OnFailure"},
               {"automountServiceAccountToken", false},
               {"enableServiceLinks", false},
               {"terminationGracePeriodSeconds", 30},
               {"affinity", Affinity(admission.node_name, node_labels)},
               {"tolerations", TolerationList(limits.pod.tolerations,
                                              device == nullptr ? nullptr : &device->spec.tolerations)},
               {"securityContext",
                {{"runAsNonRoot", true},
                 {"runAsUser", limits.pod.run_as_user},
                 {"runAsGroup", limits.pod.run_as_group},
                 {"fsGroup", limits.pod.run_as_group},
                 {"fsGroupChangePolicy", "OnRootMismatch"},
                 {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
               {"containers", Json::array({Notebook(view, admission, resource, mounts.mounts())})},
               {"volumes", mounts.volumes()}};
  for (const auto& name : limits.image_pull_secret_names)
    spec["imagePullSecrets"].push_back({{"name", name}});
  const auto& priority_class =
      limits.pod.priority_class_name.empty() ? view.settings.priority_class : limits.pod.priority_class_name;
  if (!priority_class.empty()) spec["priorityClassName"] = priority_class;
  if (!limits.pod.runtime_class_name.empty()) spec["runtimeClassName"] = limits.pod.runtime_class_name;
  return Dump({{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata}, {"spec", spec}});
}

}  // namespace marea::session
