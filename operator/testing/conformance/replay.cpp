#include "testing/conformance/replay.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "testing/conformance/mask.hpp"

namespace marea::testing::conformance {

namespace {

using Json = nlohmann::json;

constexpr int kTries = 600;  // of UNTIL

http::Method MethodOf(const std::string& verb) {
  if (verb == "POST") return http::Method::kPost;
  if (verb == "PUT") return http::Method::kPut;
  if (verb == "PATCH") return http::Method::kPatch;
  if (verb == "DELETE") return http::Method::kDelete;
  return http::Method::kGet;
}

std::string TextAt(const Json& json, const std::string& path) {
  std::string pointer = "/" + path;
  for (char& c : pointer) {
    if (c == '.') c = '/';
  }
  const Json::json_pointer at(pointer);
  if (!json.contains(at)) return "<nothing at " + path + ">";
  return json[at].is_string() ? json[at].get<std::string>() : json[at].dump();
}

class Run {
 public:
  Run(const Script& script, Server& server, const std::string& id) : server_(server), mask_(id) {
    values_ = {{"id", id}, {"ns", NamespaceOf(script, id)}};
    values_["huge"] = std::string(3'200'000, 'x');
    values_["deep"] = std::string(20'000, '[') + std::string(20'000, ']');
    values_["long"] = std::string(70, 'x');
    values_["label"] = std::string(63, 'x');
    for (const auto& [name, value] : script.lets) values_[name] = Filled(value);
  }

  std::string Do(const Step& step) {
    const std::string& verb = step.words[0];
    if (verb == "WATCH") return Watch(step);
    if (verb == "SEE") return See(step);
    if (verb == "BOOKMARK") return Bookmark(step);
    if (verb == "SILENT") return Silent(step);
    if (verb == "UNTIL") return Until(step);
    if (verb == "COMPACT") return server_.Compact() ? "done\n" : "cannot be done\n";
    const http::Response response = server_.Send({MethodOf(verb), Filled(step.words[1]), Filled(step.body),
                                                  step.body.empty() ? "" : step.content_type});
    return Answer(step, response);
  }

 private:
  std::string Filled(std::string text) const {
    std::string filled;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end =
          text[at] == '{' ? text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at + 1) : std::string::npos;
      if (end != std::string::npos && end > at + 1 && text[end] == '}') {
        const auto found = values_.find(text.substr(at + 1, end - at - 1));
        filled += found == values_.end() ? "<never kept>" : found->second;
        at = end + 1;
      } else {
        filled += text[at++];
      }
    }
    return filled;
  }

  std::string Answer(const Step& step, const http::Response& response) {
    std::string said = std::to_string(response.status) + "\n";
    if (const auto warning = response.headers.find("warning");
        warning != response.headers.end() && std::ranges::count(step.ignore, "warning") == 0) {
      said += "  warning: " + mask_.Text(warning->second) + "\n";
    }
    const Json body = Json::parse(response.body, nullptr, false);
    if (body.is_discarded()) return said + "  no JSON\n";
    for (const auto& [name, path] : step.keep) values_[name] = TextAt(body, path);
    return said + mask_.Lines(body, step.ignore);
  }

  std::string Watch(const Step& step) {
    const auto opened = server_.Open({http::Method::kGet, Filled(step.words[2]), "", ""});
    if (const auto* refusal = std::get_if<http::Response>(&opened)) return Answer(step, *refusal);
    watches_[step.words[1]] = std::get<int>(opened);
    return "200\n";
  }

  std::string Line(const Step& step, const std::string& line) {
    const Json event = Json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("object")) return "no event: " + line + "\n";
    const Json& object = event["object"];
    for (const auto& [name, path] : step.keep) values_[name] = TextAt(object, path);
    return event.value("type", "") + "\n" + mask_.Lines(object, step.ignore);
  }

  static bool IsBookmark(const std::string& line) { return line.find(R"("type":"BOOKMARK")") < 10; }
  static bool EndsInitialEvents(const std::string& line) {
    return line.find("initial-events-end") != std::string::npos;
  }

  std::string See(const Step& step) {
    std::string said;
    for (int left = std::stoi(step.words[2]); left > 0; --left) {
      auto line = server_.Next(watches_[step.words[1]], Server::Wait::kEvent);
      while (line && IsBookmark(*line) && !EndsInitialEvents(*line)) {
        line = server_.Next(watches_[step.words[1]], Server::Wait::kEvent);
      }
      if (!line) return said + "nothing came\n";
      said += Line(step, *line);
    }
    return said;
  }

  std::string Bookmark(const Step& step) {
    const auto line = server_.Next(watches_[step.words[1]], Server::Wait::kBookmark);
    return line ? Line(step, *line) : "nothing came\n";
  }

  std::string Silent(const Step& step) {
    std::string said;
    while (const auto line = server_.Next(watches_[step.words[1]], Server::Wait::kNone)) {
      if (!IsBookmark(*line)) said += Line(step, *line);
    }
    return said.empty() ? "nothing\n" : said;
  }

  std::string Until(const Step& step) {
    const int wanted = std::stoi(step.words[1]);
    for (int i = 0; i < kTries; ++i) {
      const auto response = server_.Send({http::Method::kGet, Filled(step.words[2]), "", ""});
      const bool says = step.words.size() < 4 || response.body.find(step.words[3]) != std::string::npos;
      if (response.status == wanted && says) return step.words[1] + "\n";
      server_.Pause();
    }
    return "never\n";
  }

  Server& server_;
  Mask mask_;
  std::map<std::string, std::string> values_;
  std::map<std::string, int> watches_;
};

}  // namespace

std::string NamespaceOf(const Script& script, const std::string& id) {
  return script.name + "-" + id;
}

std::string Replay(const Script& script, Server& server, const std::string& id) {
  Run run(script, server, id);
  std::string transcript;
  for (const Step& step : script.steps) transcript += "== " + step.name + "\n" + run.Do(step);
  return transcript;
}

}  // namespace marea::testing::conformance
