// Why a session is where it is: the gates between asking and a running notebook, which one it stands at,
// since when, and what can be done. A pure function of what the API says.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "cli/objects.hpp"
#include "cli/text.hpp"
#include "cli/top_page.hpp"

namespace marea::cli {

enum class GateState { kPassed, kWaiting, kBlocked, kAhead };  // blocked: until a person acts

struct Gate {
  std::string name;  // Accepted, Admitted, Home, Scheduled, Started, Ready
  GateState state = GateState::kAhead;
  std::string reason, message;
  std::optional<Time> since;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"name", &Gate::name}, json::Field{"state", &Gate::state},
                      json::Field{"reason", &Gate::reason}, json::Field{"message", &Gate::message},
                      json::Field{"since", &Gate::since});
  }
};

struct Happening {  // an event
  std::optional<Time> time;
  std::string type, reason, message;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"time", &Happening::time}, json::Field{"type", &Happening::type},
                      json::Field{"reason", &Happening::reason}, json::Field{"message", &Happening::message});
  }
};

struct WhyPage {
  std::string ns, session, user, summary;  // summary: "Unseen" when no operator has looked at it
  std::string reason, message;             // of where it stands
  std::optional<Time> since;
  std::string who;                    // must act: Nobody, You, Administrator; empty when nobody waits
  std::vector<std::string> remedies;  // what can be done, the first thing first
  std::vector<Gate> gates;            // in order; none once it is stopped
  std::vector<std::string> notes;
  std::string url, node;
  std::string project;                                  // it is charged to
  api::AdmissionKind kind = api::AdmissionKind::kNone;  // as what it holds its devices
  std::optional<std::int64_t> position;                 // in line, as it is told: 1 to 10, 20, 50, …
  std::optional<ProjectSum> shares;                     // the project's, of what it holds or asks for
  std::optional<Time> expires_time;
  std::vector<Happening> events;  // the newest last
  std::vector<std::string> left_out;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"namespace", &WhyPage::ns}, json::Field{"session", &WhyPage::session},
                      json::Field{"user", &WhyPage::user}, json::Field{"summary", &WhyPage::summary},
                      json::Field{"reason", &WhyPage::reason}, json::Field{"message", &WhyPage::message},
                      json::Field{"since", &WhyPage::since}, json::Field{"who", &WhyPage::who},
                      json::Field{"remedies", &WhyPage::remedies}, json::Field{"gates", &WhyPage::gates},
                      json::Field{"notes", &WhyPage::notes}, json::Field{"url", &WhyPage::url},
                      json::Field{"node", &WhyPage::node}, json::Field{"project", &WhyPage::project},
                      json::Field{"kind", &WhyPage::kind}, json::Field{"position", &WhyPage::position},
                      json::Field{"shares", &WhyPage::shares},
                      json::Field{"expiresTime", &WhyPage::expires_time},
                      json::Field{"events", &WhyPage::events}, json::Field{"leftOut", &WhyPage::left_out});
  }
};

struct WhyInput {
  const api::Session& session;
  const Seen<api::SessionClass>& classes;
  const Seen<api::AcceleratorClass>& devices;
  const Seen<api::Project>& projects;
  const Seen<SessionEvent>& events;
  std::string address;  // how commands name it: "ada", or "ada -n demo"
};

WhyPage Why(const WhyInput& input);

std::string WhyText(const WhyPage& page, const Paper& paper);

// Whether the operator has seen the session in its newest form.
bool IsObserved(const api::Session& session);

}  // namespace marea::cli

template <>
struct marea::json::EnumNames<marea::cli::GateState> {
  static constexpr std::array<std::string_view, 4> names{"Passed", "Waiting", "Blocked", "Ahead"};
};
