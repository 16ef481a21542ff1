// A conformance script: named steps of requests and watches in a text file, replayed against any API server.
//
//   let sessions = /apis/marea.dev/v1alpha1/namespaces/{ns}/sessions
//
//   == a new session gets defaults
//   POST {sessions}
//   {"apiVersion": "marea.dev/v1alpha1", "kind": "Session", "metadata": {"name": "ada"}, "spec": {}}
//   keep version = metadata.resourceVersion
//   ignore message: the real server quotes its JSON parser
//
//   VERB PATH        GET, POST, PUT, PATCH, DELETE; `as TYPE` after it names the body's content type, which
//                    else is JSON, and a merge patch for PATCH
//   UNTIL CODE PATH [TEXT]  a GET that is repeated until it is answered with CODE, and with TEXT in it; the
//                    answer is not compared
//   WATCH NAME PATH  opens a watch
//   SEE NAME COUNT   waits for that many of its events, bookmarks apart
//   BOOKMARK NAME    waits for a bookmark
//   SILENT NAME      says whether anything came that was not asked for
//   COMPACT          the server forgets its history
//
// {name} stands for what was kept or let, {ns} for the namespace of the script, {id} for a text that no other
// run uses. `ignore` takes paths out of the comparison, each with its reason; before the first step it holds
// for all.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace marea::testing::conformance {

struct Step {
  std::string name;
  std::vector<std::string> words;  // "PATCH", "{sessions}/ada"
  std::string content_type, body;
  std::vector<std::pair<std::string, std::string>> keep;  // name, path
  std::vector<std::string> ignore;
};

struct Script {
  std::string name;
  std::vector<std::pair<std::string, std::string>> lets;
  std::vector<Step> steps;
};

// Errors: kInvalid, with the line.
Result<Script> ParseScript(std::string name, std::string_view text);

// All *.script files of a folder, by name.
Result<std::vector<Script>> LoadScripts(const std::string& folder);

}  // namespace marea::testing::conformance
