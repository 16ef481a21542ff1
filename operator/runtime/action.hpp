// What a controller may ask for. A Decision is data: the plan returns it, the controller loop carries it out.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/names.hpp"
#include "base/time.hpp"
#include "kube/resource.hpp"

namespace marea::runtime {

// Fixed names make a repeated create harmless: AlreadyExists is an answer, not a failure.
struct Create {
  const kube::ResourceType* type;
  Key key;
  std::string body;  // the whole object as JSON; may hold a secret, so it is never logged
};

struct Patch {
  const kube::ResourceType* type;
  Key key;
  std::string subresource;       // "status" or empty
  std::string resource_version;  // precondition: what this was decided on; never empty
  std::string body;              // merge patch without metadata.resourceVersion, which the executor adds
};

// For kinds we may not read (Secrets) the preconditions are empty; for all others both are set.
struct Delete {
  const kube::ResourceType* type;
  Key key;
  std::string uid, resource_version;
  std::optional<int> grace_seconds;
};

// Reads one object past the cache; the answer enters the cache.
struct ReadFresh {
  const kube::ResourceType* type;
  Key key;
};

// A Kubernetes Event about an object. `once` distinguishes occurrences: the same regarding uid, reason and
// `once` is the same Event, however often it is sent.
struct Emit {
  const kube::ResourceType* regarding_type;
  Key regarding;
  std::string regarding_uid;
  bool warning = false;
  std::string reason, message;
  std::string once;
};

using Action = std::variant<Create, Patch, Delete, ReadFresh, Emit>;

// The actions do not depend on each other's answers and are sent in parallel.
struct Decision {
  std::vector<Action> actions;
  std::optional<Time> wake_at;  // decide again then, if nothing else comes first
  std::string reason;           // why, in a few words: for the log line, and for the wake-up
};

// "create pods team-a/ada": for logs; never the body.
std::string Describe(const Action& action);

}  // namespace marea::runtime
