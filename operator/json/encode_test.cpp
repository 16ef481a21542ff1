#include "json/encode.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "json/sample_test.hpp"

using namespace marea;
using json::Device;
using json::Encode;
using json::Field;
using json::MergePatchJson;
using json::Sample;

namespace {

struct Text {
  std::string text;
  static constexpr auto Fields() { return std::tuple(Field{"t", &Text::text}); }
};

struct Outer {
  Device plain;
  std::optional<Device> maybe;
  std::vector<Device> list;
  std::map<std::string, Device> map;
  static constexpr auto Fields() {
    return std::tuple(Field{"plain", &Outer::plain}, Field{"maybe", &Outer::maybe},
                      Field{"list", &Outer::list}, Field{"map", &Outer::map});
  }
};

std::string EncodeText(std::string text) {
  return Encode(Text{std::move(text)});
}

}  // namespace

TEST_CASE("what is empty is left out, numbers and flags never are", "[json]") {
  CHECK(Encode(Sample{}) ==
        R"({"flag":false,"number":0,"time":"1970-01-01T00:00:00Z","quantity":"0","color":"Red"})");
  CHECK(Encode(Outer{}) == "{}");
}

TEST_CASE("an engaged optional is always written", "[json]") {
  Sample s;
  s.maybe_text = "";
  s.maybe_flag = false;
  s.maybe_device = Device{};
  s.maybe_list.emplace();
  CHECK(Encode(s) == R"({"flag":false,"number":0,"time":"1970-01-01T00:00:00Z","quantity":"0","color":"Red",)"
                     R"("maybeText":"","maybeFlag":false,"maybeDevice":{},"maybeList":[]})");
}

TEST_CASE("elements of lists and maps are always written", "[json]") {
  Outer outer;
  outer.list = {{}, {"t4", 1}};
  outer.map = {{"b", {}}, {"a", {"x", {}}}};
  CHECK(Encode(outer) ==
        R"({"list":[{},{"className":"t4","count":1}],"map":{"a":{"className":"x"},"b":{}}})");
  Sample s;
  s.list = {"", "x"};
  s.table = {{}, {1, 2}};
  CHECK(Encode(s).find(R"("list":["","x"],"table":[[],[1,2]])") != std::string::npos);
}

TEST_CASE("a result list is written without its errors", "[json]") {
  std::vector<Result<Device>> list;
  list.emplace_back(Device{"a", 1});
  list.emplace_back(Fail(ErrorKind::kInvalid, "no"));
  list.emplace_back(Device{"b", 2});
  CHECK(Encode(list) == R"([{"className":"a","count":1},{"className":"b","count":2}])");
}

TEST_CASE("times are written to the second, or to the microsecond when they have a fraction", "[json]") {
  Sample s;
  s.time = *ParseTime("2026-11-21T09:00:00Z");
  s.maybe_time = *ParseTime("2026-11-21T09:00:00.000001Z");
  const std::string text = Encode(s);
  CHECK(text.find(R"("time":"2026-11-21T09:00:00Z")") != std::string::npos);
  CHECK(text.find(R"("maybeTime":"2026-11-21T09:00:00.000001Z")") != std::string::npos);
}

TEST_CASE("strings are escaped as RFC 8259 says", "[json]") {
  CHECK(EncodeText("a\"b\\c/d") == R"({"t":"a\"b\\c/d"})");
  CHECK(EncodeText("\b\f\n\r\t") == R"({"t":"\b\f\n\r\t"})");
  CHECK(EncodeText(std::string("\0\x01\x1f\x7f", 4)) == "{\"t\":\"\\u0000\\u0001\\u001f\x7f\"}");
  CHECK(EncodeText("é 日本 😀") == "{\"t\":\"é 日本 😀\"}");
  CHECK(EncodeText("\xFF"
                   "a\xE2\x82") ==
        "{\"t\":\"\xEF\xBF\xBD"
        "a\xEF\xBF\xBD\xEF\xBF\xBD\"}");
}

TEST_CASE("any bytes become a string that a strict parser reads", "[json]") {
  std::mt19937_64 random(23);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes;
    for (std::size_t size = 1 + random() % 12; size > 0; --size) bytes += static_cast<char>(random());
    const auto parsed = nlohmann::json::parse(EncodeText(bytes), nullptr, false);
    REQUIRE(parsed.is_object());
    if (std::all_of(bytes.begin(), bytes.end(), [](char c) { return c >= 0; })) {
      REQUIRE(parsed["t"].get<std::string>() == bytes);
    }
  }
}

TEST_CASE("a merge patch says only what differs", "[json]") {
  const auto [from, to, patch] = GENERATE(table<std::string, std::string, std::string>({
      {"{}", "{}", ""},
      {R"({"a":1,"b":{"c":[1]}})", R"({"b":{"c":[1]},"a":1})", ""},
      {R"({"a":1})", R"({"a":2})", R"({"a":2})"},
      {R"({"a":1,"b":2})", R"({"b":2})", R"({"a":null})"},
      {R"({"b":2})", R"({"a":{"x":{}},"b":2})", R"({"a":{"x":{}}})"},
      {R"({"a":{"b":{"c":1,"d":2}}})", R"({"a":{"b":{"c":1}}})", R"({"a":{"b":{"d":null}}})"},
      {R"({"a":[1,2,3]})", R"({"a":[1,2]})", R"({"a":[1,2]})"},
      {R"({"a":[{"b":1}]})", R"({"a":{"b":1}})", R"({"a":{"b":1}})"},
      {R"({"a":{"b":1}})", R"({"a":{}})", R"({"a":{"b":null}})"},
      {R"({"a":{"b":1}})", R"({"a":"x"})", R"({"a":"x"})"},
      {R"({"z":1,"a":1})", R"({"z":2,"a":2})", R"({"a":2,"z":2})"},
      {R"({"a":"é"})", R"({"a":"\u0000日"})", "{\"a\":\"\\u0000日\"}"},
  }));
  CAPTURE(from, to);
  CHECK(MergePatchJson(from, to) == patch);
}

TEST_CASE("a merge patch of structs clears what is gone", "[json]") {
  Outer from, to;
  from.plain = {"a100", 1};
  from.map = {{"x", {}}};
  to.plain = {"a100", 2};
  to.maybe = Device{};
  CHECK(json::MergePatch(from, to) == R"({"map":null,"maybe":{},"plain":{"count":2}})");
  CHECK(json::MergePatch(to, to).empty());
}
