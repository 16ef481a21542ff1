#include "loop/sim_process.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace marea;
using namespace std::chrono_literals;

TEST_CASE("processes of one world run in one order of time", "[sim_process]") {
  SimLoop world;
  SimProcess one(world), two(world);
  std::string order;
  one.After(2s, [&] { order += 'c'; });
  two.After(1s, [&] { order += 'b'; });
  one.Post([&] { order += 'a'; });
  world.RunFor(3s);
  CHECK(order == "abc");
  CHECK(one.Now() == world.Now());
}

TEST_CASE("what falls due while a process stands still runs when it goes on, in order", "[sim_process]") {
  SimLoop world;
  SimProcess process(world);
  std::string order;
  process.After(1s, [&] { order += 'a'; });
  const auto cancelled = process.After(2s, [&] { order += 'x'; });
  process.After(3s, [&] { order += 'b'; });
  process.After(20s, [&] { order += 'c'; });
  process.Pause();
  world.RunFor(10s);
  CHECK(order.empty());
  process.Cancel(cancelled);
  process.Resume();
  world.RunReady();
  CHECK(order == "ab");
  world.RunFor(10s);
  CHECK(order == "abc");
}

TEST_CASE("nothing of a killed process runs, even when it ends itself", "[sim_process]") {
  SimLoop world;
  SimProcess process(world);
  int ran = 0;
  process.Post([&] {
    ++ran;
    process.Kill();
    process.Post([&] { ++ran; });
  });
  process.After(1s, [&] { ++ran; });
  world.RunFor(2s);
  CHECK(ran == 1);
  CHECK_FALSE(process.Alive());
  CHECK(world.Idle());
}

TEST_CASE("the wall clock jumps without the monotonic one; both drift", "[sim_process]") {
  SimLoop world;
  SimProcess process(world);
  const auto wall = process.Now();
  const auto monotonic = process.Monotonic();
  process.MoveWallClock(-1h);
  CHECK(process.Now() == wall - 1h);
  CHECK(process.Monotonic() == monotonic);

  process.SetDrift(100'000);  // a tenth faster
  bool fired = false;
  process.After(11s, [&] { fired = true; });
  world.RunFor(9s);
  CHECK_FALSE(fired);
  world.RunFor(1s + 1us);
  CHECK(fired);
  CHECK(process.Monotonic() - monotonic >= 11s);
  CHECK(process.Monotonic() - monotonic < 11s + 1ms);
  CHECK(process.Now() - wall - (process.Monotonic() - monotonic) == -1h);
}
