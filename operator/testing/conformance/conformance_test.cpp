// The fake answers as the real API server did when the golden files were recorded; that these are true, the
// end-to-end suite tries (e2e/suites/test_conformance.py).
#include <catch2/catch.hpp>

#include "testing/conformance/fake_server.hpp"
#include "testing/conformance/golden.hpp"

namespace marea::testing::conformance {
namespace {

const std::string kFolder = std::string(MAREA_SOURCE_DIR) + "/operator/testing/conformance";
const std::string kCrds = std::string(MAREA_SOURCE_DIR) + "/crds";
const std::string kId = "q7fake";

TEST_CASE("conformance: the fake answers every script as the real API server does") {
  const auto scripts = LoadScripts(kFolder);
  REQUIRE(scripts);
  std::size_t steps = 0;
  for (const Script& script : *scripts) {
    FakeServer server(kCrds, NamespaceOf(script, kId));
    const auto golden = ReadGolden(kFolder, script);
    REQUIRE(golden);
    for (const Difference& difference : Differences(*golden, Replay(script, server, kId))) {
      FAIL_CHECK(script.name << "\n" << ToString(difference));
    }
    steps += script.steps.size();
  }
  CHECK(steps >= 120);
}

TEST_CASE("conformance: a server that answers otherwise is found out, step by step") {
  const auto differences =
      Differences("== a\n200\n  kind: x\n== b\n404\n", "== a\n200\n  kind: y\n== c\n200\n");
  REQUIRE(differences.size() == 3);
  CHECK(ToString(differences[0]) == "== a\n-   kind: x\n+   kind: y\n");
  CHECK(differences[1].step == "b");
  CHECK(differences[2].step == "c");
}

TEST_CASE("conformance: a script that cannot be read is refused with its line") {
  CHECK_FALSE(ParseScript("s", "== a\nGET /x y z\n"));
  CHECK_FALSE(ParseScript("s", "== a\n== b\nGET /x\n"));
  CHECK_FALSE(ParseScript("s", "== a\nGET /x\n== a\nGET /x\n"));
  const auto script =
      ParseScript("s", "let p = /x\n# said\n== a\nPATCH {p} as text/x; q\n{}\nkeep n = a.b\nignore c: so\n");
  REQUIRE(script);
  CHECK(script->steps[0].content_type == "text/x; q");
  CHECK(script->steps[0].body == "{}");
  CHECK(script->steps[0].ignore == std::vector<std::string>{"c"});
}

}  // namespace
}  // namespace marea::testing::conformance
