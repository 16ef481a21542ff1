#include "kube/storage.hpp"

#include <catch2/catch.hpp>

namespace marea::kube {
namespace {

struct Case {
  const char* name;
  NodeRequirement requirement;
  bool matches;
};

TEST_CASE("a node is matched by its labels as the scheduler matches them") {
  const StringMap labels{{"zone", "a"}, {"generation", "7"}};
  const Case c = GENERATE_COPY(values<Case>({
      {"a value that is listed", {"zone", "In", {"b", "a"}}, true},
      {"a value that is not", {"zone", "In", {"b"}}, false},
      {"a label it lacks", {"rack", "In", {"1"}}, false},
      {"not in, with another value", {"zone", "NotIn", {"b"}}, true},
      {"not in, without the label", {"rack", "NotIn", {"1"}}, true},
      {"not in, with the value", {"zone", "NotIn", {"a"}}, false},
      {"exists", {"zone", "Exists", {}}, true},
      {"exists not", {"rack", "Exists", {}}, false},
      {"does not exist", {"rack", "DoesNotExist", {}}, true},
      {"does exist", {"zone", "DoesNotExist", {}}, false},
      {"greater", {"generation", "Gt", {"6"}}, true},
      {"not greater than itself", {"generation", "Gt", {"7"}}, false},
      {"less", {"generation", "Lt", {"8"}}, true},
      {"no number", {"zone", "Gt", {"1"}}, false},
      {"compared with no number", {"generation", "Lt", {"8x"}}, false},
      {"compared with two", {"generation", "Lt", {"8", "9"}}, false},
      {"an operator of a later version", {"zone", "Near", {"a"}}, false},
  }));
  CAPTURE(c.name);
  CHECK(Matches({{{{c.requirement}, {}}}}, "n1", labels) == c.matches);
}

TEST_CASE("of a selector one term must hold, of a term all of it, and an empty one holds for no node") {
  const StringMap labels{{"zone", "a"}};
  const NodeRequirement zone{"zone", "In", {"a"}}, other{"zone", "In", {"b"}};
  const NodeRequirement name{"metadata.name", "In", {"n1"}}, unknown{"spec.x", "In", {"n1"}};
  CHECK(Matches({{{{other}, {}}, {{zone}, {}}}}, "n1", labels));
  CHECK_FALSE(Matches({{{{zone, other}, {}}}}, "n1", labels));
  CHECK(Matches({{{{zone}, {name}}}}, "n1", labels));
  CHECK_FALSE(Matches({{{{zone}, {name}}}}, "n2", labels));
  CHECK_FALSE(Matches({{{{}, {unknown}}}}, "n1", labels));
  CHECK_FALSE(Matches({{NodeSelectorTerm{}}}, "n1", labels));
  CHECK_FALSE(Matches({}, "n1", labels));
}

TEST_CASE("where a class makes its volumes is where their pods may stand") {
  StorageClass storage;
  CHECK_FALSE(Topology(storage));
  storage.allowed_topologies = {{{{"zone", {"a", "b"}}}}, {{{"zone", {"c"}}, {"rack", {"1"}}}}};
  const auto selector = Topology(storage);
  REQUIRE(selector);
  CHECK(Matches(*selector, "n", {{"zone", "b"}}));
  CHECK_FALSE(Matches(*selector, "n", {{"zone", "c"}}));
  CHECK(Matches(*selector, "n", {{"zone", "c"}, {"rack", "1"}}));
}

}  // namespace
}  // namespace marea::kube
