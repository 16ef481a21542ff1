#include "kube/resource.hpp"

#include "kube/url.hpp"

namespace marea::kube {

std::string ApiVersion(const ResourceType& type) {
  if (type.group.empty()) return std::string(type.version);
  return std::string(type.group) + "/" + std::string(type.version);
}

std::string CollectionPath(const ResourceType& type, std::string_view ns) {
  std::string path = (type.group.empty() ? "/api/" : "/apis/") + ApiVersion(type);
  if (type.namespaced && !ns.empty()) path += "/namespaces/" + PercentEncoded(ns);
  return path + "/" + std::string(type.plural);
}

std::string ObjectPath(const ResourceType& type, const Key& key, std::string_view subresource) {
  std::string path = CollectionPath(type, key.ns) + "/" + PercentEncoded(key.name);
  if (!subresource.empty()) path += "/" + PercentEncoded(subresource);
  return path;
}

}  // namespace marea::kube
