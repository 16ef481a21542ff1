#include "controllers/session/view.hpp"

#include <algorithm>
#include <cstdint>

namespace marea::session {
namespace {

std::string ResolveUser(const api::World& world, const api::Session& session) {
  if (!session.status.user.empty()) return session.status.user;
  if (!session.spec.user.empty()) return session.spec.user;
  if (const auto ns = world.namespaces.Get({"", session.metadata.ns})) {
    const auto label = ns->metadata.labels.find(std::string(api::kUserLabel));
    if (label != ns->metadata.labels.end() && !label->second.empty()) return label->second;
  }
  return session.metadata.ns;
}

const api::SessionMemory& MemoryOf(const api::World& world, const api::Session& session) {
  static const api::SessionMemory kNone;
  const auto found = world.memory.find(KeyOf(session.metadata));
  const bool same = found != world.memory.end() && found->second.uid == session.metadata.uid;
  return same ? found->second : kNone;
}

template <class T>
void FindRoutes(View& view, const runtime::Cache<T>& cache) {
  const auto* route = cache.Get(api::RouteKey(view.session)).get();
  if (route == nullptr) return;
  if (kube::ControllerUid(route->metadata) == view.session.metadata.uid) {
    view.routes.push_back({&T::kType, &route->metadata});
  } else if (view.session_class != nullptr && WantedRoute(*view.session_class) == &T::kType) {
    view.foreign_route = &route->metadata;
  }
}

}  // namespace

View Look(const api::World& world, const Settings& settings, const api::Session& session, Time now) {
  View view{.world = world,
            .settings = settings,
            .now = std::chrono::floor<std::chrono::seconds>(now),
            .key = KeyOf(session.metadata),
            .session = session,
            .status = session.status,
            .user = ResolveUser(world, session),
            .routes = {},
            .memory = &MemoryOf(world, session)};
  // The caches own the objects for as long as this decision lasts.
  view.session_class = world.session_classes.Get({"", session.spec.class_name}).get();
  const auto* pod = world.pods.Get(api::PodKey(session)).get();
  const bool pod_is_ours = pod != nullptr && kube::ControllerUid(pod->metadata) == session.metadata.uid;
  (pod_is_ours ? view.pod : view.foreign_pod) = pod;
  const auto* service = world.services.Get(api::ServiceKey(session)).get();
  const bool service_is_ours =
      service != nullptr && kube::ControllerUid(service->metadata) == session.metadata.uid;
  (service_is_ours ? view.service : view.foreign_service) = service;
  FindRoutes(view, world.ingresses);
  FindRoutes(view, world.http_routes);
  view.home = world.claims.Get({session.metadata.ns, api::HomeClaimName(session.spec, view.user)}).get();
  const auto proposal = world.proposals.find(view.key);
  if (proposal != world.proposals.end()) view.proposal = &proposal->second;
  const auto told = world.told.find(view.key);
  if (told != world.told.end()) view.told = &told->second;
  return view;
}

api::ProjectChoice ProjectOf(const View& view) {
  const auto ns = view.world.namespaces.Get({"", view.key.ns});
  return ns ? api::ChooseProject(view.world, *ns, view.session.spec.project) : api::ProjectChoice{};
}

const kube::ResourceType* WantedRoute(const api::SessionClass& session_class) {
  switch (session_class.spec.route.type) {
    case api::RouteType::kIngress:
      return &kube::kIngresses;
    case api::RouteType::kHttpRoute:
      return &kube::kHttpRoutes;
    case api::RouteType::kNone:
      break;
  }
  return nullptr;
}

Quantity AskedCpu(const View& view) {
  if (view.session.spec.resources.cpu) return *view.session.spec.resources.cpu;
  return view.session_class->spec.resources.default_resources.cpu.value_or(Quantity::FromUnits(1));
}

Quantity AskedMemory(const View& view) {
  if (view.session.spec.resources.memory) return *view.session.spec.resources.memory;
  return view.session_class->spec.resources.default_resources.memory.value_or(
      Quantity::FromUnits(std::int64_t{2} << 30));
}

api::ClassImage ChosenImage(const View& view) {
  const auto& images = view.session_class->spec.images;
  const auto& asked = view.session.spec.image;
  if (asked.empty()) return images.empty() ? api::ClassImage{} : images.front();
  const auto named = std::ranges::find(images, asked, &api::ClassImage::name);
  if (named != images.end()) return *named;
  return {.name = {}, .image = asked, .pull_policy = {}};
}

std::string BasePath(const View& view) {
  if (!view.session.spec.base_path.empty()) return view.session.spec.base_path;
  const bool routed = view.session_class->spec.route.type != api::RouteType::kNone;
  return routed ? api::OwnPath(view.session) : "/";
}

std::string ServedPath(const View& view) {
  if (view.pod != nullptr) {
    auto served = Annotation(view.pod->metadata, api::kBasePathAnnotation);
    if (!served.empty()) return served;
  }
  return view.session_class == nullptr ? "/" : BasePath(view);
}

bool HasToken(const View& view) {
  if (view.pod != nullptr) return !Annotation(view.pod->metadata, api::kTokenKeyAnnotation).empty();
  return view.session.spec.auth == api::Auth::kToken;
}

std::vector<const api::VolumeMount*> FurtherClaims(const View& view) {
  std::vector<const api::VolumeMount*> claims;
  for (const auto& claim : view.session_class->spec.volumes) claims.push_back(&claim);
  for (const auto& claim : view.session.spec.volumes) claims.push_back(&claim);
  return claims;
}

std::int64_t EffectiveDuration(const View& view) {
  if (view.session_class == nullptr) {
    return view.status.admission ? view.status.admission->duration_seconds
                                 : view.session.spec.duration_seconds.value_or(0);
  }
  const auto& limits = view.session_class->spec;
  return std::min(view.session.spec.duration_seconds.value_or(limits.default_duration_seconds),
                  limits.max_duration_seconds);
}

bool HasNoHome(const View& view) {
  return view.home == nullptr || view.home->metadata.uid == view.memory->home_gone;
}

bool PodLacksHome(const View& view) {
  return view.pod != nullptr && !Terminating(*view.pod) && view.pod->spec.node_name.empty() &&
         HasNoHome(view);
}

const api::Refusal* StandingRefusal(const View& view) {
  const auto& refusal = view.memory->refusal;
  return refusal && (view.pod == nullptr || PodLacksHome(view)) ? &*refusal : nullptr;
}

bool MakesRoom(const View& view) {
  return view.pod != nullptr && view.pod->spec.node_name.empty() && view.status.admission &&
         view.pod->status.nominated_node_name == view.status.admission->node_name;
}

bool Terminating(const kube::Pod& pod) {
  return pod.metadata.deletion_time.has_value();
}

bool PodReady(const kube::Pod& pod) {
  const auto* ready = kube::FindCondition(pod.status.conditions, "Ready");
  return !Terminating(pod) && ready != nullptr && ready->status == "True";
}

std::string Annotation(const kube::ObjectMeta& metadata, std::string_view name) {
  const auto found = metadata.annotations.find(std::string(name));
  return found == metadata.annotations.end() ? "" : found->second;
}

// FNV-1a, folded to 32 bits.
std::string Digest(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  const auto folded = static_cast<std::uint32_t>(hash ^ (hash >> 32));
  std::string digits;
  for (int shift = 28; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(folded >> shift) & 15];
  return digits;
}

std::string TokenKeyId(const View& view) {
  if (view.pod != nullptr) {
    auto kept = Annotation(view.pod->metadata, api::kTokenKeyAnnotation);
    if (!kept.empty()) return kept;
  }
  return view.settings.keys.newest_id();
}

}  // namespace marea::session
