#include "base/log.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <regex>
#include <thread>
#include <vector>

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

// The line without its time, which must look like one.
std::string Line(const std::string& text) {
  const std::regex format(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (.*)\n)");
  std::smatch match;
  REQUIRE(std::regex_match(text, match, format));
  return match[1];
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
  const std::regex line(R"([0-9T:.Z-]{24} INFO x value=y{200}\n)");
  CHECK(std::distance(std::sregex_iterator(text.begin(), text.end(), line), {}) == 400);
  CHECK(text.size() == 400 * (24 + std::string_view(" INFO x value=\n").size() + 200));
}
