#include "json/paths.hpp"

#include <catch2/catch.hpp>

#include "json/sample_test.hpp"

using namespace marea;
using json::Field;

namespace {

struct Sheet {
  std::string title;
  json::Device first;
  std::vector<Result<json::Device>> results;
  std::vector<std::vector<std::int64_t>> table;
  std::map<std::string, std::map<std::string, bool>> switches;
  std::optional<std::map<std::string, Quantity>> amounts;
  static constexpr auto Fields() {
    return std::tuple(Field{"title", &Sheet::title}, Field{"first", &Sheet::first},
                      Field{"results", &Sheet::results}, Field{"table", &Sheet::table},
                      Field{"switches", &Sheet::switches}, Field{"amounts", &Sheet::amounts});
  }
};

}  // namespace

TEST_CASE("the paths of a table are those of its leaves", "[json]") {
  CHECK(json::Paths<Sheet>() == std::vector<std::string>{"title", "first.className", "first.count",
                                                         "results[].className", "results[].count",
                                                         "table[][]", "switches{}{}", "amounts{}"});
  CHECK(json::Paths<std::vector<Sheet>>().front() == "[].title");
}
