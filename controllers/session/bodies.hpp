// What the bodies of all our objects share. For the sources that write bodies alone: it brings nlohmann's
// JSON along.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "controllers/session/view.hpp"

namespace marea::session {

using Json = nlohmann::json;

inline constexpr const char* kPortName = "notebook-port";

std::string Dump(const Json& body);  // the same bytes for the same body; broken UTF-8 as U+FFFD

// KubeSpawner's and Zero to JupyterHub's labels, which network policies and people's tools select on, and our
// own.
Json Labels(const View& view);

// Metadata of an object that goes with its session.
Json Owned(const View& view, const Key& key);

}  // namespace marea::session
