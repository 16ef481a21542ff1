#include "controllers/session/claims.hpp"

#include <algorithm>
#include <utility>

#include "json/encode.hpp"

namespace marea::session {
namespace {

struct User {  // of a claim
  std::string node, name;
};

// Somebody else who has the claim mounted, or was promised a node for it. Pods first: they are facts.
std::optional<User> OtherUser(const View& view, const Key& claim) {
  const auto users = view.world.claim_users.find(claim);
  if (users == view.world.claim_users.end()) return {};
  for (const Key& key : users->second.pods) {
    const auto pod = view.world.pods.Get(key);
    if (!pod || pod.get() == view.pod || pod->spec.node_name.empty() || kube::HasEnded(*pod)) continue;
    const bool session = view.world.sessions.Get(key) != nullptr;
    return User{pod->spec.node_name, (session ? "session " : "pod ") + key.name};
  }
  for (const Key& key : users->second.sessions) {
    if (key == view.key) continue;
    const auto session = view.world.sessions.Get(key);
    if (!session || !session->status.admission) continue;
    return User{session->status.admission->node_name, "session " + key.name};
  }
  return {};
}

// Absent: a volume that is not there yet can be made anywhere, or its class says nothing.
std::optional<kube::NodeSelector> Reach(const View& view, const kube::PersistentVolumeClaim* claim,
                                        const std::string& storage_class) {
  if (claim != nullptr && !claim->spec.volume_name.empty()) {
    const auto volume = view.world.volumes.Get({"", claim->spec.volume_name});
    if (!volume || !volume->spec.node_affinity) return {};
    return volume->spec.node_affinity->required;
  }
  const auto storage = view.world.storage_classes.Get({"", storage_class});
  return storage ? kube::Topology(*storage) : std::nullopt;
}

std::string StorageClassOf(const View& view) {
  const auto& asked = view.session.spec.home.storage_class_name;
  return asked.empty() ? view.session_class->spec.home.storage_class_name : asked;
}

api::ClaimNeed NeedOf(const View& view, const Key& key, bool is_home) {
  const auto claim = view.world.claims.Get(key);
  std::vector<std::string> modes;
  if (claim) {
    modes = claim->spec.access_modes;
  } else if (is_home) {
    modes = {view.session_class->spec.home.access_mode};
  }
  const auto has = [&](std::string_view mode) { return std::ranges::find(modes, mode) != modes.end(); };
  const bool shared = has("ReadWriteMany") || has("ReadOnlyMany");
  api::ClaimNeed need{.claim = key,
                      .is_home = is_home,
                      .one_node = !shared,
                      .one_pod = !shared && has("ReadWriteOncePod"),
                      .reach = Reach(view, claim.get(),
                                     claim     ? claim->spec.storage_class_name.value_or("")
                                     : is_home ? StorageClassOf(view)
                                               : ""),
                      .node = {},
                      .holder = {}};
  if (!need.one_node) return need;
  if (const auto user = OtherUser(view, key)) {
    need.node = user->node;
    need.holder = user->name;
  }
  return need;
}

struct ClaimSize {
  kube::ClaimSpec spec;
  static constexpr auto Fields() { return std::tuple(json::Field{"spec", &ClaimSize::spec}); }
};

std::optional<Quantity> WantedSize(const View& view) {
  if (view.home == nullptr || view.home->metadata.deletion_time || !view.session.spec.home.size) return {};
  const auto& requests = view.home->spec.resources.requests;
  const auto now = requests.find("storage");
  const bool grows = now != requests.end() && *view.session.spec.home.size > now->second;
  return grows ? view.session.spec.home.size : std::nullopt;
}

bool CanGrow(const View& view) {
  const auto storage = view.world.storage_classes.Get({"", view.home->spec.storage_class_name.value_or("")});
  return storage && storage->allow_volume_expansion && view.home->status.phase == "Bound";
}

}  // namespace

std::vector<api::ClaimNeed> ClaimNeeds(const View& view) {
  std::vector<api::ClaimNeed> needs;
  needs.push_back(NeedOf(view, {view.key.ns, api::HomeClaimName(view.session.spec, view.user)}, true));
  for (const auto* claim : FurtherClaims(view)) {
    needs.push_back(NeedOf(view, {view.key.ns, claim->claim_name}, false));
  }
  return needs;
}

std::optional<runtime::Patch> GrowHome(const View& view) {
  const auto size = WantedSize(view);
  if (!size || !CanGrow(view) || view.memory->growth_refused == size) return {};
  // Only a home that is marked as this user's: what is nobody's was made by hand and is grown by hand.
  if (Annotation(view.home->metadata, api::kUserAnnotation) != view.user) return {};
  ClaimSize body;
  body.spec.resources.requests["storage"] = *size;
  return runtime::Patch{&kube::kClaims, KeyOf(view.home->metadata), "", view.home->metadata.resource_version,
                        json::Encode(body)};
}

std::string GrowthMessage(const View& view) {
  if (view.home == nullptr) return {};
  if (const auto size = WantedSize(view)) {
    const std::string wanted = "It is to grow to " + size->ToString();
    if (view.memory->growth_refused == size)
      return wanted + "; the API server refuses: " + Quoted(view.memory->growth_refusal, 300) + ".";
    if (view.home->status.phase != "Bound") return wanted + " once it is bound.";
    if (!CanGrow(view)) {
      return wanted + ", but its StorageClass " + Quoted(view.home->spec.storage_class_name.value_or("")) +
             " does not allow volumes to grow; ask an administrator.";
    }
    if (Annotation(view.home->metadata, api::kUserAnnotation) != view.user)
      return wanted + ", but it is not marked as this user's; grow the claim itself.";
    return wanted + ".";
  }
  const auto& conditions = view.home->status.conditions;
  if (kube::FindCondition(conditions, "FileSystemResizePending") != nullptr)
    return "Its volume has grown; the file system follows when a pod mounts it.";
  if (kube::FindCondition(conditions, "Resizing") != nullptr) return "Its volume is growing.";
  for (const char* failed : {"ControllerResizeError", "NodeResizeError"}) {
    const auto* condition = kube::FindCondition(conditions, failed);
    if (condition != nullptr) return "Its volume cannot grow: " + Quoted(condition->message, 300) + ".";
  }
  return {};
}

}  // namespace marea::session
