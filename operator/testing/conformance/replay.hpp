// Replays a script against an API server and writes down what it answered.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "http/transport.hpp"
#include "testing/conformance/script.hpp"

namespace marea::testing::conformance {

class Server {
 public:
  virtual ~Server() = default;

  virtual http::Response Send(const http::Request& request) = 0;
  // The answer that refuses a watch, or its number.
  virtual std::variant<http::Response, int> Open(const http::Request& request) = 0;
  // The next line of a watch: waits for what is due, or for a bookmark, or not at all.
  enum class Wait { kEvent, kBookmark, kNone };
  virtual std::optional<std::string> Next(int watch, Wait wait) = 0;
  virtual void Pause() = 0;    // time for what others do about the last answer
  virtual bool Compact() = 0;  // the history is forgotten
};

// The transcript: each step's name, the status and the masked answer. `id` is a text that no other run on
// this server uses, and part of the namespace's name, which exists already.
std::string Replay(const Script& script, Server& server, const std::string& id);

std::string NamespaceOf(const Script& script, const std::string& id);

}  // namespace marea::testing::conformance
