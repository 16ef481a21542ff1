#include "controllers/session/objects.hpp"

#include "base/crypto.hpp"
#include "controllers/session/bodies.hpp"

namespace marea::session {

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

std::string NetworkPolicyBody(const View& view) {
  const Json anywhere_but_metadata =
      Json::array({{{"ipBlock", {{"cidr", "0.0.0.0/0"}, {"except", Json::array({"169.254.169.254/32"})}}}},
                   {{"ipBlock", {{"cidr", "::/0"}, {"except", Json::array({"fd00:ec2::254/128"})}}}}});
  return Dump(
      {{"apiVersion", kube::ApiVersion(kube::kNetworkPolicies)},
       {"kind", kube::kNetworkPolicies.kind},
       {"metadata", Owned(view, api::NetworkPolicyKey(view.session))},
       {"spec",
        {{"podSelector", {{"matchLabels", {{api::kSessionLabel, view.key.name}}}}},
         {"policyTypes", Json::array({"Ingress", "Egress"})},
         {"ingress", Json::array({{{"ports", Json::array({{{"port", kPortName}, {"protocol", "TCP"}}})}}})},
         {"egress", Json::array({{{"to", anywhere_but_metadata}}})}}}});
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

}  // namespace marea::session
