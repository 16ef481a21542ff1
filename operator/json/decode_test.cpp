#include "json/decode.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "json/sample_test.hpp"

using namespace marea;
using json::Decode;
using json::Field;
using json::Sample;

namespace {

const std::string kFull = R"({
  "text": "caf\u00e9 \ud83d\ude00 \"quoted\"\n", "flag": true, "number": -9223372036854775808,
  "time": "2026-11-21T10:00:00.5+01:00", "quantity": "1500m", "wish": "Stopped", "color": "Green",
  "device": {"className": "a100", "count": 2},
  "maybeText": "", "maybeFlag": false, "maybeTime": "1970-01-01T00:00:00Z", "maybeDevice": {}, "maybeList": [],
  "list": ["a", "b"], "devices": [{"className": "t4"}, {}], "table": [[1, 2], [], [3]],
  "labels": {"app.kubernetes.io/name": "x", "": "empty"}, "amounts": {"cpu": 2, "memory": "4Gi", "rate": 1.5e3},
  "pools": {"p": [{"count": 1}]}, "switches": {"s": {"on": true, "off": false}},
  "tree": {"name": "root", "children": [{"name": "leaf"}]}
})";

Sample FullSample() {
  Sample s;
  s.text = "café 😀 \"quoted\"\n";
  s.flag = true;
  s.number = std::numeric_limits<std::int64_t>::min();
  s.time = *ParseTime("2026-11-21T09:00:00.5Z");
  s.quantity = Quantity::FromMilli(1500);
  s.wish = json::Wish::kStopped;
  s.color = json::Color::kGreen;
  s.device = {"a100", 2};
  s.maybe_text = "";
  s.maybe_flag = false;
  s.maybe_time = Time{};
  s.maybe_device = json::Device{};
  s.maybe_list.emplace();
  s.list = {"a", "b"};
  s.devices = {{"t4", {}}, {}};
  s.table = {{1, 2}, {}, {3}};
  s.labels = {{"app.kubernetes.io/name", "x"}, {"", "empty"}};
  s.amounts = {{"cpu", Quantity::FromUnits(2)},
               {"memory", Quantity::FromUnits(4LL << 30)},
               {"rate", Quantity::FromUnits(1500)}};
  s.pools = {{"p", {{"", 1}}}};
  s.switches = {{"s", {{"on", true}, {"off", false}}}};
  s.tree = {"root", {{"leaf", {}}}};
  return s;
}

std::string ErrorOf(std::string_view text) {
  const auto got = Decode<Sample>(text);
  if (got) return "decoded";
  CHECK(got.error().kind == ErrorKind::kInvalid);
  return got.error().message;
}

}  // namespace

TEST_CASE("every type of member is decoded", "[json]") {
  const auto got = Decode<Sample>(kFull);
  REQUIRE(got);
  CHECK(*got == FullSample());
}

TEST_CASE("what is absent, null or unknown leaves the member as it was", "[json]") {
  CHECK(Decode<Sample>("{}") == Sample{});
  CHECK(Decode<Sample>(R"({"later": {"deep": [1, {"text": "no"}]}, "text": "yes", "Text": "no"})")->text ==
        "yes");
  CHECK(Decode<Sample>(
            R"({"text": null, "flag": null, "number": null, "time": null, "quantity": null, "wish": null,
      "device": null, "maybeText": null, "maybeDevice": null, "list": null, "labels": null,
      "tree": {"name": null, "children": null}})") == Sample{});
  CHECK(Decode<Sample>(
            R"({"list": ["a", null, "b"], "labels": {"a": "1", "b": null}, "device": {"count": null}})") ==
        [] {
          Sample s;
          s.list = {"a", "b"};
          s.labels = {{"a", "1"}};
          return s;
        }());
}

