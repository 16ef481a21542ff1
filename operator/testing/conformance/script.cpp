#include "testing/conformance/script.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace marea::testing::conformance {

namespace {

std::vector<std::string> Words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string Trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// "name = value"
bool ReadPair(const std::string& line, std::vector<std::pair<std::string, std::string>>& into) {
  const std::size_t sign = line.find('=');
  if (sign == std::string::npos) return false;
  into.emplace_back(Trimmed(line.substr(0, sign)), Trimmed(line.substr(sign + 1)));
  return true;
}

// "path, path: reason"
bool ReadIgnored(const std::string& line, std::vector<std::string>& into) {
  const std::size_t colon = line.find(": ");
  if (colon == std::string::npos) return false;
  std::istringstream in(line.substr(0, colon));
  for (std::string path; std::getline(in, path, ',');) into.push_back(Trimmed(path));
  return true;
}

bool IsAfter(const std::string& line, std::string_view word, std::string& rest) {
  if (!line.starts_with(word)) return false;
  rest = line.substr(word.size());
  return true;
}

bool ReadRequest(const std::string& line, Step& step) {
  step.words = Words(line);
  if (step.words.empty()) return false;
  const auto as = std::ranges::find(step.words, "as");
  if (as != step.words.end()) {
    for (auto word = as + 1; word != step.words.end(); ++word) {
      step.content_type += (step.content_type.empty() ? "" : " ") + *word;
    }
    step.words.erase(as, step.words.end());
  } else {
    step.content_type = step.words[0] == "PATCH" ? "application/merge-patch+json" : "application/json";
  }
  const std::size_t wanted = step.words[0] == "COMPACT"                                 ? 1
                             : step.words[0] == "BOOKMARK" || step.words[0] == "SILENT" ? 2
                             : step.words[0] == "UNTIL" || step.words[0] == "WATCH" || step.words[0] == "SEE"
                                 ? 3
                                 : 2;
  const bool with_text = step.words[0] == "UNTIL" && step.words.size() == 4;
  return step.words.size() == wanted || with_text;
}

bool ReadLine(const std::string& line, std::vector<std::string>& general, Script& script) {
  std::string rest;
  if (IsAfter(line, "== ", rest)) {
    script.steps.push_back({rest, {}, {}, {}, {}, general});
    return true;
  }
  if (script.steps.empty()) {
    if (IsAfter(line, "let ", rest)) return ReadPair(rest, script.lets);
    return IsAfter(line, "ignore ", rest) && ReadIgnored(rest, general);
  }
  Step& step = script.steps.back();
  if (step.words.empty()) return ReadRequest(line, step);
  if (IsAfter(line, "keep ", rest)) return ReadPair(rest, step.keep);
  if (IsAfter(line, "ignore ", rest)) return ReadIgnored(rest, step.ignore);
  step.body += (step.body.empty() ? "" : "\n") + line;
  return true;
}

}  // namespace

Result<Script> ParseScript(std::string name, std::string_view text) {
  Script script{std::move(name), {}, {}};
  std::vector<std::string> general;
  std::istringstream in{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (Trimmed(line).empty() || line.starts_with("#")) continue;
    if (!ReadLine(line, general, script)) {
      return Fail(ErrorKind::kInvalid,
                  script.name + ", line " + std::to_string(number) + ": cannot be read: " + line);
    }
  }
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    const Step& step = script.steps[i];
    const bool twice = std::ranges::count(script.steps, step.name, &Step::name) > 1;
    if (step.words.empty() || twice) {
      return Fail(ErrorKind::kInvalid, script.name + ": the step \"" + step.name + "\" " +
                                           (twice ? "is there twice" : "does nothing"));
    }
  }
  return script;
}

Result<std::vector<Script>> LoadScripts(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".script") files.push_back(entry.path());
  }
  if (error || files.empty()) return Fail(ErrorKind::kNotFound, folder + ": no scripts");
  std::ranges::sort(files);
  std::vector<Script> scripts;
  for (const auto& file : files) {
    std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    auto script = ParseScript(file.stem(), text.str());
    if (!script) return tl::unexpected(script.error());
    scripts.push_back(std::move(*script));
  }
  return scripts;
}

}  // namespace marea::testing::conformance
