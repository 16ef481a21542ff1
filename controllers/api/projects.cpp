#include "controllers/api/projects.hpp"

#include <algorithm>

namespace marea::api {
namespace {

bool Claims(const Project& project, const kube::Namespace& ns) {
  const auto& spec = project.spec;
  if (std::ranges::find(spec.namespaces, ns.metadata.name) != spec.namespaces.end()) return true;
  return spec.namespace_selector && Matches(*spec.namespace_selector, ns.metadata.labels);
}

// Whether namespaces that nobody claims are its own.
bool DefaultIsOpen(const World& world) {
  const auto project = world.projects.Get({"", std::string(kDefaultProject)});
  return !project || (project->spec.namespaces.empty() && !project->spec.namespace_selector);
}

std::string List(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size() && i < 5; ++i) list += (i == 0 ? "" : ", ") + Quoted(names[i]);
  return names.size() > 5 ? list + ", …" : list;
}

}  // namespace

bool Matches(const LabelSelector& selector, const kube::StringMap& labels) {
  const bool all_equal = std::ranges::all_of(selector.match_labels, [&](const auto& term) {
    const auto label = labels.find(term.first);
    return label != labels.end() && label->second == term.second;
  });
  if (!all_equal || selector.match_expressions.empty()) return all_equal;
  return kube::Matches({{{.expressions = selector.match_expressions, .fields = {}}}}, "", labels);
}

std::vector<std::string> Claiming(const World& world, const kube::Namespace& ns) {
  std::vector<std::string> names;
  for (const auto& [key, project] : world.projects.All()) {
    if (Claims(*project, ns)) names.push_back(key.name);
  }
  return names;
}

std::map<std::string, std::vector<std::string>> Contested(const World& world) {
  std::map<std::string, std::vector<std::string>> claiming;
  for (const auto& [key, project] : world.projects.All()) {
    for (const auto& name : project->spec.namespaces) {
      if (world.namespaces.Get({"", name})) claiming[name].push_back(key.name);
    }
    if (!project->spec.namespace_selector) continue;
    for (const auto& [place, ns] : world.namespaces.All()) {
      auto& names = claiming[place.name];
      const bool counted = !names.empty() && names.back() == key.name;
      if (!counted && Matches(*project->spec.namespace_selector, ns->metadata.labels))
        names.push_back(key.name);
    }
  }
  std::erase_if(claiming, [](const auto& item) { return item.second.size() < 2; });
  return claiming;
}

ProjectChoice ChooseProject(const World& world, const kube::Namespace& ns, const std::string& asked) {
  const auto claiming = Claiming(world, ns);
  const std::string fallback(kDefaultProject);
  const bool may_fall_back = claiming.empty() && DefaultIsOpen(world);
  const std::string place = "namespace " + ns.metadata.name;
  if (!asked.empty()) {
    const bool claimed = std::ranges::find(claiming, asked) != claiming.end();
    if (claimed || (asked == fallback && may_fall_back)) return {asked, {}, {}};
    if (asked != fallback && !world.projects.Get({"", asked}))
      return {{}, "ProjectNotFound", "spec.project: there is no Project " + Quoted(asked) + "."};
    return {{},
            "ProjectNotAllowed",
            "spec.project: Project " + Quoted(asked) + " does not claim " + place + "; " +
                (claiming.empty() ? "create the Session without it."
                                  : "create it for one that does: " + List(claiming) + ".")};
  }
  if (claiming.size() == 1) return {claiming.front(), {}, {}};
  if (claiming.size() > 1) {
    return {
        {},
        "ProjectAmbiguous",
        "Several Projects claim " + place + ": " + List(claiming) +
            "; create the Session with spec.project, or ask an administrator to leave the namespace to one."};
  }
  if (may_fall_back) return {fallback, {}, {}};
  return {{},
          "NamespaceHasNoProject",
          "No Project claims " + place +
              ", and Project \"default\" is not for all; ask an administrator to add it to one."};
}

}  // namespace marea::api
