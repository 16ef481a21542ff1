#include "testing/conformance/golden.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

namespace marea::testing::conformance {

namespace {

std::string FileOf(const std::string& folder, const Script& script) {
  return folder + "/" + script.name + ".golden";
}

std::vector<std::string> Lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Steps in order, each with its text.
std::vector<std::pair<std::string, std::string>> Steps(const std::string& transcript) {
  std::vector<std::pair<std::string, std::string>> steps;
  for (const std::string& line : Lines(transcript)) {
    if (line.starts_with("== ")) {
      steps.emplace_back(line.substr(3), "");
    } else if (!steps.empty()) {
      steps.back().second += line + "\n";
    }
  }
  return steps;
}

}  // namespace

Result<std::string> ReadGolden(const std::string& folder, const Script& script) {
  std::ifstream in(FileOf(folder, script));
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    return Fail(
        ErrorKind::kNotFound,
        FileOf(folder, script) + " is missing: record it from a real API server (README.md beside it)");
  }
  return text.str();
}

Result<void> WriteGolden(const std::string& folder, const Script& script, const std::string& transcript) {
  std::ofstream out(FileOf(folder, script));
  out << transcript;
  out.close();
  if (!out) return Fail(ErrorKind::kInternal, FileOf(folder, script) + " cannot be written");
  return {};
}

std::vector<Difference> Differences(const std::string& golden, const std::string& transcript) {
  std::vector<Difference> differences;
  auto answers = Steps(transcript);
  for (const auto& [step, text] : Steps(golden)) {
    const auto answer = std::ranges::find(answers, step, &std::pair<std::string, std::string>::first);
    if (answer == answers.end()) {
      differences.push_back({step, text, ""});
      continue;
    }
    if (answer->second != text) differences.push_back({step, text, answer->second});
    answers.erase(answer);
  }
  for (const auto& [step, text] : answers) differences.push_back({step, "", text});
  return differences;
}

std::string ToString(const Difference& difference) {
  const auto golden = Lines(difference.golden), answer = Lines(difference.answer);
  std::string text = "== " + difference.step + "\n";
  for (const std::string& line : golden) {
    if (std::ranges::find(answer, line) == answer.end()) text += "- " + line + "\n";
  }
  for (const std::string& line : answer) {
    if (std::ranges::find(golden, line) == golden.end()) text += "+ " + line + "\n";
  }
  return text;
}

}  // namespace marea::testing::conformance
