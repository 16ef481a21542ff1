// What a command works with: the API server, the terminal, the clock. And the commands.
#pragma once

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "cli/calls.hpp"
#include "cli/options.hpp"
#include "cli/text.hpp"
#include "http/transport.hpp"

namespace marea::cli {

struct Edge {
  http::Transport& transport;
  std::string ns;  // of the sessions; empty: all
  Clock clock;
  std::ostream& out;  // what was asked for
  std::ostream& err;  // progress, and what went wrong
  Paper paper;
};

// Each returns the exit code (exit_code.hpp), and has said on `err` why it is not 0.
int Run(const Options& options, Edge& edge);

int RunStatus(const Options& options, Edge& edge);
int RunWhy(const Options& options, Edge& edge);
int RunTop(const Options& options, Edge& edge);
int RunClasses(const Options& options, Edge& edge);
int RunChange(const Options& options, Edge& edge);  // start, stop, extend
int RunOpen(const Options& options, Edge& edge);
int RunLogs(const Options& options, Edge& edge);

// The error in words, on `err`.
int Report(Edge& edge, const Error& error);

// How further commands name the session: "ada", or "ada -n demo --context lab".
std::string AddressOf(const Options& options);

// Prints a page: `text` for people, `json` (one line) for programs, as `options.output` says.
void Print(const Options& options, Edge& edge, const std::string& text, const std::string& json);

// Names for completion, with a word on each; nothing where the API does not answer.
using NameAndWord = std::pair<std::string, std::string>;
std::vector<NameAndWord> SessionNames(Edge& edge);
std::vector<NameAndWord> ClassNames(Edge& edge);

}  // namespace marea::cli
