// Who gets which device: a pure, deterministic function from a snapshot of the platform to one proposal per
// waiting session. Integers only; the order of the inputs does not matter.
//
// The order is submit time, then uid; each takes the first alternative that fits now, on the first node (by
// name) that has it. Sessions without devices prefer nodes without devices.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "controllers/api/proposal.hpp"
#include "kube/types.hpp"

namespace marea::placement {

struct DeviceClass {
  std::string name;
  std::string resource;  // "nvidia.com/gpu"
  kube::StringMap node_selector;
  std::vector<kube::Toleration> tolerations;
};

struct NodeView {
  std::string name;
  kube::StringMap labels;
  std::vector<kube::Taint> taints;
  bool usable = false;             // Ready and not cordoned
  kube::ResourceList allocatable;  // "cpu", "memory", "pods" and extended resources
  kube::ResourceList used;         // by bound pods and by admissions whose pod is not bound yet
  bool operator==(const NodeView&) const = default;
};

struct Snapshot {
  std::vector<DeviceClass> classes;
  std::vector<NodeView> nodes;
  std::map<Key, api::Request> waiting;
};

// Ends after `most_admits` of them, those for `overdue` not counted: who comes later in the order has no
// proposal then, and is looked at when those have been taken up. A pass over thousands would hold everything
// else up.
std::map<Key, api::Proposal> Place(Snapshot snapshot,
                                   std::size_t most_admits = std::numeric_limits<std::size_t>::max(),
                                   const std::set<Key>& overdue = {});

// Whether the labels have every term of the selector.
bool Selects(const kube::StringMap& selector, const kube::StringMap& labels);

// Of a resource that is not in the list: nothing.
Quantity Amount(const kube::ResourceList& list, const std::string& resource);

// The class that a node's resource belongs to: of those whose selector the labels satisfy the one with most
// terms, then the first by name. Null: none.
const DeviceClass* OwnerOf(const std::vector<DeviceClass>& classes, const kube::StringMap& labels,
                           const std::string& resource);

}  // namespace marea::placement
