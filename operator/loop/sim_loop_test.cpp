#include "loop/sim_loop.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace marea;
using namespace std::chrono_literals;

namespace {

using Trace = std::vector<std::string>;

// A run with chance in it: every task draws, waits as long as it drew, and goes on.
Trace WanderingRun(std::uint64_t seed) {
  SimLoop loop(seed);
  Trace trace;
  std::function<void(std::string, int)> wander = [&](std::string name, int steps) {
    trace.push_back(name + "@" + std::to_string(loop.Monotonic().time_since_epoch().count()));
    if (steps > 0) loop.After(Duration(loop.Random() % 1000), [&, name, steps] { wander(name, steps - 1); });
  };
  for (const char* name : {"a", "b", "c"}) loop.Post([&, name] { wander(name, 20); });
  loop.Run();
  return trace;
}

}  // namespace

TEST_CASE("SimLoop: what is due at the same moment runs in the order it was made") {
  SimLoop loop;
  Trace trace;
  loop.After(10ms, [&] { trace.push_back("timer 1"); });
  loop.Post([&] {
    trace.push_back("post 1");
    loop.Post([&] { trace.push_back("post of post 1"); });
  });
  loop.After(0ms, [&] { trace.push_back("timer now"); });
  loop.After(-5s, [&] { trace.push_back("timer of the past"); });
  loop.Post([&] { trace.push_back("post 2"); });
  loop.After(10ms, [&] { trace.push_back("timer 2"); });
  loop.After(5ms, [&] { trace.push_back("earlier timer"); });
  loop.Run();
  CHECK(trace == Trace{"post 1", "timer now", "timer of the past", "post 2", "post of post 1",
                       "earlier timer", "timer 1", "timer 2"});
  CHECK(loop.Idle());
}

TEST_CASE("SimLoop: time stands still while tasks run and jumps to the next timer") {
  SimLoop loop;
  const Time wall = loop.Now();
  const MonotonicTime start = loop.Monotonic();
  CHECK(wall == std::chrono::sys_days{std::chrono::January / 5 / 2026} + 8h);
  loop.After(36h, [&] { CHECK(loop.Monotonic() == start + 36h); });
  loop.Run();
  CHECK(loop.Now() == wall + 36h);
}

TEST_CASE("SimLoop: a cancelled timer never runs, wherever it is cancelled from") {
  SimLoop loop;
  int runs = 0;
  const auto count = [&] { ++runs; };
  Loop::TimerId victim = 0;

  SECTION("before it is due") {
    loop.Cancel(loop.After(1s, count));
  }
  SECTION("from a task of the same moment that runs before it") {
    loop.After(1s, [&] { loop.Cancel(victim); });
    victim = loop.After(1s, count);
  }
  SECTION("from inside itself, twice, and with an id that never was") {
    victim = loop.After(1s, [&] {
      loop.Cancel(victim);
      loop.Cancel(victim);
      loop.Cancel(4711);
    });
  }
  loop.Run();
  CHECK(runs == 0);
  CHECK(loop.Idle());
}

TEST_CASE("SimLoop: RunFor runs all that is due within its span and stands exactly at its end") {
  SimLoop loop;
  const MonotonicTime start = loop.Monotonic();
  std::vector<Duration> ticks;
  std::function<void()> tick = [&] {
    ticks.push_back(loop.Monotonic() - start);
    loop.After(400ms, tick);  // made during the run, and those within the span run too
  };
  loop.After(400ms, tick);

  loop.RunFor(1s);
  CHECK(ticks == std::vector<Duration>{400ms, 800ms});
  CHECK(loop.Monotonic() == start + 1s);

  loop.RunFor(200ms);  // the end belongs to the span
  CHECK(ticks.back() == 1200ms);
  CHECK(loop.Monotonic() == start + 1200ms);

  loop.RunReady();
  CHECK(ticks.size() == 3);
  CHECK_FALSE(loop.Idle());
}

TEST_CASE("SimLoop: RunReady runs posts of posts and does not move time") {
  SimLoop loop;
  const MonotonicTime start = loop.Monotonic();
  int depth = 0;
  std::function<void()> nest = [&] {
    if (++depth < 5) loop.Post(nest);
  };
  loop.Post(nest);
  loop.After(1us, [&] { FAIL("not due yet"); });
  loop.RunReady();
  CHECK(depth == 5);
  CHECK(loop.Monotonic() == start);
}

TEST_CASE("SimLoop: the same seed gives the same run, another seed another one") {
  CHECK(WanderingRun(7) == WanderingRun(7));
  CHECK(WanderingRun(7) != WanderingRun(8));
}

TEST_CASE("SimLoop: Compute does its work at once and answers as a post") {
  SimLoop loop;
  Trace trace;
  loop.Post([&] {
    loop.Compute([&] { trace.push_back("work"); }, [&] { trace.push_back("done"); });
    trace.push_back("after the call");
  });
  loop.Run();
  CHECK(trace == Trace{"work", "after the call", "done"});
}

TEST_CASE("SimLoop: after Stop nothing runs any more") {
  SimLoop loop;
  int runs = 0;
  loop.Post([&] {
    ++runs;
    loop.Post([&] { ++runs; });
    loop.After(1s, [&] { ++runs; });
    loop.Stop();
    loop.Post([&] { ++runs; });
  });
  loop.Run();
  loop.RunFor(1h);
  CHECK(runs == 1);
  CHECK(loop.Idle());
}