TEST_CASE("a wrong type is refused with its path and what stands there", "[json]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {R"({"text": 1})", "text: expected a string, got 1"},
      {R"({"text": {}})", "text: expected a string, got an object"},
      {R"({"flag": "true"})", "flag: expected true or false, got \"true\""},
      {R"({"flag": 1})", "flag: expected true or false, got 1"},
      {R"({"flag": truer})", "flag: expected true or false, got truer"},
      {R"({"number": "1"})", "number: expected a 64-bit integer, got \"1\""},
      {R"({"number": 1.5})", "number: expected a 64-bit integer, got 1.5"},
      {R"({"number": 9223372036854775808})", "number: expected a 64-bit integer, got 9223372036854775808"},
      {R"({"number": -9223372036854775809})", "number: expected a 64-bit integer, got -9223372036854775809"},
      {R"({"number": true })", "number: expected a 64-bit integer, got true"},
      {R"({"number": [1]})", "number: expected a 64-bit integer, got a list"},
      {R"({"number": nul})", "number: expected a 64-bit integer, got nul"},
      {R"({"time": "yesterday"})", "time: expected a time like 2026-11-21T09:00:00Z, got \"yesterday\""},
      {R"({"time": 0})", "time: expected a time, got 0"},
      {R"({"quantity": "much"})", "quantity: expected a quantity like 500m, 2 or 4Gi, got \"much\""},
      {R"({"quantity": false})", "quantity: expected a quantity, got false"},
      {R"({"quantity": 1e99})", "quantity: quantity out of range or with too many digits: \"1e99\""},
      {R"({"wish": "Paused"})", "wish: expected one of Running Stopped, got \"Paused\""},
      {R"({"wish": 1})", "wish: expected one of Running Stopped, got 1"},
      {R"({"color": ""})", "color: expected one of Red Green, got \"\""},
      {R"({"device": []})", "device: expected an object, got a list"},
      {R"({"device": {"count": "2"}})", "device.count: expected a 64-bit integer, got \"2\""},
      {R"({"maybeDevice": {"className": 2}})", "maybeDevice.className: expected a string, got 2"},
      {R"({"list": "a"})", "list: expected a list, got \"a\""},
      {R"({"list": {"a": 1}})", "list: expected a list, got an object"},
      {R"({"list": ["a", null, 3]})", "list[2]: expected a string, got 3"},
      {R"({"devices": [{}, {"count": 1.0}]})", "devices[1].count: expected a 64-bit integer, got 1.0"},
      {R"({"table": [[1], [2, "x"]]})", "table[1][1]: expected a 64-bit integer, got \"x\""},
      {R"({"labels": ["a"]})", "labels: expected an object, got a list"},
      {R"({"labels": {"a\nb": 1}})", "labels[\"a\\nb\"]: expected a string, got 1"},
      {R"({"amounts": {"cpu": ""}})", "amounts[\"cpu\"]: expected a quantity like 500m, 2 or 4Gi, got \"\""},
      {R"({"pools": {"p": [{"count": "1"}]}})",
       "pools[\"p\"][0].count: expected a 64-bit integer, got \"1\""},
      {R"({"text": "a", "text": "b"})", "text: given twice"},
      {R"({"device": {"count": 1, "className": "x", "count": 1}})", "device.count: given twice"},
      {R"({"labels": {"a": "1", "a": "2"}})", "labels[\"a\"]: given twice"},
      {R"({"text": "\u001b[31m \" 日本", "number": "\u001b[31m\n"})",
       "number: expected a 64-bit integer, got \"\\u001b[31m\\n\""},
      {"[]", "expected an object, got a list"},
      {"null", "expected an object or a list, got \"null\""},
      {"\"text\"", "expected an object or a list, got \"\\\"text\\\"\""},
  }));
  CAPTURE(text);
  CHECK(ErrorOf(text) == message);
}

TEST_CASE("long text from outside is cut in messages", "[json]") {
  CHECK(ErrorOf(R"({"time": ")" + std::string(100000, 'x') + "\"}").size() < 200);
  CHECK(ErrorOf(R"({"number": )" + std::string(100000, '9') + "}").size() < 200);
  CHECK(ErrorOf(std::string(100000, 'x')).size() < 200);
}

