// What the status of a Project says: what it and its parts have of every class, who waits, whether it could
// have what it was promised now, and what is wrong with it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "controllers/api/world.hpp"
#include "controllers/placement/state.hpp"
#include "runtime/controller.hpp"

namespace marea::placement {

struct ProjectCount {
  std::int64_t generation = 0;  // of the Project that was counted; 0: it has no object
  std::vector<api::ProjectClassStatus> classes;
  std::int64_t sessions = 0, waiting = 0;
  std::int64_t credits = 0;      // that are held by its own sessions now
  api::FairShareUse use;         // of its own sessions, as the record should be
  std::string problem, message;  // a reason and a sentence; empty: none
};

using ProjectCounts = std::map<std::string, ProjectCount>;  // by name; `default` without an object too

ProjectCounts CountProjects(const api::World& world, State& state);

// The write that makes the Project's status say what was counted, or nothing. A Project that was changed
// since then is left to the next count.
runtime::Decision DecideProjectStatus(const api::World& world, const ProjectCounts& counts, const Key& key,
                                      const runtime::Context& context);

}  // namespace marea::placement
