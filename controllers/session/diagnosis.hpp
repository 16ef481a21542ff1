// Why a session that has its place does not answer: what Kubernetes says in many fields of many objects, as
// one reason and one sentence for the user. The table stands in docs/troubles.md.
#pragma once

#include <optional>
#include <string>

#include "controllers/session/view.hpp"

namespace marea::session {

struct Trouble {
  std::string reason;    // CamelCase: of conditions Ready and Stalled, and of the event
  std::string message;   // names the object and, when a person must act, the remedy
  bool stalled = false;  // a person must act; else it heals by itself, or the start deadline ends it
};

// Of a session that is admitted and not stopped, and whose pod is not Ready. Nullopt: it starts as it should.
std::optional<Trouble> Diagnose(const View& view);

// Of a pod that is told to go and does not, whatever its session's state.
std::optional<Trouble> DiagnoseEnding(const View& view);

// Whether node `name` is there and Ready.
bool NodeAnswers(const View& view, const std::string& name);

}  // namespace marea::session
