// Everything a decision may look at: typed caches of what the API server holds, and what only this process
// knows. Owned by the event loop; plans read it, controllers and edges write it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "controllers/api/kinds.hpp"
#include "controllers/api/proposal.hpp"
#include "kube/storage.hpp"
#include "runtime/cache.hpp"

namespace marea::api {

// An object of ours that the API server will not have.
struct Refusal {
  ErrorKind kind;
  std::string object;   // "Pod ada"
  std::string message;  // in the server's words
  Time retry_time;      // not before
};

// What the answers to our own writes told us about one session, by its uid, and no cache can.
struct SessionMemory {
  std::string uid;
  bool unknown_write = false;       // a status write got no answer: read fresh before deciding
  std::set<std::string> created;    // Secrets known to exist: created by us, or found to be there
  std::set<std::string> deleted;    // Secrets known to be gone
  bool has_network_policy = false;  // known to be there
  std::int64_t home_read = 0;       // the attempt for which the home was read fresh
  std::string home_gone = {};       // the uid of a home that is held in the cache and was read to be gone
  std::optional<Quantity> growth_refused = {};  // the size of the home that the API server will not have,
  std::string growth_refusal = {};              // and why, in its words
  std::optional<Refusal> refusal = {};
};

// Who names a claim, as far as it can be seen from here.
struct ClaimUsers {
  std::set<Key> sessions;  // as their home or a volume of their own
  std::set<Key> pods;      // of anybody
};

struct World {
  runtime::Cache<Session> sessions;
  runtime::Cache<SessionClass> session_classes;
  runtime::Cache<AcceleratorClass> accelerator_classes;
  runtime::Cache<Project> projects;
  runtime::Cache<kube::Pod> pods;  // of all namespaces: foreign pods use devices too
  runtime::Cache<kube::Node> nodes;
  runtime::Cache<kube::PersistentVolumeClaim> claims;
  runtime::Cache<kube::Service> services;
  runtime::Cache<kube::Namespace> namespaces;
  runtime::Cache<kube::StorageClass> storage_classes;
  runtime::Cache<kube::PersistentVolume> volumes;
  runtime::Cache<kube::Event> warnings;  // about anything but Sessions
  runtime::Cache<kube::Ingress> ingresses;
  runtime::Cache<kube::HttpRoute> http_routes;  // watched with gateway_api alone
  bool gateway_api = false;

  std::map<Key, ClaimUsers> claim_users;  // by claim; session::ClaimIndex writes it

  // By waiting session; placement writes them.
  std::map<Key, Request> requests;
  std::map<Key, Proposal> proposals;
  std::map<Key, Wait> told;  // why it waits, as its status may say it

  std::map<Key, SessionMemory> memory;  // by session; the session controller writes it

  // The API server went back in time (etcd was restored from a backup): until then nothing is deleted on the
  // word of what it says, because newer records may have existed. The session controller writes it.
  std::optional<Time> nothing_deleted_until;

  // All caches that are watched, HTTPRoutes with gateway_api alone.
  template <class World, class F>
  static void ForEachCache(World& world, F f) {
    f(world.sessions), f(world.session_classes), f(world.accelerator_classes), f(world.projects);
    f(world.pods), f(world.nodes);
    f(world.claims), f(world.services), f(world.namespaces), f(world.storage_classes), f(world.volumes);
    f(world.warnings), f(world.ingresses);
    if (world.gateway_api) f(world.http_routes);
  }

  bool Synced() const {
    bool synced = true;
    ForEachCache(*this, [&](const auto& cache) { synced = synced && cache.Synced(); });
    return synced;
  }
};

}  // namespace marea::api
