// Completion of a command line, as kubectl asks for it of its plugins.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace marea::cli {

// Where the names are to be looked for, as far as the line says it.
struct CompletionScope {
  std::string kubeconfig, context, ns;
};

// Names with a word on each; asked only where they are wanted.
using NameSource = std::function<std::vector<std::pair<std::string, std::string>>(const CompletionScope&)>;
struct NameSources {
  NameSource sessions, classes;
};

// `words` is what stands behind "kubectl marea", the last of them what is being typed (perhaps ""). One
// candidate a line, a word on it behind a tab; then the line ":4", which tells kubectl not to offer files, or
// ":0".
std::string Complete(const std::vector<std::string>& words, const NameSources& sources);

}  // namespace marea::cli
