#include "cli/complete.hpp"

#include <catch2/catch.hpp>

namespace marea::cli {

namespace {

struct Asked {
  CompletionScope scope;
  int times = 0;
};

std::string Completed(const std::vector<std::string>& words, Asked* asked = nullptr) {
  const auto list = [asked](std::vector<std::pair<std::string, std::string>> names) {
    return [asked, names](const CompletionScope& scope) {
      if (asked != nullptr) *asked = {scope, asked->times + 1};
      return names;
    };
  };
  return Complete(words, {.sessions = list({{"ada", "Ready"}, {"adele", "Stopped"}, {"grace", ""}}),
                          .classes = list({{"default", ""}, {"large", ""}})});
}

}  // namespace

TEST_CASE("completion offers what fits") {
  struct Row {
    std::vector<std::string> words;
    std::string offers;
  };
  const auto row = GENERATE(values<Row>({
      {{"why", "ad"}, "ada\tReady\nadele\tStopped\n:4\n"},
      {{"why", ""}, "ada\tReady\nadele\tStopped\ngrace\n:4\n"},
      {{"why", "ada", ""}, ":4\n"},
      {{"extend", "ada", "1"}, "1h\n1d\n:4\n"},
      {{"classes", ""}, "default\nlarge\n:4\n"},
      {{"classes", "default", ""}, "large\n:4\n"},
      {{"status", ""}, ":4\n"},
      {{"frobnicate", ""}, ":4\n"},
      {{"-o", ""}, "json\nyaml\nwide\n:4\n"},
      {{"top", "--by", "u"}, "user\n:4\n"},
      {{"top", "--by", ""}, "session\nuser\nproject\n:4\n"},
      {{"top", "--b"}, "--by\n:4\n"},
      {{"start", "--re"}, "--restart\n:4\n"},
      {{"why", "-n", "demo", "g"}, "grace\n:4\n"},
      {{"--kubeconfig", ""}, ":0\n"},
      {{"-n", ""}, ":4\n"},
  }));
  CHECK(Completed(row.words) == row.offers);
}

TEST_CASE("completion of nothing offers the commands with what they do") {
  const auto offers = GENERATE(Completed({}), Completed({""}), Completed({"-n", "demo", ""}));
  CHECK_THAT(offers, Catch::StartsWith("status\t"));
  CHECK_THAT(offers, Catch::Contains("\nlogs\t") && Catch::EndsWith(":4\n"));
}

TEST_CASE("names are looked for where the line says, and only when they are wanted") {
  Asked asked;
  Completed({"--context", "lab", "stop", "-n", "demo", "--kubeconfig=/tmp/k", ""}, &asked);
  CHECK(asked.times == 1);
  CHECK(asked.scope.context == "lab");
  CHECK(asked.scope.ns == "demo");
  CHECK(asked.scope.kubeconfig == "/tmp/k");
  asked = {};
  Completed({"st"}, &asked);
  Completed({"stop", "--wai"}, &asked);
  CHECK(asked.times == 0);
}

}  // namespace marea::cli
