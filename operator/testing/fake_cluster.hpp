// What lives around an API server: a scheduler with real predicates, kubelets, a volume binder, the garbage
// collector and the node life cycle, all driven by the clock of a simulation, with delays and failures that a
// test writes down. They speak to the FakeApi directly, as other clients would, and are never struck by
// faults.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "kube/types.hpp"
#include "loop/sim_loop.hpp"
#include "testing/fake_api.hpp"

namespace marea::testing {

class FakeCluster {
 public:
  using Json = nlohmann::json;

  // Each delay is spread by the world's seed from its half to one and a half of it.
  struct Options {
    Duration schedule = std::chrono::milliseconds{20};
    Duration bind_volume = std::chrono::seconds{2};
    Duration start = std::chrono::seconds{2};  // from bound to running: pulls, mounts
    Duration ready = std::chrono::seconds{1};  // from running to Ready
    Duration stop = std::chrono::seconds{1};   // from told to go until gone
    Duration collect = std::chrono::seconds{1};
    Duration node_grace = std::chrono::seconds{40};  // a silent node counts as lost
    Duration eviction = std::chrono::minutes{5};     // pods of a lost node are told to go
  };

  // Why the containers of an image do not run, as a kubelet writes it down. They are tried again every ten
  // seconds.
  struct ContainerFault {
    std::string reason;  // of state.waiting; empty: it runs, after it ended once
    std::string message{};
    std::string ended{};  // reason of lastState.terminated; empty: it never ran
    int exit_code = 0;    // of that
  };

  FakeCluster(SimLoop& world, FakeApi& api, const Options& options);
  ~FakeCluster();

  // A Ready node; `resources` are capacity and allocatable, such as {"nvidia.com/gpu", "4"}.
  void AddNode(const std::string& name, const kube::StringMap& labels, const kube::StringMap& resources,
               const Json& taints = Json::array());
  void SetResources(const std::string& name, const kube::StringMap& resources);
  // Its kubelet neither hears nor says anything; what runs there goes on.
  void SilenceNode(const std::string& name);
  void ReviveNode(const std::string& name);
  // The machine is gone, with all that ran there, and so is its Node object.
  void RemoveNode(const std::string& name);

  void BreakImage(const std::string& image, ContainerFault fault);
  void MendImage(const std::string& image);
  // Pods that come to this node are not prepared, and a warning says why: FailedMount, FailedAttachVolume,
  // FailedCreatePodSandBox.
  void HinderNode(const std::string& name, const std::string& reason, const std::string& message);
  void FreeNode(const std::string& name);
  // No volumes are made of this StorageClass, and a warning says why.
  void BreakStorage(const std::string& storage_class, const std::string& message);
  void MendStorage(const std::string& storage_class);

  // The API server went back in time: all look at it anew, as they do when their watches end.
  void LookAnew();

  void EvictPod(const Key& pod, const std::string& message);  // by its kubelet
  void EndNotebook(const Key& pod, int exit_code);            // its container exits by itself

  // How many pods of a session have a running container, by "namespace/name" of the session.
  std::map<std::string, int> RunningBySession() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace marea::testing
