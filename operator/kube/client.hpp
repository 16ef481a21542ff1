// Typed-by-descriptor calls to the API server. A Client turns verbs into requests and answers into Results;
// it holds no state, and callbacks run on the transport's edge thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/transport.hpp"
#include "kube/resource.hpp"

namespace marea::kube {

struct Preconditions {
  std::string uid;               // empty: none
  std::string resource_version;  // empty: none
};

class Client {
 public:
  using Done = std::function<void(Result<std::string> body)>;  // the object as JSON

  explicit Client(http::Transport& transport) : transport_(transport) {}

  void Get(const ResourceType& type, const Key& key, Done done);
  // One page of 500; `next` continues an earlier one.
  void List(const ResourceType& type, std::string_view next, Done done);
  void Create(const ResourceType& type, const std::string& ns, std::string body, Done done);
  // `body` is an RFC 7386 merge patch; the caller puts metadata.resourceVersion in for a precondition.
  void MergePatch(const ResourceType& type, const Key& key, std::string_view subresource, std::string body, Done done);
  void Delete(const ResourceType& type, const Key& key, const Preconditions& preconditions,
              std::optional<int> grace_seconds, Done done);

  // A watch of the whole collection from `resource_version`, with bookmarks; the server ends it after `seconds`.
  std::unique_ptr<http::Stream> Watch(const ResourceType& type, std::string_view resource_version, int seconds,
                                      http::StreamEvents events);

 private:
  http::Transport& transport_;
};

}  // namespace marea::kube
