// What the nodes have of every class, what is used of it, and which node a session fits on: kept up to date
// one change at a time, so that asking costs little however large the platform is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controllers/api/proposal.hpp"
#include "kube/types.hpp"

namespace marea::placement {

struct DeviceClass {
  std::string name;
  std::string resource;  // "nvidia.com/gpu"
  kube::StringMap node_selector;
  std::vector<kube::Toleration> tolerations;
  std::int64_t credits = 1;                                 // for a device, as long as it is held
  std::optional<std::int64_t> reclaim_below_priority = {};  // pods below it make room for sessions
  bool operator==(const DeviceClass&) const = default;
};

struct NodeView {
  std::string name;
  kube::StringMap labels = {};
  std::vector<kube::Taint> taints = {};
  bool usable = false;             // Ready, not cordoned, not draining
  kube::ResourceList allocatable;  // "cpu", "memory", "pods" and extended resources
  bool operator==(const NodeView&) const = default;
};

// What somebody takes from a node: a bound pod, or an admission whose pod is not bound yet.
struct Use {
  std::string node;
  kube::ResourceList need;
  std::optional<std::int64_t> priority = {};  // of a pod that is no session's; absent: it never makes room
  bool operator==(const Use&) const = default;
};

// Whether the labels have every term of the selector.
bool Selects(const kube::StringMap& selector, const kube::StringMap& labels);

// Of a resource that is not in the list: nothing.
Quantity Amount(const kube::ResourceList& list, const std::string& resource);

// The class that a node's resource belongs to: of those whose selector the labels satisfy the one with most
// terms, then the first by name. Null: none.
const DeviceClass* OwnerOf(const std::vector<DeviceClass>& classes, const kube::StringMap& labels,
                           const std::string& resource);

// What one alternative (null class: none, CPU only) of a request takes from a node.
kube::ResourceList Need(const api::Request& request, const DeviceClass* device, std::int64_t count);

class Capacity {
 public:
  Capacity() = default;
  Capacity(const Capacity&) = delete;
  Capacity& operator=(const Capacity&) = delete;

  void SetClasses(std::vector<DeviceClass> classes);
  const std::vector<DeviceClass>& classes() const { return classes_; }
  const DeviceClass* Find(std::string_view name) const;

  void SetNode(NodeView node);
  void RemoveNode(const std::string& name);
  void Add(const Use& use);     // also of a node that is not there, or not yet
  void Remove(const Use& use);  // one that was added

  struct Fit {
    std::string node;
    bool reclaims = false;  // it fits once the scheduler has ended pods of lower priority
    bool operator==(const Fit&) const = default;
  };
  // The fullest node that has all of it free, by devices (without any: by processors, and a node without
  // devices first), then by name; else the one where fewest devices are to be reclaimed. `but`: not these.
  std::optional<Fit> FindFit(const api::Request& request, const DeviceClass* device, std::int64_t count,
                             const std::set<std::string>& but) const;
  // The one with most devices free among those that would hold it if they were empty: the next to have room.
  std::optional<std::string> NearestFit(const api::Request& request, const DeviceClass* device,
                                        std::int64_t count) const;

  // Why a request fits nowhere.
  struct Survey {
    std::int64_t devices = 0, used = 0;  // of its class, where its volumes allow it to stand
    bool holds = false;                  // some node could hold it if it were empty
    bool holds_but_for_claims = false;   // … if its volumes allowed it
    bool holds_when_ready = false;       // … if it were ready
  };
  Survey Look(const api::Request& request, const DeviceClass* device, std::int64_t count) const;

  // By those who were added; saturating.
  Quantity UsedOn(const std::string& node, const std::string& resource) const;

  struct Total {
    std::int64_t nodes = 0, devices = 0, used = 0, free = 0;
    std::int64_t unready = 0;       // nodes that would offer it but are cordoned, going or not ready
    std::int64_t reclaimable = 0;   // of what is used, by pods that make room
    std::set<std::string> winners;  // the classes that own nodes this one selects; names
  };
  // No number is above a thousand millions, whatever nodes and pods claim.
  Total TotalOf(const DeviceClass& device) const;

 private:
  __extension__ using Sum = __int128;  // of thousandths: whatever pods claim, it is taken away again exactly

  struct Node {
    NodeView view;
    bool known = false;
    std::map<std::string, Sum> used;
    std::multimap<std::int64_t, kube::ResourceList> makes_room;  // by priority
    std::vector<std::size_t> owned;                              // classes
    bool offers_devices = false;
  };
  struct Slot {
    std::int64_t free;
    const Node* node;
    friend bool operator<(const Slot& a, const Slot& b) {
      return a.free != b.free ? a.free < b.free : a.node->view.name < b.node->view.name;
    }
  };
  using Slots = std::set<Slot>;

  static Sum Used(const Node& node, const std::string& resource);
  static std::int64_t FreeUnits(const Node& node, const std::string& resource);
  static bool Admissible(const Node& node, const api::Request& request, const DeviceClass* device);
  static bool Suits(const Node& node, const api::Request& request, const DeviceClass* device);
  static bool Covers(const Node& node, const kube::ResourceList& need, const kube::ResourceList& room);
  static bool CoversEmpty(const Node& node, const kube::ResourceList& need);
  static kube::ResourceList RoomFor(const Node& node, const DeviceClass& device);
  static bool Abandoned(const Node& node);

  std::optional<Fit> FindReclaim(const api::Request& request, const DeviceClass& device,
                                 const kube::ResourceList& need, const std::set<std::string>& but) const;
  void Own(Node& node);
  void Index(const Node& node);
  void Unindex(const Node& node);
  Slots& CpuSlots(const Node& node) { return node.offers_devices ? cpu_beside_devices_ : cpu_alone_; }

  std::vector<DeviceClass> classes_;  // by name
  std::map<std::string, Node> nodes_;
  std::vector<Slots> by_class_;                 // usable nodes, by free devices
  std::vector<std::set<const Node*>> members_;  // nodes, usable or not
  Slots cpu_alone_, cpu_beside_devices_;        // usable nodes, by free processors
};

}  // namespace marea::placement
