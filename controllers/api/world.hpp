// Everything a decision may look at: typed caches of what the API server holds, and what only this process
// knows. Owned by the event loop; plans read it, controllers and edges write it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "controllers/api/kinds.hpp"
#include "controllers/api/proposal.hpp"
#include "runtime/cache.hpp"

namespace marea::api {

// What the answers to our own writes told us about one session, by its uid, and no cache can.
struct SessionMemory {
  std::string uid;
  bool unknown_write = false;     // a status write got no answer: read fresh before deciding
  std::set<std::string> created;  // Secrets known to exist: created by us, or found to be there
  std::set<std::string> deleted;  // Secrets known to be gone
  std::int64_t home_read = 0;     // the attempt for which the home was read fresh
  std::string home_gone = {};     // the uid of a home that is held in the cache and was read to be gone
  std::string refusal;            // why the API server will not have an object of ours, in its words
};

struct World {
  runtime::Cache<Session> sessions;
  runtime::Cache<SessionClass> session_classes;
  runtime::Cache<AcceleratorClass> accelerator_classes;
  runtime::Cache<kube::Pod> pods;  // of all namespaces: foreign pods use devices too
  runtime::Cache<kube::Node> nodes;
  runtime::Cache<kube::PersistentVolumeClaim> claims;
  runtime::Cache<kube::Service> services;
  runtime::Cache<kube::Namespace> namespaces;
  runtime::Cache<kube::StorageClass> storage_classes;

  std::map<Key, Request> requests;      // by waiting session; the session controller writes it
  std::map<Key, Proposal> proposals;    // by waiting session; placement writes it
  std::map<Key, SessionMemory> memory;  // by session; the session controller writes it

  // The API server went back in time (etcd was restored from a backup): until then nothing is deleted on the
  // word of what it says, because newer records may have existed. The session controller writes it.
  std::optional<Time> nothing_deleted_until;

  bool Synced() const {
    return sessions.Synced() && session_classes.Synced() && accelerator_classes.Synced() && pods.Synced() &&
           nodes.Synced() && claims.Synced() && services.Synced() && namespaces.Synced() &&
           storage_classes.Synced();
  }
};

}  // namespace marea::api
