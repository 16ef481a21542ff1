#include "controllers/session/bodies.hpp"

namespace marea::session {

std::string Dump(const Json& body) {
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

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

}  // namespace marea::session
