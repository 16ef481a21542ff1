// A platform written down whole, for tests of who gets what on it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controllers/placement/placement.hpp"

namespace marea::placement {

struct Sample {
  std::vector<DeviceClass> classes;
  std::vector<NodeView> nodes;
  std::vector<Use> uses = {};
  std::vector<ProjectView> projects = {};
  std::vector<Charge> charges = {};                       // of those who run
  std::map<std::string, std::int64_t> used_credits = {};  // by project, in thousandths of a credit-second
  std::map<Key, api::Request> waiting = {};
  Time now{};
};

// The sample as a pass finds it.
struct Stage {
  Capacity capacity;
  Sharing sharing;

  explicit Stage(const Sample& sample) {
    capacity.SetClasses(sample.classes);
    for (const auto& node : sample.nodes) capacity.SetNode(node);
    for (const auto& use : sample.uses) capacity.Add(use);
    sharing.SetProjects(sample.projects);
    std::map<std::string, Sharing::Class> classes{{std::string(api::kCpuClass), {0, 0}}};
    for (const auto& device : capacity.classes())
      classes[device.name] = {device.credits, capacity.TotalOf(device).devices};
    sharing.SetClasses(classes);
    for (const auto& charge : sample.charges) sharing.Add(charge);
    for (const auto& [project, credits] : sample.used_credits) sharing.Restore(project, credits, sample.now);
  }

  struct Said {
    std::map<Key, api::Proposal> proposals;
    Kept kept;
    std::optional<Time> next;
  };
  Said Run(const Sample& sample, const PassLimits& limits = {}) {
    Waiting waiting;
    for (const auto& [key, request] : sample.waiting) waiting.push_back({&key, &request});
    return Run(waiting, sample.now, limits);
  }
  Said Run(const Waiting& waiting, Time now, const PassLimits& limits = {}) {
    auto placed = Place(capacity, sharing, waiting, now, limits);
    Said said{.proposals = {}, .kept = placed.kept, .next = placed.next};
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (placed.proposals[i]) said.proposals.emplace(*waiting[i].key, *placed.proposals[i]);
    }
    return said;
  }
};

inline std::map<Key, api::Proposal> Place(const Sample& sample, const PassLimits& limits = {}) {
  return Stage(sample).Run(sample, limits).proposals;
}

}  // namespace marea::placement
