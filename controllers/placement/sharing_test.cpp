#include "controllers/placement/sharing.hpp"

#include <catch2/catch.hpp>

#include "controllers/placement/order.hpp"

namespace marea::placement {
namespace {

using Answer = Sharing::Answer;
using std::chrono::hours;

const Time kNow = Time{hours{500000}};

Charge Of(const char* project, std::int64_t count, bool borrowed = false, const char* class_name = "t4") {
  return {project, "ada", class_name, count, borrowed};
}

// physics (4 guaranteed, of which it lends 2), a part of it named laser (2), and teaching (nothing).
Sharing Faculty(std::int64_t capacity = 10) {
  Sharing sharing;
  sharing.SetProjects({{.name = "physics", .classes = {{"t4", {.guarantee = 4, .lending_limit = 2}}}},
                       {.name = "laser", .parent = "physics", .classes = {{"t4", {.guarantee = 2}}}},
                       {.name = "teaching"}});
  sharing.SetClasses({{"t4", {1, capacity}}, {"a100", {8, 4}}, {"cpu", {0, 0}}});
  return sharing;
}

TEST_CASE("without Projects everything is default's, and everybody's") {
  Sharing sharing;
  sharing.SetClasses({{"t4", {1, 2}}});
  CHECK(sharing.Ask(Of("default", 64), false) == Answer::kGuaranteed);
  CHECK(sharing.Ask(Of("default", 0, false, "cpu"), false) == Answer::kGuaranteed);
  CHECK(sharing.Ask(Of("default", 1, false, "unheard-of"), false) == Answer::kGuaranteed);
  CHECK_FALSE(sharing.StandingOf("default", "t4").divided);
}

TEST_CASE("default has what nobody was promised, which grows and shrinks with the platform") {
  auto sharing = Faculty();
  CHECK(sharing.StandingOf("default", "t4").guaranteed == 4);  // of 10
  CHECK(sharing.Ask(Of("default", 4), false) == Answer::kGuaranteed);
  CHECK(sharing.Ask(Of("default", 5), false) == Answer::kNotGuaranteed);  // and not: never
  sharing.SetClasses({{"t4", {1, 20}}});
  CHECK(sharing.Ask(Of("default", 5), false) == Answer::kGuaranteed);
  sharing.SetClasses({{"t4", {1, 3}}});
  CHECK(sharing.StandingOf("default", "t4").guaranteed == 0);
}

TEST_CASE("of a class that nobody was promised, default alone need not borrow") {
  auto sharing = Faculty();
  CHECK(sharing.Ask(Of("default", 4, false, "a100"), false) == Answer::kGuaranteed);
  CHECK(sharing.Ask(Of("teaching", 1, false, "a100"), true) == Answer::kBorrowed);
  CHECK(sharing.Ask(Of("teaching", 1, false, "a100"), false) == Answer::kNeverGuaranteed);
  CHECK(sharing.Ask(Of("teaching", 0, false, "cpu"), false) == Answer::kGuaranteed);
}

TEST_CASE("what cannot be taken back stays within the guarantee; what can is lent as far as there is") {
  auto sharing = Faculty();
  CHECK(sharing.Ask(Of("physics", 6), false) == Answer::kGuaranteed);  // its part lends it 2
  CHECK(sharing.Ask(Of("physics", 7), false) == Answer::kNeverGuaranteed);
  CHECK(sharing.Ask(Of("physics", 7), true) == Answer::kBorrowed);
  CHECK(sharing.Ask(Of("teaching", 6), true) == Answer::kBorrowed);  // 4 of default, 2 that physics lends
  CHECK(sharing.Ask(Of("teaching", 7), true) == Answer::kNeverGuaranteed);
  sharing.Add(Of("teaching", 5, true));
  CHECK(sharing.Ask(Of("teaching", 2), true) == Answer::kLater);
  CHECK(sharing.Ask(Of("default", 4), false) == Answer::kLater);  // lent, and not back yet
  CHECK(sharing.StandingOf("teaching", "t4").borrowed == 5);
  sharing.Remove(Of("teaching", 5, true));
  CHECK(sharing.StandingOf("teaching", "t4").used == 0);
}

TEST_CASE("limits hold at every level, and those of users within their project") {
  auto sharing = Faculty();
  sharing.SetProjects({{.name = "physics", .classes = {{"t4", {.limit = 3}}, {"a100", {.limit = 0}}}},
                       {.name = "laser", .parent = "physics", .classes = {{"t4", {.user_limit = 2}}}}});
  CHECK(sharing.Ask(Of("laser", 1, false, "a100"), true) == Answer::kNotAllowed);
  CHECK(sharing.Ask(Of("laser", 3), true) == Answer::kNeverUserLimit);
  CHECK(sharing.Ask(Of("physics", 4), true) == Answer::kNeverProjectLimit);
  sharing.Add(Of("laser", 2, true));
  CHECK(sharing.Ask(Of("laser", 1), true) == Answer::kUserLimit);
  CHECK(sharing.Ask({"laser", "ben", "t4", 1, false}, true) == Answer::kBorrowed);
  CHECK(sharing.Ask(Of("physics", 2), true) == Answer::kProjectLimit);
}

TEST_CASE("a guarantee can be had now when devices that are online are not held as guaranteed or by others") {
  auto sharing = Faculty(6);
  CHECK(sharing.HasNow("physics", "t4", 0));
  CHECK_FALSE(sharing.HasNow("physics", "t4", 1));  // of somebody who is no session
  sharing.Add(Of("teaching", 3, true));             // that can be taken back
  CHECK(sharing.HasNow("physics", "t4", 0));
  CHECK_FALSE(Faculty(5).HasNow("physics", "t4", 0));
}

TEST_CASE(
    "a project whose parents lead back to it is a part of none, and one nobody knows is like any other") {
  Sharing sharing;
  sharing.SetProjects(
      {{.name = "a", .parent = "b"}, {.name = "b", .parent = "a"}, {.name = "c", .parent = "gone"}});
  CHECK(sharing.ParentOf(sharing.Find("a")).has_value() != sharing.ParentOf(sharing.Find("b")).has_value());
  CHECK_FALSE(sharing.ParentOf(sharing.Find("c")));
  sharing.Add(Of("left-behind", 2));
  CHECK(sharing.StandingOf("left-behind", "t4").used == 2);
  CHECK(sharing.projects().size() == 5);
}

TEST_CASE("use is charged from the moment it is settled, and goes on from its record") {
  auto sharing = Faculty();
  sharing.Add(Of("physics", 1, false, "a100"));
  sharing.Settle(kNow);
  CHECK(sharing.UseOf("physics", kNow) == 0);
  const auto day = sharing.UseOf("physics", kNow + hours{24});
  CHECK(day > std::int64_t{8} * 86'400'000 * 9 / 10);  // 8 credits for a day, and a little is forgotten
  CHECK(day < std::int64_t{8} * 86'400'000);
  sharing.Remove(Of("physics", 1, false, "a100"));
  sharing.Settle(kNow + hours{24});
  const auto record = sharing.RecordOf("physics");
  REQUIRE(record);
  CHECK(record->first == day);
  CHECK(record->second == kNow + hours{24});

  Sharing anew;
  anew.Restore("physics", record->first, record->second);
  anew.Settle(kNow + hours{300});
  CHECK(anew.UseOf("physics", kNow + hours{24 * 8}) == day / 2);
  CHECK_FALSE(anew.RecordOf("teaching"));
}

// The order in which sessions of these projects would be given a device of one credit each.
std::string Turns(const Sharing& sharing, const std::vector<const char*>& who) {
  FairOrder order(sharing, kNow);
  for (std::size_t i = 0; i < who.size(); ++i) order.Enqueue(sharing.Find(who[i]), i);
  std::string turns;
  while (const auto i = order.Next()) {
    turns += who[*i][0];
    order.Charge(sharing.Find(who[*i]), 1);
  }
  return turns;
}

TEST_CASE("who has used least for its weight has its turn, at every level of the tree") {
  Sharing sharing;
  sharing.SetProjects({{.name = "a", .weight = 2}, {.name = "b"}});
  sharing.SetClasses({{"t4", {1, 10}}});
  CHECK(Turns(sharing, {"a", "a", "a", "a", "b", "b"}) == "abaaba");
  sharing.Add(Of("a", 4, true));
  CHECK(Turns(sharing, {"a", "a", "b", "b", "b"}) == "bbaba");

  sharing.SetProjects(
      {{.name = "a"}, {.name = "b"}, {.name = "x", .parent = "b"}, {.name = "y", .parent = "b"}});
  sharing.Remove(Of("a", 4, true));
  CHECK(Turns(sharing, {"a", "a", "x", "x", "y", "y"}) == "axayxy");
  CHECK(Turns(sharing, {"b", "b", "x", "x"}) == "xbxb");
  CHECK(Turns(sharing, {"a", "b", "x"}) == "axb");  // b's own sessions are a part beside x
}

TEST_CASE("what was used last week counts beside what is held today") {
  Sharing sharing;
  sharing.SetProjects({{.name = "a"}, {.name = "b"}});
  sharing.SetClasses({{"t4", {1, 10}}});
  CHECK(Turns(sharing, {"a", "a", "a", "a", "b", "b"}) == "ababaa");
  sharing.Restore("b", SteadyUse(6, kHalfLife), kNow - kHalfLife);  // of which half is left
  sharing.Settle(kNow);
  CHECK(Turns(sharing, {"a", "a", "a", "a", "b", "b"}) == "aaaabb");
}

}  // namespace
}  // namespace marea::placement
