#include "kube/watch.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <type_traits>

#include "testing/machine_bench.hpp"

namespace marea::kube {

using namespace watching;
using namespace std::chrono_literals;

namespace {

struct Bench : testing::MachineBench<Bench, &Next> {
  Bench& Listed(const std::string& version = "100") { return Do(Start{}).Do(PageListed{version, ""}); }
};

StreamEnded Broken(ErrorKind kind, std::chrono::milliseconds retry_after = {}) {
  return {tl::unexpected(Error{kind, "broken", retry_after})};
}

}  // namespace

TEST_CASE("a list is read page by page, then watched from its version") {
  Bench bench;
  bench.Do(Start{});
  REQUIRE(bench.effects.size() == 1);
  CHECK(bench.Find<RequestPage>()->next.empty());
  bench.Do(PageListed{"100", "page-2"}, 10ms);
  REQUIRE(bench.effects.size() == 1);
  CHECK(bench.Find<RequestPage>()->next == "page-2");
  bench.Do(PageListed{"100", ""}, 10ms);
  REQUIRE(bench.effects.size() == 3);
  CHECK(std::get<FinishList>(bench.effects[0]).resource_version == "100");
  CHECK(std::get<OpenStream>(bench.effects[1]).resource_version == "100");
  CHECK(std::get<SetTimer>(bench.effects[2]).delay == 2min);
}

TEST_CASE("a list without a version is not watched") {
  Bench bench;
  bench.Listed("");
  CHECK_FALSE(bench.Find<OpenStream>());
  CHECK_FALSE(bench.Find<FinishList>());
  CHECK(bench.Find<SetTimer>());
}

TEST_CASE("a stream that ends is opened again at once, from the last version it carried") {
  Bench bench;
  bench.Listed().Do(LineSeen{"107"}, 1min).Do(StreamEnded{}, 30s);
  REQUIRE(bench.Find<OpenStream>());
  CHECK(bench.Find<OpenStream>()->resource_version == "107");
  CHECK_FALSE(bench.Find<RequestPage>());
  CHECK(bench.Find<SetTimer>()->delay ==
        90s);  // the silence is counted from the last line, not from the opening
}

TEST_CASE("a stream that ends as soon as it is open is opened again after a while, and later each time") {
  Bench bench;
  bench.Listed();
  Duration last{};
  for (int i = 0; i < 12; ++i) {
    bench.Do(StreamEnded{}, 1ms);
    CHECK_FALSE(bench.Find<OpenStream>());
    const Duration delay = bench.Find<SetTimer>()->delay;
    CHECK(delay >= last);
    last = delay;
    bench.state.last_sign = bench.now;  // keeps the silence out of this story
    bench.Do(TimerFired{}, delay);
    REQUIRE(bench.Find<OpenStream>());
    CHECK(bench.Find<OpenStream>()->resource_version == "100");
  }
  CHECK(last == 30s);
}

TEST_CASE("a version that is too old means a list: at once, unless the last one is fresh") {
  Bench bench;
  bench.Listed().Do(LineSeen{"107"}, 40s);
  SECTION("said in an ERROR line") {
    bench.Do(LineFailed{{ErrorKind::kGone, "too old", {}}}, 1s);
    REQUIRE(bench.effects.size() == 2);
    CHECK(std::holds_alternative<CloseStream>(bench.effects[0]));
    CHECK(std::get<RequestPage>(bench.effects[1]).next.empty());
  }
  SECTION("said in the head") {
    bench.Do(Broken(ErrorKind::kGone), 1s);
    REQUIRE(bench.effects.size() == 1);
    CHECK(bench.Find<RequestPage>());
    SECTION("and again right after the list") {
      bench.Do(PageListed{"200", ""}, 10ms).Do(Broken(ErrorKind::kGone), 10ms);
      CHECK_FALSE(bench.Find<RequestPage>());
      bench.Do(TimerFired{}, bench.Find<SetTimer>()->delay);
      REQUIRE(bench.Find<RequestPage>());
    }
  }
}

TEST_CASE("an error that is not about the version keeps the version") {
  Bench bench;
  bench.Listed().Do(LineSeen{"107"}, 40s);
  const bool in_line = GENERATE(true, false);
  if (in_line) {
    bench.Do(LineFailed{{ErrorKind::kInternal, "etcd", {}}}, 1s);
    CHECK(bench.Find<CloseStream>());
  } else {
    bench.Do(Broken(ErrorKind::kUnavailable), 1s);
  }
  REQUIRE(bench.Find<SetTimer>());
  CHECK(bench.Find<SetTimer>()->delay == 100ms);
  bench.Do(TimerFired{}, 100ms);
  REQUIRE(bench.Find<OpenStream>());
  CHECK(bench.Find<OpenStream>()->resource_version == "107");
}

TEST_CASE("two minutes without a line end the stream and start a list") {
  Bench bench;
  bench.Listed().Do(LineSeen{"107"}, 50s).Do(TimerFired{}, 70s);
  REQUIRE(bench.effects.size() == 1);
  CHECK(bench.Find<SetTimer>()->delay == 50s);  // not silent for two minutes yet
  bench.Do(TimerFired{}, 50s);
  REQUIRE(bench.effects.size() == 2);
  CHECK(std::holds_alternative<CloseStream>(bench.effects[0]));
  CHECK(std::get<RequestPage>(bench.effects[1]).next.empty());
}

TEST_CASE("streams that end in silence do not hide the silence") {
  Bench bench;
  bench.Listed();
  bench.Do(StreamEnded{}, 50s);
  CHECK(bench.Find<OpenStream>());
  bench.Do(StreamEnded{}, 50s);
  CHECK(bench.Find<SetTimer>()->delay == 20s);
  bench.Do(TimerFired{}, 20s);
  CHECK(bench.Find<RequestPage>());
}

TEST_CASE("after an outage longer than the silence the world is listed anew") {
  Bench bench;
  bench.Listed().Do(LineSeen{"107"}, 40s).Do(Broken(ErrorKind::kUnavailable), 1s);
  bench.Do(TimerFired{}, 3min);
  CHECK_FALSE(bench.Find<OpenStream>());
  CHECK(bench.Find<RequestPage>());
}

TEST_CASE("a list that fails is begun anew, whichever page it was") {
  Bench bench;
  bench.Do(Start{}).Do(PageListed{"100", "page-2"}, 10ms);
  bench.Do(ListFailed{{ErrorKind::kGone, "the continue token has expired", {}}}, 10ms);
  CHECK_FALSE(bench.Find<RequestPage>());
  bench.Do(TimerFired{}, bench.Find<SetTimer>()->delay);
  REQUIRE(bench.Find<RequestPage>());
  CHECK(bench.Find<RequestPage>()->next.empty());
}

TEST_CASE("a server that asks for time gets it, but not more than the silence") {
  Bench bench;
  bench.Listed();
  bench.Do(Broken(ErrorKind::kThrottled, 5s), 10s);
  CHECK(bench.Find<SetTimer>()->delay == 5s);
  bench.Do(TimerFired{}, 5s).Do(Broken(ErrorKind::kThrottled, 24h), 10s);
  CHECK(bench.Find<SetTimer>()->delay == 2min);
}

TEST_CASE("back-off doubles, and a line on a settled stream forgets it") {
  Bench bench;
  bench.Listed();
  for (const Duration expected : {100ms, 200ms, 400ms}) {
    bench.Do(Broken(ErrorKind::kUnavailable), 10s);
    CHECK(bench.Find<SetTimer>()->delay == expected);
    bench.Do(TimerFired{}, expected);
  }
  bench.Do(LineSeen{"108"}, 999ms).Do(Broken(ErrorKind::kUnavailable));
  CHECK(bench.Find<SetTimer>()->delay == 800ms);  // a first line proves little
  bench.Do(TimerFired{}, 800ms).Do(LineSeen{"109"}, 1s).Do(Broken(ErrorKind::kUnavailable));
  CHECK(bench.Find<SetTimer>()->delay == 100ms);
}

TEST_CASE("delays and stream lengths are spread") {
  Bench bench;
  std::mt19937_64 random(7);
  int shortest = 10'000, longest = 0;
  for (int i = 0; i < 2000; ++i) {
    Bench one;
    one.random = random();
    one.Listed();
    const int seconds = one.Find<OpenStream>()->seconds;
    shortest = std::min(shortest, seconds);
    longest = std::max(longest, seconds);
    one.Do(Broken(ErrorKind::kUnavailable));
    REQUIRE(one.Find<SetTimer>()->delay >= 50ms);
    REQUIRE(one.Find<SetTimer>()->delay <= 100ms);
  }
  CHECK(shortest == 150);
  CHECK(longest == 300);
}

TEST_CASE("what does not fit the state changes nothing") {
  Bench bench;
  bench.Listed();
  bench.Do(PageListed{"1", ""}).Do(Start{});
  CHECK(bench.effects.empty());
  CHECK(bench.In<Watching>());
  bench.Do(Broken(ErrorKind::kUnavailable)).Do(LineSeen{"5"}).Do(StreamEnded{});
  CHECK(bench.effects.empty());
  CHECK(std::get<Waiting>(bench.state.where).resource_version == "100");
}

// What the reflector around the machine would hold, and a server that answers anything at any time.
TEST_CASE(
    "whatever happens: one request or stream at most, something always under way, and never a busy loop") {
  const auto seed = GENERATE(range(1u, 60u));
  std::mt19937_64 random(seed);
  const auto pick = [&](std::uint64_t n) { return random() % n; };
  Bench bench;
  bool request = false, stream = false, started = false;
  std::optional<MonotonicTime> timer, last_open, last_list;
  std::string version;  // what the cache stands at
  int opens = 0, lists = 0;
  const MonotonicTime begin = bench.now;
  // Some servers answer at once, some take their time; some only ever fail.
  const Duration pace = std::array<Duration, 4>{0ms, 1ms, 300ms, 5s}[pick(4)];
  const bool only_failures = pick(4) == 0;

  for (int i = 0; i < 3000; ++i) {
    Event event = Start{};
    const Error error{static_cast<ErrorKind>(pick(10)), "x", std::chrono::milliseconds(pick(2) * pick(4000))};
    const bool timer_now = timer && (!(request || stream) || pick(5) == 0);
    if (!started) {
      started = true;
    } else if (timer_now) {
      bench.now = std::max(bench.now, *timer);
      timer.reset();
      event = TimerFired{};
    } else {
      bench.now += pace * static_cast<int>(pick(3));
      if (timer && *timer < bench.now) {
        bench.now = *timer;
        timer.reset();
        event = TimerFired{};
      } else if (request) {
        request = false;
        if (only_failures || pick(3) == 0)
          event = ListFailed{error};
        else
          event = PageListed{pick(9) == 0 ? "" : std::to_string(100 + i), pick(3) == 0 ? "more" : ""};
      } else if (pick(only_failures ? 1 : 3) == 0) {
        const auto how = pick(3);
        if (how == 0)
          event = LineFailed{error};
        else if (how == 1)
          event = StreamEnded{tl::unexpected(error)};
        else
          event = StreamEnded{};
        if (how != 0) stream = false;
      } else {
        event = LineSeen{pick(4) == 0 ? "" : std::to_string(100 + i)};
      }
    }
    bench.random = random();
    bench.Do(event);
    if (const auto* line = std::get_if<LineSeen>(&event); line && !line->resource_version.empty()) {
      version = line->resource_version;
    }
    for (const Effect& effect : bench.effects) {
      if (const auto* page = std::get_if<RequestPage>(&effect)) {
        REQUIRE_FALSE((request || stream));
        request = true;
        if (page->next.empty()) {
          if (last_list) REQUIRE(bench.now - *last_list >= bench.options.first_backoff / 2);
          last_list = bench.now;
          ++lists;
        }
      } else if (const auto* open = std::get_if<OpenStream>(&effect)) {
        REQUIRE_FALSE((request || stream));
        REQUIRE(open->resource_version == version);                     // nothing is skipped
        const bool after_list = last_open && *last_list >= *last_open;  // which waits for its own
        if (last_open && !after_list) REQUIRE(bench.now - *last_open >= bench.options.first_backoff / 2);
        last_open = bench.now;
        stream = true;
        ++opens;
      } else if (std::holds_alternative<CloseStream>(effect)) {
        REQUIRE(stream);
        stream = false;
      } else if (const auto* set = std::get_if<SetTimer>(&effect)) {
        REQUIRE(set->delay > 0s);
        timer = bench.now + set->delay;
      } else if (const auto* list = std::get_if<FinishList>(&effect)) {
        version = list->resource_version;
      }
    }
    REQUIRE((request || stream || timer));
    REQUIRE((!stream || timer));  // a stream never goes unwatched
  }
  // Lists are what hurts a server: after the first minute of trouble no more than back-off allows.
  const double minutes = std::chrono::duration<double, std::ratio<60>>(bench.now - begin).count();
  INFO("seed " << seed << ": " << opens << " streams and " << lists << " lists in " << minutes << " minutes");
  CHECK(lists <= 15 + 61 * minutes);
  CHECK(opens <= 15 + 61 * minutes);
}

}  // namespace marea::kube
