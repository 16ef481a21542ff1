// What the raw client is to send, as bench/script.py writes it: one call a line, five columns between tabs:
//   MARKS METHOD PATH CONTENT-TYPE BODY
// MARKS are letters. c: the call begins a chain (what is done for one session); s: it begins a stage, which
// waits for the one before; l: nobody waits for its answer; v: its answer bears the version that the chain's
// later bodies mean by @VERSION@.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "http/transport.hpp"

namespace marea::bench {

struct Call {
  http::Method method = http::Method::kGet;
  std::string path, content_type, body;
  bool loose = false, versioned = false;
};

using Stage = std::vector<Call>;   // sent together
using Chain = std::vector<Stage>;  // one after the other

// Errors: kInvalid with the number of the line.
Result<std::vector<Chain>> ReadScript(std::istream& in);

// `call` as a request, with what `version` says in the place of @VERSION@.
http::Request RequestOf(const Call& call, const std::string& version);

}  // namespace marea::bench