TEST_CASE("text that is not one JSON document is refused", "[json]") {
  const std::string text =
      GENERATE(as<std::string>{}, "", " ", "{", "}", "{]", "[}", R"({"text")", R"({"text":)", R"({"text":})",
               R"({"text" "a"})", R"({"text":"a",})", R"({"text":"a" "flag":true})", R"({text:"a"})",
               R"({"text":"a"}})", R"({"text":"a"}{})", R"({"text":"a"} x)", R"({"text":"\q"})",
               R"({"text":"\ud800"})", "{\"text\":\"\xFF\"}", "{\"text\":\"a\nb\"}", R"({"list":["a" "b"]})",
               R"({"list":["a",]})", R"({"list":[,]})", R"({"labels":{"a"}})", R"({"labels":{,}})");
  CAPTURE(text);
  CHECK(ErrorOf(text) != "decoded");
}

TEST_CASE("no beginning of a document is taken for the whole", "[json]") {
  for (std::size_t size = 0; size < kFull.size(); ++size) {
    CAPTURE(size);
    REQUIRE_FALSE(Decode<Sample>(std::string_view(kFull).substr(0, size)));
  }
}

TEST_CASE("no damaged document crashes the decoder", "[json]") {
  std::mt19937_64 random(17);
  const std::string interesting = "{}[]\",:\\0-1etfn \n\x80\xFF";
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = kFull;
    for (std::size_t damage = 1 + random() % 3; damage > 0; --damage) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = interesting[random() % interesting.size()];
          break;
        case 1:
          text.erase(at, 1 + random() % 8);
          break;
        default:
          text.insert(at, 1, interesting[random() % interesting.size()]);
      }
    }
    refused += Decode<Sample>(text) ? 0 : 1;
  }
  CHECK(refused > 10000);
}

TEST_CASE("a short text cannot ask for more memory than a real one of its length", "[json]") {
  const auto repeated = [](const std::string& before, const std::string& element, const std::string& after) {
    std::string text = before;
    for (int i = 0; i < 50000; ++i) text += element;
    return text + after;
  };
  CHECK(ErrorOf(repeated(R"({"devices":[)", "{},", "{}]}")).find("too many elements") != std::string::npos);
  CHECK(ErrorOf(repeated(R"({"list":[)", R"("",)", "\"\"]}")).find("too many elements") != std::string::npos);
  CHECK(Decode<Sample>(R"({"devices":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]})"));
  CHECK(Decode<Sample>(repeated(R"({"devices":[)", R"({"className":"a100","count":1},)", "{}]}")));
}

TEST_CASE("a document nested without end is refused, not followed", "[json]") {
  const auto nest = [](int depth) {
    std::string text = R"({"tree":)";
    for (int i = 0; i < depth; ++i) text += R"({"children":[)";
    text += "{}";
    for (int i = 0; i < depth; ++i) text += "]}";
    return text + "}";
  };
  CHECK(Decode<Sample>(nest(20)));
  CHECK(ErrorOf(nest(100000)).find("nested too deep") != std::string::npos);
  // What nobody asked for may be as deep as it likes.
  CHECK(Decode<Sample>("{\"other\":" + std::string(100000, '[') + std::string(100000, ']') + "}"));
}

