#include "cli/remedies.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace marea::cli {
namespace {

struct Documented {
  bool admitted;                 // in the table of those that have their place
  std::string reason, must_act;  // the last column of that table
};

// The rows of docs/troubles.md: `Reason`, `Other` | ... | ... |
std::vector<Documented> ReadPage() {
  std::ifstream file(std::string(MAREA_SOURCE_DIR) + "/docs/troubles.md");
  REQUIRE(file);
  std::vector<Documented> rows;
  bool admitted = false;
  std::string line;
  const std::regex reason("`(\\w+)`");
  while (std::getline(file, line)) {
    if (line.starts_with("## ")) admitted = line.find("has its place") != line.npos;
    if (!line.starts_with("| `")) continue;
    const std::string names = line.substr(0, line.find(" |", 2));
    const std::string last = line.substr(line.rfind("| ", line.size() - 2) + 2);
    for (std::sregex_iterator it(names.begin(), names.end(), reason), end; it != end; ++it)
      rows.push_back({admitted, (*it)[1], last.substr(0, last.size() - 2)});
  }
  return rows;
}

}  // namespace

TEST_CASE("every reason of docs/troubles.md has a remedy, and every remedy is of a reason there") {
  const auto rows = ReadPage();
  CHECK(rows.size() >= 50);
  std::set<std::pair<bool, std::string>> documented, known;
  for (const auto& row : rows) documented.emplace(row.admitted, row.reason);
  for (const auto& remedy : Remedies()) {
    const bool admitted = remedy.step > Step::kAdmitted;
    CHECK(known.emplace(admitted, std::string(remedy.reason)).second);  // once each
    CHECK(FindRemedy(remedy.reason, admitted) == &remedy);
    CHECK(remedy.text.size() > 20);
  }
  CHECK(documented == known);
}

TEST_CASE("who must act is who the page says") {
  int judged = 0;
  for (const auto& row : ReadPage()) {
    const auto* remedy = FindRemedy(row.reason, row.admitted);
    if (remedy == nullptr) continue;
    INFO(row.reason << ": " << row.must_act);
    if (row.must_act == "yes") CHECK(remedy->who != Who::kNobody);
    if (row.must_act == "no") CHECK(remedy->who == Who::kNobody);
    judged += row.must_act == "yes" || row.must_act == "no" ? 1 : 0;
  }
  CHECK(judged > 20);
}

TEST_CASE("a reason nobody knows has no remedy") {
  CHECK(FindRemedy("MoonPhase", true) == nullptr);
  CHECK(FindRemedy("NoFreeDevice", true) == nullptr);
  CHECK(FindRemedy("", false) == nullptr);
  CHECK(StopRemedy("").empty());
}

TEST_CASE("the session's name stands in each command") {
  CHECK(Addressed("do SESSION, then SESSION.", "ada") == "do ada, then ada.");
  CHECK(Addressed("nothing", "ada") == "nothing");
  CHECK(Addressed("SESSION", "SESSION") == "SESSION");
}

}  // namespace marea::cli
