#include "controllers/session/creation.hpp"

#include <utility>
#include <vector>

#include "controllers/session/answers.hpp"
#include "controllers/session/objects.hpp"
#include "controllers/session/routes.hpp"

namespace marea::session {
namespace {

using runtime::Action;
using runtime::Decision;

// The claim, the Service and what else a pod refers to; independent of each other.
std::vector<Action> Surroundings(const View& view) {
  std::vector<Action> actions = RouteActions(view);
  const Key claim{view.key.ns, api::HomeClaimName(view.session.spec, view.user)};
  if (HasNoHome(view)) {
    actions.push_back(runtime::Create{&kube::kClaims, claim, HomeClaimBody(view)});
  } else if (view.memory->home_read != view.status.attempt) {
    // Its owner may have deleted it just now, and a pod without its claim is never scheduled.
    actions.push_back(runtime::ReadFresh{&kube::kClaims, claim});
  }
  if (view.service == nullptr) {
    actions.push_back(runtime::Create{&kube::kServices, api::ServiceKey(view.session), ServiceBody(view)});
  }
  if (!view.memory->has_network_policy) {
    actions.push_back(runtime::Create{&kube::kNetworkPolicies, api::NetworkPolicyKey(view.session),
                                      NetworkPolicyBody(view)});
  }
  return actions;
}

}  // namespace

std::optional<Decision> MakeHomeAnew(const View& view) {
  if (!PodLacksHome(view) || view.session_class == nullptr) return {};
  if (const auto retry = RefusalRetry(view); retry && *retry > view.now) return Decision{};
  const Key claim{view.key.ns, api::HomeClaimName(view.session.spec, view.user)};
  return Effect({runtime::Create{&kube::kClaims, claim, HomeClaimBody(view)}}, "the home was deleted");
}

std::optional<Decision> CreateObjects(const View& view) {
  if (view.pod != nullptr || view.session_class == nullptr) return {};
  if (view.foreign_pod != nullptr || view.foreign_service != nullptr || view.foreign_route != nullptr)
    return Decision{};
  if (RouteEnds(view)) return Decision{};  // its own DELETED wakes us
  if (const auto retry = RefusalRetry(view); retry && *retry > view.now) return Decision{};
  auto actions = Surroundings(view);
  const Key secret = api::SecretKey(view.session, view.status.attempt, view.settings.keys.newest_id());
  if (HasToken(view) && !view.memory->created.contains(secret.name)) {
    actions.push_back(runtime::Create{&kube::kSecrets, secret, SecretBody(view, view.status)});
    for (const auto& [id, key] : view.settings.keys.by_id) {
      if (view.status.attempt < 2 || view.world.nothing_deleted_until) break;
      actions.push_back(runtime::Delete{
          &kube::kSecrets, api::SecretKey(view.session, view.status.attempt - 1, id), {}, {}, {}});
    }
  }
  if (!actions.empty()) return Effect(std::move(actions), "what the pod needs");
  return Effect({runtime::Create{&kube::kPods, api::PodKey(view.session), PodBody(view, view.status)}},
                "the pod");
}

std::optional<Time> RefusalRetry(const View& view) {
  const auto* refusal = StandingRefusal(view);
  return refusal != nullptr ? std::optional(refusal->retry_time) : std::nullopt;
}

}  // namespace marea::session
