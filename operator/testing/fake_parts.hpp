// The parts of a FakeCluster. Each hears of every commit, acts later, from the world's loop, never from
// inside a request, and looks at the API anew when it acts.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "testing/fake_cluster.hpp"

namespace marea::testing {

using Json = nlohmann::json;
using Object = std::shared_ptr<const Json>;

class FakeClient {
 public:
  FakeClient(SimLoop& world, FakeApi& api) : world_(world), api_(api) {}

  SimLoop& world() { return world_; }
  const FakeApi& api() const { return api_; }
  void After(Duration delay, std::function<void()> task);  // spread by the seed

  // True: done.
  bool Create(const kube::ResourceType& type, const std::string& ns, const Json& body);
  bool Patch(const kube::ResourceType& type, const Key& key, std::string_view subresource, const Json& body);
  bool Post(const kube::ResourceType& type, const Key& key, std::string_view subresource, const Json& body);
  bool Delete(const kube::ResourceType& type, const Key& key, const std::string& uid,
              std::optional<int> grace_seconds);
  void CollectByOwners();  // a round of the garbage collector
  // An event about an object, once for each reason.
  void Warn(const Json& about, const std::string& reason, const std::string& message);

 private:
  SimLoop& world_;
  FakeApi& api_;
};

// The fields of objects that the parts read over and over.
std::string NodeOf(const Json& pod);
std::string PhaseOf(const Json& object);
bool IsTerminating(const Json& object);
bool HasEnded(const Json& pod);
std::vector<Key> ClaimsOf(const Json& pod);
// The status conditions with one of them set.
Json WithCondition(const Json& object, const std::string& type, const std::string& status,
                   const std::string& reason, const std::string& message, Time now);

// kube-scheduler: node affinity, taints, resources, volume topology; then least pods, then name.
class FakeScheduler {
 public:
  FakeScheduler(FakeClient& client, const FakeCluster::Options& options)
      : client_(client), options_(options) {}
  void Hear(const FakeApi::Change& change);
  void Forget();

 private:
  void Count(const FakeApi::Change& change);
  void TryLater(const Key& pod);
  void TryAllAgain();
  void Try(const Key& pod);
  std::string Refusal(const Json& pod, const kube::ResourceList& requests,
                      const Json& node) const;  // empty: it fits
  void Refuse(const Json& pod, const std::string& message);
  bool VolumesReady(const Json& pod, const std::string& node);
  const kube::ResourceList& RequestsOf(const Json& pod);

  FakeClient& client_;
  const FakeCluster::Options& options_;
  std::set<Key> queued_, waiting_;
  std::map<std::string, kube::ResourceList> requests_;                     // by pod uid
  std::map<std::string, std::map<std::string, kube::ResourceList>> used_;  // by node, by pod uid
};

class FakeKubelets {
 public:
  FakeKubelets(FakeClient& client, const FakeCluster::Options& options)
      : client_(client), options_(options) {}
  void Hear(const FakeApi::Change& change);
  void LookAnew();  // what is gone or bound elsewhere ends; of what runs the API is told again
  void Silence(const std::string& node) { silent_.insert(node); }
  void Revive(const std::string& node);
  void Lose(const std::string& node);  // with all that runs there
  void Fail(const Key& pod, const std::string& reason, const std::string& message);
  void Exit(const Key& pod, int code);
  void BreakImage(const std::string& image, FakeCluster::ContainerFault fault) {
    broken_[image] = std::move(fault);
  }
  void MendImage(const std::string& image) { broken_.erase(image); }
  void Hinder(const std::string& node, const std::string& reason, const std::string& message) {
    hindered_[node] = {reason, message};
  }
  void Free(const std::string& node) { hindered_.erase(node); }
  std::map<std::string, int> RunningBySession() const;

 private:
  struct Run {
    Key pod;
    std::string node, session;
    bool running = false;
  };
  void Look(const Json& pod);
  void Start(const std::string& uid);
  Json Prepared(const Json& pod) const;  // its conditions
  std::optional<FakeCluster::ContainerFault> FaultOf(const Json& pod) const;
  void ReportFault(const std::string& uid, const Json& pod, const FakeCluster::ContainerFault& fault);
  void ReportRunning(const std::string& uid);
  void BecomeReady(const std::string& uid);
  void Stop(const std::string& uid);
  bool MountsAreThere(const Json& pod) const;
  Object PodOf(const std::string& uid) const;  // null: gone, ended, or its kubelet is silent

  FakeClient& client_;
  const FakeCluster::Options& options_;
  std::map<std::string, Run> runs_;  // by pod uid
  std::set<std::string> stopping_, silent_;
  std::map<std::string, FakeCluster::ContainerFault> broken_;            // by image
  std::map<std::string, std::pair<std::string, std::string>> hindered_;  // by node: reason and message
};

// PersistentVolumes for claims, and the protection of claims in use.
class FakeVolumes {
 public:
  FakeVolumes(FakeClient& client, const FakeCluster::Options& options) : client_(client), options_(options) {}
  void Hear(const FakeApi::Change& change);
  void Break(const std::string& storage_class, const std::string& message) {
    broken_[storage_class] = message;
  }
  void Mend(const std::string& storage_class) { broken_.erase(storage_class); }

 private:
  void BindLater(const Key& claim);
  void Bind(const Key& claim);
  void ReleaseIfUnused(const Key& claim);

  FakeClient& client_;
  const FakeCluster::Options& options_;
  std::map<std::string, std::string> broken_;  // message by StorageClass
};

// The garbage collector for owner references, and for pods of nodes that are gone.
class FakeCollector {
 public:
  FakeCollector(FakeClient& client, const FakeCluster::Options& options)
      : client_(client), options_(options) {}
  void Hear(const FakeApi::Change& change);

 private:
  void CollectPods(const std::string& node);

  FakeClient& client_;
  const FakeCluster::Options& options_;
};

}  // namespace marea::testing
