// What can be done about each reason of docs/troubles.md, and by whom; and at which gate of a session's start
// it stands.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "json/fields.hpp"

namespace marea::cli {

// What a session passes on its way, in this order.
enum class Step { kAccepted, kAdmitted, kHome, kScheduled, kStarted, kReady };

enum class Who { kNobody, kYou, kAdministrator };

struct Remedy {
  std::string_view reason;
  Step step;
  Who who;                         // must act; nobody: it heals by itself, or the start deadline ends it
  std::string_view text;           // SESSION stands for what a command line names it by
  std::string_view if_never = {};  // instead, and for you, when it would wait for ever; empty: the same
};

std::span<const Remedy> Remedies();

// Null for a reason that a newer operator gives. A reason may mean one thing to a session that waits for its
// place (kAccepted, kAdmitted) and another afterwards.
const Remedy* FindRemedy(std::string_view reason, bool admitted);

// What a session that stopped for `reason` (status.stop.reason) needs to run again; "" for none of them.
std::string_view StopRemedy(std::string_view reason);

// `text` with SESSION replaced.
std::string Addressed(std::string_view text, std::string_view session);

}  // namespace marea::cli

template <>
struct marea::json::EnumNames<marea::cli::Step> {
  static constexpr std::array<std::string_view, 6> names{"Accepted",  "Admitted", "Home",
                                                         "Scheduled", "Started",  "Ready"};
};
template <>
struct marea::json::EnumNames<marea::cli::Who> {
  static constexpr std::array<std::string_view, 3> names{"Nobody", "You", "Administrator"};
};
