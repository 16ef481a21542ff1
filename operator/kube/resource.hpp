// What kinds of objects there are: where they live in the API, and how a URL for them is written.
#pragma once

#include <string>
#include <string_view>

#include "base/names.hpp"

namespace marea::kube {

struct ResourceType {
  std::string_view group;  // empty: core
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  bool namespaced = true;
  std::string_view field_selector = {};  // which objects of the collection are listed and watched; empty: all
};

// "v1" or "marea.dev/v1alpha1".
std::string ApiVersion(const ResourceType& type);

// "/api/v1/namespaces/team-a/pods"; an empty namespace means all of them (or a cluster-scoped kind).
std::string CollectionPath(const ResourceType& type, std::string_view ns);
// "/api/v1/namespaces/team-a/pods/ada", with "/status" when `subresource` is "status".
std::string ObjectPath(const ResourceType& type, const Key& key, std::string_view subresource = {});

inline constexpr ResourceType kPods{"", "v1", "pods", "Pod", true};
inline constexpr ResourceType kServices{"", "v1", "services", "Service", true};
inline constexpr ResourceType kSecrets{"", "v1", "secrets", "Secret", true};
inline constexpr ResourceType kClaims{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true};
inline constexpr ResourceType kEvents{"", "v1", "events", "Event", true};
inline constexpr ResourceType kNodes{"", "v1", "nodes", "Node", false};
inline constexpr ResourceType kNamespaces{"", "v1", "namespaces", "Namespace", false};
inline constexpr ResourceType kLeases{"coordination.k8s.io", "v1", "leases", "Lease", true};
inline constexpr ResourceType kWarnings{"",      "v1", "events",
                                        "Event", true, "type=Warning,involvedObject.kind!=Session"};
inline constexpr ResourceType kVolumes{"", "v1", "persistentvolumes", "PersistentVolume", false};
inline constexpr ResourceType kIngresses{"networking.k8s.io", "v1", "ingresses", "Ingress", true};
inline constexpr ResourceType kNetworkPolicies{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy",
                                               true};
inline constexpr ResourceType kHttpRoutes{"gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute", true};
inline constexpr ResourceType kTokenReviews{"authentication.k8s.io", "v1", "tokenreviews", "TokenReview",
                                            false};
inline constexpr ResourceType kSubjectAccessReviews{"authorization.k8s.io", "v1", "subjectaccessreviews",
                                                    "SubjectAccessReview", false};
inline constexpr ResourceType kStorageClasses{"storage.k8s.io", "v1", "storageclasses", "StorageClass",
                                              false};

}  // namespace marea::kube
