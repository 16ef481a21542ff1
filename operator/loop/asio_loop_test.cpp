#include "loop/asio_loop.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

using namespace marea;
using namespace std::chrono_literals;

namespace {

using Trace = std::vector<std::string>;

// Runs the loop until it is stopped; a test that forgets to, or hangs, ends here and says so.
void RunWithDeadline(AsioLoop& loop) {
  bool late = false;
  loop.After(10s, [&] {
    late = true;
    loop.Stop();
  });
  loop.Run();
  REQUIRE_FALSE(late);
}

}  // namespace

TEST_CASE("AsioLoop: posts run in their order, timers by their time, all on the thread of Run") {
  AsioLoop loop;
  Trace trace;
  const auto here = std::this_thread::get_id();
  const MonotonicTime start = loop.Monotonic();
  loop.After(20ms, [&] {
    trace.push_back("later timer");
    CHECK(loop.Monotonic() - start >= 20ms);
    loop.Stop();
  });
  loop.After(10ms, [&] { trace.push_back("earlier timer"); });
  loop.Post([&] {
    trace.push_back("post 1");
    CHECK(std::this_thread::get_id() == here);
    loop.Post([&] { trace.push_back("post of post 1"); });
  });
  loop.Post([&] { trace.push_back("post 2"); });
  RunWithDeadline(loop);
  CHECK(trace == Trace{"post 1", "post 2", "post of post 1", "earlier timer", "later timer"});
}

TEST_CASE("AsioLoop: a negative delay counts as zero") {
  AsioLoop loop;
  loop.After(-1h, [&] { loop.Stop(); });
  RunWithDeadline(loop);
}

TEST_CASE("AsioLoop: a cancelled timer never runs") {
  AsioLoop loop;
  int runs = 0;
  Loop::TimerId victim = 0;

  SECTION("cancelled before it is due") {
    victim = loop.After(5ms, [&] { ++runs; });
    loop.Post([&] { loop.Cancel(victim); });
  }
  SECTION("cancelled by another task when it is already due") {
    // Both are due before the loop looks at its timers; the first to run cancels the second.
    loop.Post([&] {
      loop.After(0ms, [&] { loop.Cancel(victim); });
      victim = loop.After(0ms, [&] { ++runs; });
      const MonotonicTime due = loop.Monotonic();
      while (loop.Monotonic() - due < 2ms) {
      }
    });
  }
  SECTION("cancelled from inside itself, and ids that never were") {
    victim = loop.After(1ms, [&] {
      loop.Cancel(victim);
      loop.Cancel(0);
      loop.Cancel(4711);
    });
  }
  loop.After(20ms, [&] { loop.Stop(); });
  RunWithDeadline(loop);
  CHECK(runs == 0);
}

TEST_CASE("AsioLoop: timer ids are never 0 and never used twice") {
  AsioLoop loop;
  const auto first = loop.After(1h, [] {});
  loop.Cancel(first);
  const auto second = loop.After(1h, [] {});
  CHECK(first != 0);
  CHECK(second != 0);
  CHECK(first != second);
}

TEST_CASE("AsioLoop: posts of many threads all run, those of one thread in their order") {
  constexpr int kThreads = 8;
  constexpr int kEach = 1000;
  AsioLoop loop;
  std::vector<std::vector<int>> seen(kThreads);
  int total = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop.Post([&, t, i] {
          seen[t].push_back(i);
          if (++total == kThreads * kEach) loop.Stop();
        });
      }
    });
  }
  RunWithDeadline(loop);
  for (const auto& one : seen) {
    CHECK(one.size() == kEach);
    CHECK(std::ranges::is_sorted(one));
  }
}

TEST_CASE("AsioLoop: Compute works off the loop, one after the other, and is done on it") {
  AsioLoop loop;
  const auto here = std::this_thread::get_id();
  std::thread::id first_worker;
  int answers = 0;
  std::atomic<bool> loop_is_free{false};
  loop.Compute(
      [&] {
        first_worker = std::this_thread::get_id();
        while (!loop_is_free) std::this_thread::yield();  // ends only if the loop goes on meanwhile
      },
      [&] {
        CHECK(std::this_thread::get_id() == here);
        CHECK(first_worker != here);
        CHECK(answers++ == 0);
      });
  std::thread::id second_worker;
  loop.Compute([&] { second_worker = std::this_thread::get_id(); },
               [&] {
                 CHECK(second_worker == first_worker);
                 CHECK(answers++ == 1);
                 loop.Stop();
               });
  loop.Post([&] { loop_is_free = true; });
  RunWithDeadline(loop);
  CHECK(answers == 2);
}

TEST_CASE("AsioLoop: Stop ends Run from any thread and drops what is posted") {
  AsioLoop loop;
  int runs = 0;
  SECTION("from a task") {
    loop.Post([&] {
      loop.Post([&] { ++runs; });
      loop.Stop();
    });
    RunWithDeadline(loop);
  }
  SECTION("from another thread") {
    std::jthread other;
    loop.Post([&] { other = std::jthread([&] { loop.Stop(); }); });
    RunWithDeadline(loop);
  }
  SECTION("before Run") {
    loop.Post([&] { ++runs; });
    loop.Stop();
    RunWithDeadline(loop);
  }
  CHECK(runs == 0);
}

TEST_CASE("AsioLoop: its destructor waits for work that runs and drops work that does not") {
  std::atomic<int> worked{0};
  std::atomic<bool> begun{false};
  int answered = 0;
  {
    AsioLoop loop;
    loop.Compute(
        [&] {
          begun = true;
          ++worked;
        },
        [&] { ++answered; });
    while (!begun) std::this_thread::yield();
  }
  CHECK(worked == 1);
  CHECK(answered == 0);
}

TEST_CASE("AsioLoop: a signal calls its handler on the loop, each time") {
  AsioLoop loop;
  const auto here = std::this_thread::get_id();
  std::vector<int> numbers;
  loop.OnSignal({SIGUSR1, SIGUSR2}, [&](int number) {
    CHECK(std::this_thread::get_id() == here);
    numbers.push_back(number);
    if (number == SIGUSR1) {
      ::raise(SIGUSR2);
    } else {
      loop.Stop();
    }
  });
  loop.Post([] { ::raise(SIGUSR1); });
  RunWithDeadline(loop);
  CHECK(numbers == std::vector<int>{SIGUSR1, SIGUSR2});
}

TEST_CASE("AsioLoop: two loops do not draw the same numbers, and the clocks move on") {
  AsioLoop one;
  AsioLoop other;
  CHECK((one.Random() != other.Random() || one.Random() != other.Random()));
  CHECK(one.Now() > std::chrono::sys_days{std::chrono::January / 1 / 2025});
}
