#include "cli/options.hpp"

#include <catch2/catch.hpp>

#include "cli/exit_code.hpp"

namespace marea::cli {

namespace {

struct Parsed {
  bool runs;
  int exit_code;
  Options options;
};

Parsed Parse(std::vector<const char*> words) {
  words.insert(words.begin(), "kubectl-marea");
  Parsed parsed{.runs = false, .exit_code = -1, .options = {}};
  parsed.runs = ParseOptions(static_cast<int>(words.size()), words.data(), parsed.options, parsed.exit_code);
  return parsed;
}

}  // namespace

TEST_CASE("each command is known by its name") {
  for (const auto& row : CommandRows()) {
    std::vector<const char*> words{row.name};
    if (row.takes_session) words.push_back("ada");
    if (row.command == Command::kExtend) words.push_back("2h");
    const auto parsed = Parse(words);
    INFO(row.name);
    REQUIRE(parsed.runs);
    CHECK(parsed.options.command == row.command);
    CHECK(parsed.options.session == (row.takes_session ? "ada" : ""));
  }
}

TEST_CASE("what is common may stand before and behind the command") {
  const auto options = GENERATE(
      Parse({"-n", "demo", "--context", "lab", "--kubeconfig", "k", "-o", "json", "why", "ada"}).options,
      Parse({"why", "ada", "-n", "demo", "--context=lab", "--kubeconfig=k", "-ojson"}).options);
  CHECK(options.ns == "demo");
  CHECK(options.context == "lab");
  CHECK(options.kubeconfig == "k");
  CHECK(options.output == Output::kJson);
  CHECK(options.session == "ada");
}

TEST_CASE("each command has its own") {
  CHECK(Parse({"extend", "ada", "1h30m"}).options.by == std::chrono::minutes(90));
  CHECK(Parse({"start", "ada", "--restart"}).options.restart);
  const auto waits = Parse({"stop", "ada", "--wait", "--timeout", "30s"}).options;
  CHECK(waits.wait);
  CHECK(waits.timeout == std::chrono::seconds(30));
  CHECK(Parse({"top", "--by", "user", "-A"}).options.top_by == TopBy::kUser);
  CHECK(Parse({"top", "--by", "project"}).options.top_by == TopBy::kProject);
  CHECK(Parse({"top"}).options.top_by == TopBy::kSession);
  CHECK(Parse({"status", "--all-namespaces"}).options.all_namespaces);
  CHECK(Parse({"classes", "a", "b"}).options.classes == std::vector<std::string>{"a", "b"});
  CHECK(Parse({"open", "ada", "--browser"}).options.browser);
  const auto logs = Parse({"logs", "ada", "-f", "-p", "--tail", "5"}).options;
  CHECK((logs.follow && logs.previous && logs.tail == 5));
}

TEST_CASE("help is no error, with a command or without") {
  const auto words =
      GENERATE(values<std::vector<const char*>>({{}, {"--help"}, {"why", "--help"}, {"--version"}}));
  const auto parsed = Parse(words);
  CHECK_FALSE(parsed.runs);
  CHECK(parsed.exit_code == Exit::kDone);
}

TEST_CASE("a wrong command line is refused with its own exit code") {
  const auto words = GENERATE(values<std::vector<const char*>>({{"frobnicate"},
                                                                {"why"},
                                                                {"why", "ada", "grace"},
                                                                {"why", "ada", "-A"},
                                                                {"extend", "ada"},
                                                                {"extend", "ada", "soon"},
                                                                {"extend", "ada", "0"},
                                                                {"start", "ada", "--timeout", "x"},
                                                                {"status", "-o", "xml"},
                                                                {"top", "--by", "colour"},
                                                                {"logs", "ada", "--tail", "-1"},
                                                                {"status", "--frobnicate"}}));
  const auto parsed = Parse(words);
  CHECK_FALSE(parsed.runs);
  CHECK(parsed.exit_code == Exit::kUsage);
}

TEST_CASE("exit codes of the API server's answers") {
  const auto [kind, code] = GENERATE(table<ErrorKind, int>({{ErrorKind::kNotFound, 3},
                                                            {ErrorKind::kForbidden, 4},
                                                            {ErrorKind::kUnavailable, 5},
                                                            {ErrorKind::kTimeout, 5},
                                                            {ErrorKind::kThrottled, 5},
                                                            {ErrorKind::kInvalid, 1},
                                                            {ErrorKind::kConflict, 1},
                                                            {ErrorKind::kInternal, 1}}));
  CHECK(ExitCodeOf(kind) == code);
}

}  // namespace marea::cli
