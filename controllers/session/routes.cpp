#include "controllers/session/routes.hpp"

#include <algorithm>

#include "controllers/session/bodies.hpp"

namespace marea::session {
namespace {

std::string Address(const View& view) {
  const auto& route = view.session_class->spec.route;
  return (route.scheme == api::Scheme::kHttps ? "https://" : "http://") + route.hostname + BasePath(view);
}

Json IngressSpec(const View& view) {
  const auto& route = view.session_class->spec.route;
  const Json backend = {
      {"service", {{"name", api::ServiceKey(view.session).name}, {"port", {{"name", kPortName}}}}}};
  const Json path = {{"path", BasePath(view)}, {"pathType", "Prefix"}, {"backend", backend}};
  Json spec = {
      {"rules", Json::array({{{"host", route.hostname}, {"http", {{"paths", Json::array({path})}}}}})}};
  if (!route.ingress.class_name.empty()) spec["ingressClassName"] = route.ingress.class_name;
  if (!route.ingress.tls_secret_name.empty()) {
    spec["tls"] = Json::array(
        {{{"hosts", Json::array({route.hostname})}, {"secretName", route.ingress.tls_secret_name}}});
  }
  return spec;
}

Json HttpRouteSpec(const View& view) {
  const auto& route = view.session_class->spec.route;
  Json parent = {{"name", route.gateway.name}, {"namespace", route.gateway.ns}};
  if (!route.gateway.section_name.empty()) parent["sectionName"] = route.gateway.section_name;
  const Json match = {{"path", {{"type", "PathPrefix"}, {"value", BasePath(view)}}}};
  const Json backend = {{"name", api::ServiceKey(view.session).name},
                        {"port", view.session_class->spec.pod.port}};
  // No time-out of the gateway's own: kernels may be silent for hours.
  const Json rule = {{"matches", Json::array({match})},
                     {"backendRefs", Json::array({backend})},
                     {"timeouts", {{"request", "0s"}}}};
  return {{"parentRefs", Json::array({parent})},
          {"hostnames", Json::array({route.hostname})},
          {"rules", Json::array({rule})}};
}

Json RouteObject(const View& view) {
  const auto* type = WantedRoute(*view.session_class);
  const bool ingress = type == &kube::kIngresses;
  Json metadata = Owned(view, api::RouteKey(view.session));
  Json annotations = Json::object();
  if (ingress) annotations = view.session_class->spec.route.ingress.annotations;
  annotations[api::kUrlAnnotation] = Address(view);
  metadata["annotations"] = annotations;
  return {{"apiVersion", kube::ApiVersion(*type)},
          {"kind", type->kind},
          {"metadata", metadata},
          {"spec", ingress ? IngressSpec(view) : HttpRouteSpec(view)}};
}

// The route as it is wanted, with a digest of itself by which a stale one is known.
Json Marked(const View& view) {
  Json route = RouteObject(view);
  route["metadata"]["annotations"][api::kMadeFromAnnotation] = Digest(Dump(route));
  return route;
}

}  // namespace

std::string RouteBody(const View& view) {
  return Dump(Marked(view));
}

std::vector<runtime::Action> RouteActions(const View& view) {
  const auto* wanted = WantedRoute(*view.session_class);
  const Json route = wanted == nullptr ? Json() : Marked(view);
  const std::string made_from =
      wanted == nullptr ? "" : route["metadata"]["annotations"][api::kMadeFromAnnotation].get<std::string>();
  std::vector<runtime::Action> actions;
  bool there = false;
  for (const auto& [type, metadata] : view.routes) {
    if (type == wanted && Annotation(*metadata, api::kMadeFromAnnotation) == made_from) {
      there = true;
    } else if (!view.world.nothing_deleted_until) {
      actions.push_back(
          runtime::Delete{type, KeyOf(*metadata), metadata->uid, metadata->resource_version, {}});
    } else {
      there = there || type == wanted;  // an old one is better than none
    }
  }
  if (wanted != nullptr && !there && actions.empty())
    actions.push_back(runtime::Create{wanted, api::RouteKey(view.session), Dump(route)});
  return actions;
}

bool RouteEnds(const View& view) {
  return std::ranges::any_of(view.routes,
                             [](const Route& route) { return route.metadata->deletion_time.has_value(); });
}

std::string RouteUrl(const View& view) {
  for (const auto& [type, metadata] : view.routes) {
    if (auto url = Annotation(*metadata, api::kUrlAnnotation); !url.empty()) return url;
  }
  return {};
}

}  // namespace marea::session
