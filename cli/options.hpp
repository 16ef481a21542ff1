// The command line of kubectl-marea.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace marea::cli {

enum class Command { kStatus, kWhy, kTop, kClasses, kStart, kStop, kExtend, kOpen, kLogs };
enum class Output { kText, kWide, kJson, kYaml };
enum class TopBy { kSession, kUser, kProject };

struct Options {
  Command command = Command::kStatus;
  std::string kubeconfig, context;
  std::string ns;  // empty: the context's
  bool all_namespaces = false;
  Output output = Output::kText;
  std::string session;
  std::vector<std::string> classes;  // empty: all
  std::chrono::seconds by{0};        // extend
  TopBy top_by = TopBy::kSession;    // top
  bool restart = false;              // start
  bool wait = false;
  std::chrono::seconds timeout{600};
  bool browser = false;                   // open
  bool follow = false, previous = false;  // logs
  int tail = -1;                          // -1: all
};

// Parses the arguments; prints help or what is wrong itself. False: exit with `exit_code`.
bool ParseOptions(int argc, const char* const* argv, Options& options, int& exit_code);

// Of all commands, with what each does, in the order of the help.
struct CommandRow {
  const char* name;
  Command command;
  bool takes_session;
  const char* does;
};
const std::vector<CommandRow>& CommandRows();

}  // namespace marea::cli
