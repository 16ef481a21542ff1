// A Kubernetes API server in memory: the answers the real one gives, as far as Marea and the fakes around it
// ask. Every behaviour has a step in the conformance script that the real server passed; what differs on
// purpose is listed in README.md beside this. Pure: no loop and no I/O; the transport of a simulation
// (testing/fake_transport.hpp) gives it time, delays and faults.
//
// It knows the core kinds of kube/resource.hpp (and what the fakes need besides: persistentvolumes, leases)
// and every CustomResourceDefinition it is given, whose structural schemas default, prune and check objects;
// CEL rules and admission policies are left out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/names.hpp"
#include "base/time.hpp"
#include "http/transport.hpp"

namespace marea::testing {

class FakeApi {
 public:
  using Json = nlohmann::json;

  // What was committed: `type` is "ADDED", "MODIFIED" or "DELETED"; `object` is as it is stored now, or was
  // last, with the resourceVersion of this change.
  struct Change {
    std::string type;
    std::string plural;
    Key key;
    std::uint64_t version;
    std::shared_ptr<const Json> before;  // null for ADDED
    std::shared_ptr<const Json> object;
  };
  using Objects = std::map<Key, std::shared_ptr<const Json>>;
  using WatchId = std::uint64_t;

  // `now` gives creationTimestamp and the like. Uids are counted: the same requests make the same objects.
  explicit FakeApi(std::function<Time()> now);
  ~FakeApi();

  // The CustomResourceDefinitions in a folder of YAML files, or one as JSON, as if they had been applied and
  // are established.
  void InstallCrds(const std::string& folder);
  void InstallCrd(const Json& definition);

  // One request, answered at once: get, list, post, put, patch (merge, JSON), delete, with their query
  // parameters. Any answer of the real server is a Response, errors as Status objects.
  http::Response Handle(const http::Request& request);

  // A watch (or WatchList): the answer that refuses it, or an id. Lines (with their newline) come through
  // `on_line`: those that are due now before this returns, later ones while Handle runs. An ERROR line
  // (a version that is too old) is the last. The transport ends streams and asks for bookmarks; nothing here
  // looks at a clock by itself.
  std::variant<http::Response, WatchId> Open(const http::Request& request,
                                             std::function<void(const std::string& line)> on_line);
  void Close(WatchId watch);
  // The bookmark line of now, or empty when the watch did not allow bookmarks.
  std::string Bookmark(WatchId watch) const;

  // Around the API, for fakes and tests; nothing here counts as a request.
  std::vector<std::string> Plurals() const;                         // of all kinds it knows
  std::string Path(std::string_view plural, const Key& key) const;  // of an object, as requests name it
  const Objects& All(std::string_view plural) const;
  std::shared_ptr<const Json> Get(std::string_view plural, const Key& key) const;  // null: none
  void Listen(std::function<void(const Change&)> listener);  // after each commit, before watches hear of it
  std::uint64_t Version() const;                             // of the newest change

  // Forgets the history: older watches and continue tokens get 410.
  void Compact();
  // An etcd backup and its restore: objects and resourceVersions go back together; open watches stay silent,
  // as the real ones do until they are closed.
  struct Backup;
  std::shared_ptr<const Backup> Save() const;
  void Restore(const Backup& backup);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace marea::testing