namespace {

struct Meta {
  std::string name, resource_version;
  static constexpr auto Fields() {
    return std::tuple(Field{"name", &Meta::name}, Field{"resourceVersion", &Meta::resource_version});
  }
};

struct Thing {
  Meta metadata;
  std::vector<std::int64_t> sizes;
  json::Device device;
  static constexpr auto Fields() {
    return std::tuple(Field{"metadata", &Thing::metadata}, Field{"sizes", &Thing::sizes},
                      Field{"device", &Thing::device});
  }
};

struct Page {
  Meta metadata;
  std::vector<Result<Thing>> items;
  static constexpr auto Fields() {
    return std::tuple(Field{"metadata", &Page::metadata}, Field{"items", &Page::items});
  }
};

std::vector<std::string> NamesAndErrors(const Page& page) {
  std::vector<std::string> texts;
  for (const auto& item : page.items) texts.push_back(item ? item->metadata.name : item.error().message);
  return texts;
}

}  // namespace

TEST_CASE("a bad element does not cost the others", "[json]") {
  // Each bad element is left at another depth, and has more behind the spot where decoding stops.
  const auto page = Decode<Page>(R"({"items": [
      {"metadata": {"name": "a"}, "sizes": [1]},
      {"metadata": {"name": 1, "resourceVersion": "9"}, "sizes": [2], "more": {"x": [{}]}},
      "nothing",
      {"metadata": {"name": "b"}},
      {"sizes": [1, [2, 3], {"a": "}"}], "metadata": {"name": "no"}},
      {"device": {"count": {"deep": [1, 2]}, "className": "x"}, "metadata": {"name": "no"}},
      [],
      {"metadata": {"name": "c\q"}},
      {"metadata": {"name": "c"}, "sizes": [7]}
    ], "metadata": {"resourceVersion": "42"}})");
  REQUIRE(page);
  CHECK(NamesAndErrors(*page) ==
        std::vector<std::string>{"a", "items[1].metadata.name: expected a string, got 1",
                                 "items[2]: expected an object, got \"nothing\"", "b",
                                 "items[4].sizes[1]: expected a 64-bit integer, got a list",
                                 "items[5].device.count: expected a 64-bit integer, got an object",
                                 "items[6]: expected an object, got a list",
                                 "items[7].metadata.name: expected a string, got a broken string", "c"});
  CHECK(page->items[1].error().kind == ErrorKind::kInvalid);
  CHECK(page->items.back()->sizes == std::vector<std::int64_t>{7});
  CHECK(page->metadata.resource_version == "42");
}

TEST_CASE("an empty page is empty, whichever way it is written", "[json]") {
  const std::string text = GENERATE(as<std::string>{}, R"({"items": []})", R"({"items": null})", "{}");
  const auto page = Decode<Page>(text);
  REQUIRE(page);
  CHECK(page->items.empty());
}

TEST_CASE("a page that is not JSON is refused whole", "[json]") {
  const std::string text =
      GENERATE(as<std::string>{}, R"({"items": [{"metadata": {"name": "a"}}, {"metadata": {"name")",
               R"({"items": [{"metadata": {"name": "a"}} {"metadata": {"name": "b"}}]})",
               R"({"items": [{"metadata": {"name" "a"}}, {"metadata": {"name": "b"}}]})",
               R"({"items": [{"metadata": {"name": "a",}}, {"metadata": {"name": "b"}}]})",
               R"({"items": [{"metadata": {"na\qme": "a"}}, {"metadata": {"name": "b"}}]})",
               R"({"items": [{"metadata": {}, "sizes": [1, ]}, {"metadata": {"name": "b"}}]})",
               R"({"items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}]})",
               R"({"items": [{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}})");
  CAPTURE(text);
  const auto page = Decode<Page>(text);
  REQUIRE_FALSE(page);
  CHECK(page.error().message.find("not JSON") != std::string::npos);
}

