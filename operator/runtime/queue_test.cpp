#include "runtime/queue.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace marea::runtime {

using namespace std::chrono_literals;

namespace {

const Key kAda{"team-a", "ada"}, kBob{"team-a", "bob"};
constexpr MonotonicTime kNow{1h};

}  // namespace

TEST_CASE("a key that changed many times is decided once, in the order of its first change") {
  Queue queue;
  queue.Add(kBob);
  queue.Add(kAda);
  queue.Add(kBob);
  CHECK(queue.Depth() == 2);
  CHECK(queue.NextDue() == MonotonicTime::min());
  CHECK(queue.Pop(kNow) == kBob);
  CHECK(queue.Pop(kNow) == kAda);
  CHECK(queue.Pop(kNow) == std::nullopt);
  CHECK(queue.NextDue() == std::nullopt);
}

TEST_CASE("a key that goes first is ahead of all that are due, wherever it stood, and once") {
  Queue queue;
  queue.Add(kAda);
  queue.Add(kBob);
  queue.AddFirst(kBob);
  CHECK(queue.Depth() == 2);
  CHECK(queue.Pop(kNow) == kBob);
  queue.AddFirst(kBob);  // in flight: due when it is finished
  CHECK(queue.Pop(kNow) == kAda);
  CHECK_FALSE(queue.Pop(kNow));
  CHECK(queue.Finished(kBob));
  CHECK(queue.Pop(kNow) == kBob);
}

TEST_CASE("a key in flight is not handed out again before it is finished") {
  Queue queue;
  queue.Add(kAda);
  REQUIRE(queue.Pop(kNow));
  CHECK(queue.InFlight(kAda));
  queue.Add(kAda);
  CHECK(queue.Pop(kNow) == std::nullopt);
  CHECK(queue.NextDue() == std::nullopt);
  CHECK(queue.Finished(kAda));
  CHECK_FALSE(queue.InFlight(kAda));
  CHECK(queue.Pop(kNow) == kAda);
  CHECK_FALSE(queue.Finished(kAda));
  CHECK(queue.Pop(kNow) == std::nullopt);
}

TEST_CASE("of several wake-ups the earliest counts") {
  Queue queue;
  queue.AddAt(kAda, kNow + 30s);
  queue.AddAt(kAda, kNow + 10s);
  queue.AddAt(kAda, kNow + 20s);
  queue.AddAt(kBob, kNow + 15s);
  CHECK(queue.NextDue() == kNow + 10s);
  CHECK(queue.Pop(kNow + 9s) == std::nullopt);
  CHECK(queue.Pop(kNow + 15s) == kAda);
  CHECK(queue.Pop(kNow + 15s) == kBob);
  CHECK(queue.Depth() == 0);
}

TEST_CASE("a wake-up set while in flight waits for the end of the flight") {
  Queue queue;
  queue.Add(kAda);
  REQUIRE(queue.Pop(kNow));
  queue.AddAt(kAda, kNow + 1s);
  CHECK(queue.NextDue() == std::nullopt);
  CHECK(queue.Pop(kNow + 2s) == std::nullopt);
  CHECK_FALSE(queue.Finished(kAda));
  CHECK(queue.NextDue() == kNow + 1s);
  CHECK(queue.Pop(kNow + 1s) == kAda);
}

TEST_CASE("back-off starts at 5 ms, doubles to 1000 s, and loses up to a half by chance") {
  Queue queue;
  Duration expected = 5ms;
  for (int i = 0; i < 25; ++i) {
    queue.Retry(kAda, kNow, 0);
    CHECK(*queue.NextDue() - kNow == expected);
    expected = std::min<Duration>(expected * 2, 1000s);
  }
  queue.Succeeded(kAda);
  queue.Retry(kAda, kNow, 2500);
  CHECK(*queue.NextDue() - kNow == 2500us);
  queue.Succeeded(kAda);
  queue.Retry(kAda, kNow, 2501);
  CHECK(*queue.NextDue() - kNow == 5ms);
}

TEST_CASE("what the server asked for is the least") {
  Queue queue;
  queue.Retry(kAda, kNow, 0, 7s);
  CHECK(queue.NextDue() == kNow + 7s);
  queue.Retry(kBob, kNow, 0, 1ms);
  CHECK(queue.NextDue() == kNow + 5ms);
}

TEST_CASE("a change makes a held back key due at once, without forgiving its failures") {
  Queue queue;
  for (int i = 0; i < 3; ++i) queue.Retry(kAda, kNow, 0);
  queue.Add(kAda);
  CHECK(queue.Pop(kNow) == kAda);
  queue.Retry(kAda, kNow, 0);
  queue.Finished(kAda);
  CHECK(queue.NextDue() == kNow + 40ms);
}

TEST_CASE("a key that is held back after it became due waits") {
  Queue queue;
  queue.Add(kAda);
  queue.Retry(kAda, kNow, 0);
  CHECK(queue.Pop(kNow) == std::nullopt);
  CHECK(queue.Pop(kNow + 5ms) == kAda);
}

TEST_CASE("a forgotten key is gone, with its failures and what came in flight") {
  Queue queue;
  queue.Add(kAda);
  queue.Forget(kAda);
  CHECK(queue.Pop(kNow) == std::nullopt);
  queue.Retry(kAda, kNow, 0);
  queue.Forget(kAda);
  CHECK(queue.NextDue() == std::nullopt);
  queue.Retry(kAda, kNow, 0);
  CHECK(queue.NextDue() == kNow + 5ms);
  REQUIRE(queue.Pop(kNow + 1s));
  queue.Add(kAda);
  queue.Forget(kAda);
  CHECK_FALSE(queue.Finished(kAda));
  CHECK(queue.Depth() == 0);
}

TEST_CASE("whatever is done: no key twice at a time, none lost, and NextDue tells the truth") {
  std::mt19937_64 random(GENERATE(range(1u, 30u)));
  Queue queue;
  MonotonicTime now = kNow;
  std::set<Key> flying, owed;  // owed: added and not handed out since
  const std::vector<Key> keys{{"a", "1"}, {"a", "2"}, {"a", "3"}, {"b", "1"}};
  for (int i = 0; i < 4000; ++i) {
    const Key& key = keys[random() % keys.size()];
    switch (random() % 7) {
      case 0:
        queue.Add(key);
        owed.insert(key);
        break;
      case 6:
        queue.AddFirst(key);
        owed.insert(key);
        break;
      case 1:
        queue.AddAt(key, now + 50ms);
        break;
      case 2:
        if (flying.contains(key)) queue.Retry(key, now, random());
        break;
      case 3:
        now += std::chrono::milliseconds(random() % 40);
        break;
      default: {
        const auto due = queue.NextDue();
        const auto popped = queue.Pop(now);
        REQUIRE(popped.has_value() == (due && *due <= now));
        if (popped) {
          REQUIRE(flying.insert(*popped).second);
          owed.erase(*popped);
        }
        if (random() % 2 == 0 && !flying.empty()) {
          const Key finished = *flying.begin();
          flying.erase(flying.begin());
          REQUIRE(queue.Finished(finished) == owed.contains(finished));
        }
      }
    }
  }
  for (const Key& key : flying) queue.Finished(key);
  now += 2000s;
  while (const auto key = queue.Pop(now)) owed.erase(*key);
  CHECK(owed.empty());
}

}  // namespace marea::runtime
