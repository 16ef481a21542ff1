#include "cli/complete.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "cli/options.hpp"
#include "cli/text.hpp"

namespace marea::cli {
namespace {

using Candidates = std::vector<std::pair<std::string, std::string>>;

constexpr std::array<std::string_view, 9> kWithValue{
    "-n", "--namespace", "--context", "--kubeconfig", "-o", "--output", "--timeout", "--tail", "--by"};

struct Line {
  CompletionScope scope;
  std::vector<std::string> positional;
  std::string open_flag;  // whose value is being typed
};

bool TakesValue(std::string_view word) {
  return std::ranges::find(kWithValue, word) != kWithValue.end();
}

void Keep(CompletionScope& scope, std::string_view flag, const std::string& value) {
  if (flag == "-n" || flag == "--namespace") scope.ns = value;
  if (flag == "--context") scope.context = value;
  if (flag == "--kubeconfig") scope.kubeconfig = value;
}

// All words but the last.
Line Read(const std::vector<std::string>& words) {
  Line line;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    const auto equals = word.find('=');
    if (TakesValue(word)) {
      if (i + 2 == words.size()) {
        line.open_flag = word;
      } else {
        Keep(line.scope, word, words[++i]);
      }
    } else if (word.starts_with("-")) {
      if (equals != word.npos) Keep(line.scope, word.substr(0, equals), word.substr(equals + 1));
    } else {
      line.positional.push_back(word);
    }
  }
  return line;
}

Candidates Plain(std::initializer_list<const char*> names) {
  Candidates candidates;
  for (const char* name : names) candidates.emplace_back(name, "");
  return candidates;
}

Candidates ValuesOf(const std::string& flag) {
  if (flag == "-o" || flag == "--output") return Plain({"json", "yaml", "wide"});
  if (flag == "--by") return Plain({"session", "user", "project"});
  if (flag == "--timeout") return Plain({"1m", "10m", "1h"});
  return {};
}

Candidates FlagsOf(const CommandRow* row) {
  Candidates flags = Plain({"--namespace", "--context", "--kubeconfig", "--output", "--help"});
  const auto add = [&](std::initializer_list<const char*> names) {
    std::ranges::move(Plain(names), std::back_inserter(flags));
  };
  if (row == nullptr) return flags;
  switch (row->command) {
    case Command::kStatus:
      add({"--all-namespaces"});
      break;
    case Command::kTop:
      add({"--all-namespaces", "--by"});
      break;
    case Command::kStart:
      add({"--restart", "--wait", "--timeout"});
      break;
    case Command::kStop:
    case Command::kExtend:
      add({"--wait", "--timeout"});
      break;
    case Command::kOpen:
      add({"--browser"});
      break;
    case Command::kLogs:
      add({"--follow", "--previous", "--tail"});
      break;
    default:
      break;
  }
  return flags;
}

const CommandRow* RowOf(const std::string& name) {
  const auto found = std::ranges::find(CommandRows(), name, &CommandRow::name);
  return found == CommandRows().end() ? nullptr : &*found;
}

Candidates ArgumentsOf(const CommandRow& row, const Line& line, const NameSources& sources) {
  const std::size_t given = line.positional.size() - 1;
  if (row.takes_session && given == 0) return sources.sessions(line.scope);
  if (row.command == Command::kExtend && given == 1) return Plain({"30m", "1h", "2h", "4h", "8h", "1d"});
  if (row.command != Command::kClasses) return {};
  auto classes = sources.classes(line.scope);
  std::erase_if(classes, [&](const auto& candidate) {
    return std::ranges::find(line.positional, candidate.first) != line.positional.end();
  });
  return classes;
}

Candidates Commands() {
  Candidates commands;
  for (const auto& row : CommandRows()) commands.emplace_back(row.name, row.does);
  return commands;
}

}  // namespace

std::string Complete(const std::vector<std::string>& words, const NameSources& sources) {
  const std::string typed = words.empty() ? "" : words.back();
  const Line line = Read(words);
  if (line.open_flag == "--kubeconfig") return ":0\n";
  const CommandRow* row = line.positional.empty() ? nullptr : RowOf(line.positional.front());
  Candidates candidates;
  if (!line.open_flag.empty()) {
    candidates = ValuesOf(line.open_flag);
  } else if (typed.starts_with("-")) {
    candidates = FlagsOf(row);
  } else if (line.positional.empty()) {
    candidates = Commands();
  } else if (row != nullptr) {
    candidates = ArgumentsOf(*row, line, sources);
  }
  std::string text;
  for (const auto& [name, word] : candidates) {
    if (!name.starts_with(typed)) continue;
    text += Printable(name) + (word.empty() ? "" : "\t" + Printable(word)) + "\n";
  }
  return text + ":4\n";
}

}  // namespace marea::cli