TEST_CASE("a good element is decoded the same among bad ones", "[json]") {
  std::mt19937_64 random(19);
  const std::vector<std::string> bad = {R"({"metadata": []})",
                                        "1",
                                        "\"x\"",
                                        R"({"device": {"count": [[1]]}})",
                                        R"({"sizes": [1, {"a": {"b": []}}], "z": 1})",
                                        "[[{}]]",
                                        "true"};
  for (int i = 0; i < 500; ++i) {
    std::string items;
    std::vector<std::string> good;
    for (std::size_t n = random() % 12; n > 0; --n) {
      if (!items.empty()) items += ",";
      if (random() % 2 == 0) {
        items += bad[random() % bad.size()];
      } else {
        good.push_back("n" + std::to_string(random() % 1000));
        items += R"({"metadata": {"name": ")" + good.back() + R"("}})";
      }
    }
    const auto page = Decode<Page>(R"({"items": [)" + items + R"(], "metadata": {"resourceVersion": "7"}})");
    REQUIRE(page);
    std::vector<std::string> names;
    for (const auto& item : page->items) {
      if (item) names.push_back(item->metadata.name);
    }
    REQUIRE(names == good);
    REQUIRE(page->metadata.resource_version == "7");
  }
}

namespace {

struct Failure {
  std::int64_t code = 0;
  static constexpr auto Fields() { return std::tuple(Field{"code", &Failure::code}); }
};

struct Line {
  Thing thing;
  Failure failure;
  Result<std::string> type;
};

Line ReadLine(std::string_view text) {
  Line line{{}, {}, std::string()};
  line.type = json::DecodeTagged(text, "type", "object", [&](std::string_view type) {
    return type == "ERROR" ? json::Into(line.failure) : json::Into(line.thing);
  });
  return line;
}

std::string LineError(std::string_view text) {
  const auto line = ReadLine(text);
  return line.type ? "decoded" : line.type.error().message;
}

}  // namespace

TEST_CASE("a tag decides what the body is, whichever comes first", "[json]") {
  const std::string text =
      GENERATE(as<std::string>{}, R"({"type": "ADDED", "object": {"metadata": {"name": "a"}}})",
               R"({"object": {"metadata": {"name": "a"}}, "x": [1], "type": "ADDED"})",
               R"({ "object" : {"metadata": {"name": "a"}} ,"type":"ADDED" })");
  const auto line = ReadLine(text);
  REQUIRE(line.type == "ADDED");
  CHECK(line.thing.metadata.name == "a");

  const std::string failure = GENERATE(as<std::string>{}, R"({"type": "ERROR", "object": {"code": 410}})",
                                       R"({"object": {"code": 410, "metadata": "x"}, "type": "ERROR"})");
  const auto failed = ReadLine(failure);
  REQUIRE(failed.type == "ERROR");
  CHECK(failed.failure.code == 410);
}

TEST_CASE("a tagged line with something wrong is refused", "[json]") {
  const auto [text, message] = GENERATE(table<std::string, std::string>({
      {R"({"object": {}})", "type: missing"},
      {R"({"type": "ADDED"})", "object: missing"},
      {R"({"type": 1, "object": {}})", "type: expected a string, got 1"},
      {R"({"type": null, "object": {}})", "type: expected a string, got null"},
      {R"({"type": "ADDED", "object": null})", "object: expected an object, got null"},
      {R"({"type": "ADDED", "object": {"metadata": 1}})", "object.metadata: expected an object, got 1"},
      {R"({"object": {"metadata": 1}, "type": "ADDED"})", "object.metadata: expected an object, got 1"},
      {R"({"type": "ADDED", "type": "ADDED", "object": {}})", "type: given twice"},
      {R"({"type": "ADDED", "object": {}, "object": {}})", "object: given twice"},
      {R"({"object": {}, "object": {}, "type": "ADDED"})", "object: given twice"},
      {"[]", "expected an object, got a list"},
  }));
  CAPTURE(text);
  CHECK(LineError(text) == message);
  CHECK(LineError(R"({"type": "ADDED", "object": {}} x)") != "decoded");
  CHECK(LineError(R"({"object": {}, "type": "ADDED"} x)") != "decoded");
  CHECK(LineError(R"({"type": "ADDED", "object": {"metadata": {)") != "decoded");
  CHECK(LineError(R"({"object": 1, "type": "ADDED"})") != "decoded");
}
