#include "base/log.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <thread>
#include <vector>

#include "base/time.hpp"

using namespace marea;

namespace {

// What `act` writes to file descriptor 2.
template <class Act>
std::string Stderr(Act act) {
  std::FILE* file = std::tmpfile();
  const int saved = dup(2);
  dup2(fileno(file), 2);
  act();
  dup2(saved, 2);
  close(saved);
  std::string text;
  std::rewind(file);
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

// The only line of `text`, without its time, which must be one with milliseconds.
std::string Line(const std::string& text) {
  constexpr std::size_t kTime = std::string_view("2026-11-21T09:00:00.123Z").size();
  CAPTURE(text);
  REQUIRE(text.find('\n') == text.size() - 1);
  REQUIRE(text.size() > kTime + 1);
  REQUIRE(ParseTime(text.substr(0, kTime)));
  REQUIRE(text[kTime] == ' ');
  return text.substr(kTime + 1, text.size() - kTime - 2);
}

}  // namespace

TEST_CASE("a line has a time, a level, a message and its pairs", "[log]") {
  CHECK(Line(Stderr([] { log::Info("session admitted", {{"key", "team-a/ada"}, {"node", "a100-0"}}); })) ==
        "INFO session admitted key=team-a/ada node=a100-0");
  CHECK(Line(Stderr([] { log::Warn("late"); })) == "WARN late");
  CHECK(Line(Stderr([] { log::Error("{} %s"); })) == "ERROR {} %s");
}

TEST_CASE("a value cannot forge a line, a pair or a colour, nor fill the disk", "[log]") {
  CHECK(Line(Stderr([] {
          log::Info("x",
                    {{"a", "one two"}, {"b", ""}, {"c", "p=q"}, {"d", "say \"hi\""}, {"e", "l1\nl2\x1b[0m"}});
        })) == R"(INFO x a="one two" b="" c="p=q" d="say \"hi\"" e="l1\nl2\u001b[0m")");
  CHECK(Line(Stderr([] { log::Info("x", {{"a", std::string(512, 'y')}}); })) ==
        "INFO x a=" + std::string(512, 'y'));
  CHECK(Line(Stderr([] { log::Info("x", {{"a", std::string(513, 'y')}}); })) ==
        "INFO x a=\"" + std::string(512, 'y') + "…\"");
}

TEST_CASE("as JSON a line is one object, whatever is in it", "[log]") {
  log::SetFormat(log::Format::kJson);
  const auto text = Stderr([] {
    log::Warn("an \"odd\" one",
              {{"key", "team-a/ada"}, {"said", "l1\nl2\x1b[0m \xff\\"}, {"long", std::string(600, 'y')}});
  });
  log::SetFormat(log::Format::kText);
  constexpr std::size_t kTime = std::string_view("{\"time\":\"2026-11-21T09:00:00.123Z\"").size();
  CHECK(ParseTime(text.substr(9, 24)));
  CHECK(
      text.substr(kTime) ==
      R"(,"level":"WARN","message":"an \"odd\" one","key":"team-a/ada","said":"l1\nl2\u001b[0m �\\","long":")" +
          std::string(512, 'y') + "…\"}\n");
}

TEST_CASE("what is below the level is not written", "[log]") {
  CHECK_FALSE(log::Enabled(log::Level::kDebug));
  CHECK(Stderr([] { log::Debug("hidden"); }).empty());
  log::SetLevel(log::Level::kDebug);
  CHECK(Line(Stderr([] { log::Debug("shown"); })) == "DEBUG shown");
  log::SetLevel(log::Level::kError);
  CHECK(Stderr([] { log::Warn("hidden"); }).empty());
  log::SetLevel(log::Level::kInfo);
}

TEST_CASE("lines of several threads do not mix", "[log]") {
  const std::string text = Stderr([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 100; ++i) log::Info("x", {{"value", std::string(200, 'y')}});
      });
    }
    for (auto& thread : threads) thread.join();
  });
  int lines = 0;
  for (std::string_view rest = text; !rest.empty(); ++lines) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    REQUIRE(Line(std::string(line)) == "INFO x value=" + std::string(200, 'y'));
    rest.remove_prefix(line.size());
  }
  CHECK(lines == 400);
}

TEST_CASE("a sink takes the lines in place of stderr until it is taken away") {
  std::vector<std::string> lines;
  log::SetSink([&](log::Level level, std::string_view message, auto pairs) {
    lines.push_back(log::Line(level, message, pairs));
  });
  const auto said = Stderr([] { log::Warn("late", {{"key", "lab/ada"}, {"why", "no answer"}}); });
  log::SetSink({});
  CHECK(said.empty());
  CHECK(lines == std::vector<std::string>{"WARN late key=lab/ada why=\"no answer\""});
  CHECK(Line(Stderr([] { log::Info("back"); })) == "INFO back");
}
