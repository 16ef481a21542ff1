#include "controllers/api/projects.hpp"

#include <catch2/catch.hpp>

namespace marea::api {
namespace {

void Put(World& world, const std::string& name, const ProjectSpec& spec) {
  Project project;
  project.metadata.name = name;
  project.metadata.resource_version = "1";
  project.spec = spec;
  world.projects.Upsert(std::make_shared<const Project>(std::move(project)));
}

ProjectSpec Listing(std::vector<std::string> namespaces) {
  ProjectSpec spec;
  spec.namespaces = std::move(namespaces);
  return spec;
}

ProjectSpec Selecting(LabelSelector selector) {
  ProjectSpec spec;
  spec.namespace_selector = std::move(selector);
  return spec;
}

kube::Namespace Place(const std::string& name, const kube::StringMap& labels = {}) {
  kube::Namespace ns;
  ns.metadata.name = name;
  ns.metadata.labels = labels;
  return ns;
}

std::string Chosen(const World& world, const kube::Namespace& ns, const std::string& asked = "") {
  const auto choice = ChooseProject(world, ns, asked);
  CHECK(choice.project.empty() == !choice.message.empty());
  return choice.project.empty() ? choice.reason : choice.project;
}

TEST_CASE("without Projects everybody is charged to default") {
  World world;
  CHECK(Chosen(world, Place("lab")) == "default");
  CHECK(Chosen(world, Place("lab"), "default") == "default");
  CHECK(Chosen(world, Place("lab"), "physics") == "ProjectNotFound");
}

TEST_CASE("a namespace is charged to the one that claims it, and of several to the one that is asked for") {
  World world;
  Put(world, "physics", Listing({"lab"}));
  Put(world, "teaching", Selecting({{{"course", "ml"}}, {}}));
  CHECK(Chosen(world, Place("lab")) == "physics");
  CHECK(Chosen(world, Place("lab"), "physics") == "physics");
  CHECK(Chosen(world, Place("lab"), "default") == "ProjectNotAllowed");
  CHECK(Chosen(world, Place("lab"), "teaching") == "ProjectNotAllowed");
  CHECK(Chosen(world, Place("class", {{"course", "ml"}})) == "teaching");
  CHECK(Chosen(world, Place("lab", {{"course", "ml"}})) == "ProjectAmbiguous");
  CHECK(Chosen(world, Place("lab", {{"course", "ml"}}), "teaching") == "teaching");
  CHECK(Chosen(world, Place("elsewhere")) == "default");
  CHECK(Claiming(world, Place("lab", {{"course", "ml"}})) == std::vector<std::string>{"physics", "teaching"});
}

TEST_CASE("a namespace is contested when several claim it, in whatever way, and while it is there") {
  World world;
  Put(world, "physics", Listing({"lab", "lab2", "gone"}));
  Put(world, "staff", Listing({"lab2", "gone"}));
  Put(world, "teaching", Selecting({{{"course", "ml"}}, {}}));
  CHECK(Contested(world).empty());
  for (auto ns : {Place("lab", {{"course", "ml"}}), Place("lab2"), Place("free", {{"course", "ml"}})}) {
    ns.metadata.resource_version = "2";
    world.namespaces.Upsert(std::make_shared<const kube::Namespace>(ns));
  }
  using Names = std::vector<std::string>;
  CHECK(Contested(world) == std::map<std::string, Names>{{"lab", Names{"physics", "teaching"}},
                                                         {"lab2", Names{"physics", "staff"}}});
}

TEST_CASE("default is for all until it says whom it is for") {
  World world;
  Put(world, "default", {});
  CHECK(Chosen(world, Place("lab")) == "default");
  Put(world, "physics", Listing({"lab"}));
  CHECK(Chosen(world, Place("other")) == "default");
  World closed;
  Put(closed, "default", Listing({"lab"}));
  CHECK(Chosen(closed, Place("lab")) == "default");
  CHECK(Chosen(closed, Place("other")) == "NamespaceHasNoProject");
  CHECK(Chosen(closed, Place("other"), "default") == "ProjectNotAllowed");
}

TEST_CASE("a selector holds when all its terms do, and one without terms always") {
  const kube::StringMap labels{{"a", "1"}, {"b", "2"}};
  CHECK(Matches({}, labels));
  CHECK(Matches({{{"a", "1"}}, {}}, labels));
  CHECK_FALSE(Matches({{{"a", "2"}}, {}}, labels));
  CHECK(Matches({{{"a", "1"}}, {{"b", "In", {"2", "3"}}, {"c", "DoesNotExist", {}}}}, labels));
  CHECK_FALSE(Matches({{{"a", "1"}}, {{"b", "NotIn", {"2"}}}}, labels));
  CHECK_FALSE(Matches({{}, {{"c", "Exists", {}}}}, labels));
}

}  // namespace
}  // namespace marea::api
