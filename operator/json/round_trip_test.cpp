// Laws that hold for every value of every type.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "json/decode.hpp"
#include "json/encode.hpp"
#include "json/sample_test.hpp"

using namespace marea;
using namespace marea::json;

namespace {

// Random values, often empty and often equal, so that patches between two of them are of every kind.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  Sample NextSample() {
    Sample s;
    s.text = Text();
    s.flag = Coin();
    s.number = Number();
    s.time = Instant();
    s.quantity = Amount();
    s.wish = static_cast<Wish>(random_() % 3);
    s.color = static_cast<Color>(random_() % 2);
    s.device = OneDevice();
    if (Coin()) s.maybe_text = Text();
    if (Coin()) s.maybe_flag = Coin();
    if (Coin()) s.maybe_time = Instant();
    if (Coin()) s.maybe_device = OneDevice();
    if (Coin()) s.maybe_list = List([this] { return Text(); });
    s.list = List([this] { return Text(); });
    s.devices = List([this] { return OneDevice(); });
    s.table = List([this] { return List([this] { return Number(); }); });
    s.labels = Map([this] { return Text(); });
    s.amounts = Map([this] { return Amount(); });
    s.pools = Map([this] { return List([this] { return OneDevice(); }); });
    s.switches = Map([this] { return Map([this] { return Coin(); }); });
    s.tree = OneTree(3);
    return s;
  }

 private:
  bool Coin() { return random_() % 2 == 0; }

  std::string Text() {
    static const std::string kPieces[] = {"a",    "b", "\"", "\\", "\n", std::string(1, '\0'),
                                          "\x1f", "é", "日", "😀", "/"};
    std::string text;
    for (std::size_t size = random_() % 4; size > 0; --size) text += kPieces[random_() % std::size(kPieces)];
    return text;
  }
  std::int64_t Number() { return static_cast<std::int64_t>(random_()) >> (random_() % 64); }
  Quantity Amount() { return Quantity::FromMilli(Number()); }
  Time Instant() {
    const Time time{Duration{static_cast<std::int64_t>(random_() % 100'000'000'000'000'000)}};
    return Coin() ? time : std::chrono::floor<std::chrono::seconds>(time);
  }
  Device OneDevice() { return {Text(), Coin() ? std::optional(Number()) : std::nullopt}; }
  Tree OneTree(int depth) {
    Tree tree{Text(), {}};
    if (depth > 0) tree.children = List([&] { return OneTree(depth - 1); });
    return tree;
  }
  template <class Make>
  std::vector<std::invoke_result_t<Make>> List(Make make) {
    std::vector<std::invoke_result_t<Make>> list;
    for (std::size_t size = random_() % 3; size > 0; --size) list.push_back(make());
    return list;
  }
  template <class Make>
  std::map<std::string, std::invoke_result_t<Make>> Map(Make make) {
    std::map<std::string, std::invoke_result_t<Make>> map;
    for (std::size_t size = random_() % 3; size > 0; --size) map.insert_or_assign(Text(), make());
    return map;
  }

  std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("decoding what was encoded gives the same value, and encoding that the same bytes", "[json]") {
  Dice dice(29);
  for (int i = 0; i < 3000; ++i) {
    const Sample sample = dice.NextSample();
    const std::string text = Encode(sample);
    CAPTURE(text);
    const auto back = Decode<Sample>(text);
    REQUIRE(back);
    REQUIRE(*back == sample);
    REQUIRE(Encode(*back) == text);
  }
}

TEST_CASE("a merge patch turns the one into the other, as a strict implementation applies it", "[json]") {
  Dice dice(31);
  for (int i = 0; i < 3000; ++i) {
    const Sample from = dice.NextSample();
    const Sample to = i % 10 == 0 ? from : dice.NextSample();
    const std::string patch = MergePatch(from, to);
    CAPTURE(Encode(from), Encode(to), patch);
    REQUIRE(patch.empty() == (from == to));
    auto document = nlohmann::json::parse(Encode(from));
    if (!patch.empty()) document.merge_patch(nlohmann::json::parse(patch));
    REQUIRE(document == nlohmann::json::parse(Encode(to)));
  }
}
