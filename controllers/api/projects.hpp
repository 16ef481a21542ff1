// Which Project a namespace's sessions are charged to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "controllers/api/world.hpp"

namespace marea::api {

// The Projects that claim the namespace, by name or by its labels; names, sorted.
std::vector<std::string> Claiming(const World& world, const kube::Namespace& ns);

// Of every namespace that more than one claims, who does.
std::map<std::string, std::vector<std::string>> Contested(const World& world);

struct ProjectChoice {
  std::string project;  // empty: none, for this reason
  std::string reason,
      message;  // "ProjectAmbiguous", "ProjectNotFound", "ProjectNotAllowed", "NamespaceHasNoProject"
};

// `asked` empty: whichever claims the namespace, else the default one, which is anybody's unless it names
// namespaces itself.
ProjectChoice ChooseProject(const World& world, const kube::Namespace& ns, const std::string& asked);

}  // namespace marea::api
