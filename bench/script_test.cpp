#include "bench/script.hpp"

#include <catch2/catch.hpp>
#include <sstream>

namespace marea::bench {

namespace {

Result<std::vector<Chain>> Read(const std::string& text) {
  std::istringstream in(text);
  return ReadScript(in);
}

}  // namespace

TEST_CASE("a script has chains of stages of calls") {
  const auto chains = Read(
      "cv\tPATCH\t/one\tapplication/merge-patch+json\t{\"v\":\"@VERSION@\"}\n"
      "l\tPOST\t/event\tapplication/json\t{}\n"
      "s\tPOST\t/pod\tapplication/json\t{}\n"
      "c\tDELETE\t/two\t\t\n");
  REQUIRE(chains);
  REQUIRE(chains->size() == 2);
  const Chain& first = chains->front();
  REQUIRE(first.size() == 2);
  REQUIRE(first[0].size() == 2);
  CHECK(first[0][0].versioned);
  CHECK_FALSE(first[0][0].loose);
  CHECK(first[0][1].loose);
  CHECK(first[1][0].path == "/pod");
  CHECK(chains->back()[0][0].method == http::Method::kDelete);
  CHECK(chains->back()[0][0].body.empty());
}

TEST_CASE("a script that is none is refused with its line") {
  const auto broken = GENERATE("s\tGET\t/no-chain\t\t", "c\tFETCH\t/x\t\t", "c\tGET\t/x\t");
  const auto chains = Read(std::string("c\tGET\t/x\t\t\n") + broken);
  const bool begins_late = std::string(broken).starts_with('s');
  CHECK(chains.has_value() == begins_late);
  if (!begins_late) CHECK(chains.error().message.starts_with("line 2:"));
  CHECK_FALSE(Read(broken));
}

TEST_CASE("a body gets the version that was answered last") {
  const Call call{
      .method = http::Method::kPatch, .path = "/x", .content_type = "t", .body = "{\"v\":\"@VERSION@\"}"};
  CHECK(RequestOf(call, "17").body == "{\"v\":\"17\"}");
  CHECK(RequestOf(Call(), "17").body.empty());
}

}  // namespace marea::bench
