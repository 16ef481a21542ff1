// Who holds which devices, since when and until when; by session, summed up by user, or by Project with what
// it was promised.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/objects.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"

namespace marea::cli {

struct Holder {
  std::string ns, session, user, project, device;  // device: an AcceleratorClass, or "cpu"
  std::int64_t count = 0;                          // of devices; 0 of "cpu"
  api::AdmissionKind kind = api::AdmissionKind::kNone;
  std::string node, summary;
  std::optional<Time> since, until;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"namespace", &Holder::ns}, json::Field{"session", &Holder::session},
                      json::Field{"user", &Holder::user}, json::Field{"project", &Holder::project},
                      json::Field{"device", &Holder::device}, json::Field{"count", &Holder::count},
                      json::Field{"kind", &Holder::kind}, json::Field{"node", &Holder::node},
                      json::Field{"summary", &Holder::summary}, json::Field{"since", &Holder::since},
                      json::Field{"until", &Holder::until});
  }
};

struct UserSum {
  std::string user;
  std::int64_t sessions = 0;
  std::map<std::string, std::int64_t> devices;  // by class, without "cpu"
  static constexpr auto Fields() {
    return std::tuple(json::Field{"user", &UserSum::user}, json::Field{"sessions", &UserSum::sessions},
                      json::Field{"devices", &UserSum::devices});
  }
};

struct ProjectSum {  // of the whole platform, with the project's parts
  std::string project, parent;
  std::optional<std::int64_t> sessions, waiting;  // absent: nobody has counted
  std::vector<api::ProjectClassStatus> classes;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"project", &ProjectSum::project}, json::Field{"parent", &ProjectSum::parent},
        json::Field{"sessions", &ProjectSum::sessions}, json::Field{"waiting", &ProjectSum::waiting},
        json::Field{"classes", &ProjectSum::classes});
  }
};

struct TopPage {
  std::string ns;                                   // empty: all namespaces
  std::optional<std::vector<Holder>> holders;       // those that end first come first
  std::optional<std::vector<UserSum>> users;        // instead of the holders; most devices first
  std::optional<std::vector<ProjectSum>> projects;  // beside the holders, or instead of them; by name
  std::vector<std::string> left_out;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"namespace", &TopPage::ns}, json::Field{"holders", &TopPage::holders},
                      json::Field{"users", &TopPage::users}, json::Field{"projects", &TopPage::projects},
                      json::Field{"leftOut", &TopPage::left_out});
  }
};

TopPage MakeTopPage(const std::string& ns, const Seen<api::Session>& sessions,
                    const Seen<api::Project>& projects, TopBy by);

std::string TopText(const TopPage& page, const Paper& paper);

ProjectSum SumOf(const api::Project& project);
// A row for each class of each project.
std::string ProjectsText(const std::vector<ProjectSum>& projects, const Paper& paper);

}  // namespace marea::cli
