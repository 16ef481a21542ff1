#include "controllers/placement/project_status.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace marea::placement {
namespace {

using Json = nlohmann::json;
using std::chrono::hours;

const Time kNow = Time{hours{500000}};

// Four T4 on one node, and the projects of a faculty.
struct Faculty {
  api::World world;
  Time now = kNow;
  State state{world, [this] { return now; }};
  int version = 0;

  Faculty() {
    kube::Node node;
    node.metadata.name = "gpu";
    node.status.allocatable = {{"nvidia.com/gpu", Quantity::FromUnits(4)}};
    node.status.conditions = {{"Ready", "True", "", "", {}}};
    Put(world.nodes, node);
    api::AcceleratorClass t4;
    t4.metadata.name = "t4";
    t4.spec.device.extended_resource.name = "nvidia.com/gpu";
    Put(world.accelerator_classes, t4);
    api::ProjectSpec physics, laser;
    physics.guarantees = {{"t4", 2, {}}};
    laser.parent_name = "physics";
    laser.guarantees = {{"t4", 1, {}}};
    Project("physics", physics);
    Project("laser", laser);
  }
  template <class T>
  void Put(runtime::Cache<T>& cache, T object) {
    object.metadata.resource_version = std::to_string(++version);
    cache.Upsert(std::make_shared<const T>(std::move(object)));
  }
  void Project(const std::string& name, const api::ProjectSpec& spec) {
    api::Project project;
    project.metadata.name = name;
    project.metadata.generation = 1;
    project.spec = spec;
    Put(world.projects, project);
  }
  void Runs(const std::string& name, const std::string& project, std::int64_t count, bool borrowed = false) {
    api::Session session;
    session.metadata.ns = "lab", session.metadata.name = session.metadata.uid = name;
    session.status.user = "ada";
    session.status.project = project;
    const auto kind = borrowed ? api::AdmissionKind::kBorrowed : api::AdmissionKind::kGuaranteed;
    session.status.admission = api::Admission{"t4", count, "gpu", kind, 60, {}};
    Put(world.sessions, session);
    state.SessionChanged({"lab", name});
  }
  void Waits(const std::string& name, const std::string& project, std::int64_t count) {
    auto& request = world.requests[{"lab", name}];
    request.project = project;
    if (count > 0) request.alternatives = {{"t4", count}, {"a100", 9}};
  }
  void Claimed(const std::string& name) {
    kube::Namespace ns;
    ns.metadata.name = name;
    Put(world.namespaces, ns);
  }
  ProjectCounts Count() { return CountProjects(world, state); }
  // "used/guaranteed/borrowed/waiting Now" of its T4.
  std::string T4(const std::string& project) {
    const auto counts = Count();
    for (const auto& c : counts.at(project).classes) {
      if (c.class_name != "t4") continue;
      const auto number = [](const auto& value) { return value ? std::to_string(*value) : std::string("-"); };
      return number(c.used) + "/" + number(c.guaranteed) + "/" + number(c.borrowed) + "/" +
             number(c.waiting) + " " + std::string(json::Name(c.guarantee));
    }
    return "nothing";
  }
  Json Written(const std::string& project) {
    const auto decision = DecideProjectStatus(world, Count(), {"", project}, {.now = now, .entropy = 0});
    if (decision.actions.empty()) return nullptr;
    const auto& patch = std::get<runtime::Patch>(decision.actions.at(0));
    CHECK(patch.type == &api::kProjects);
    CHECK(patch.subresource == "status");
    return Json::parse(patch.body).at("status");
  }
  std::string Said(const std::string& project, const std::string& type) {
    const auto written = Written(project);
    for (const auto& c : written.at("conditions")) {
      if (c.at("type") == type)
        return c.at("status").get<std::string>() + " " + c.at("reason").get<std::string>();
    }
    return "";
  }
};

TEST_CASE("a project is counted with its parts: what they hold, borrow and wait for") {
  Faculty faculty;
  faculty.state.Start();
  CHECK(faculty.T4("physics") == "0/3/0/0 Now");
  CHECK(faculty.T4("laser") == "0/1/0/0 Now");
  CHECK(faculty.T4("default") == "nothing");
  faculty.Runs("one", "laser", 1);
  faculty.Runs("two", "laser", 1, true);
  faculty.Waits("three", "laser", 2);
  faculty.Waits("four", "physics", 0);
  CHECK(faculty.T4("laser") == "2/1/1/2 Now");
  CHECK(faculty.T4("physics") == "2/3/0/2 Now");
  const auto counts = faculty.Count();
  CHECK(counts.at("physics").sessions == 2);
  CHECK(counts.at("physics").waiting == 2);
  CHECK(counts.at("laser").waiting == 1);
  CHECK(counts.at("laser").credits == 2);
  CHECK(counts.at("physics").credits == 0);  // of its own sessions
}

TEST_CASE("a guarantee is to be had after boot where what is online does not do") {
  Faculty faculty;
  faculty.state.Start();
  CHECK(faculty.Said("physics", "Guaranteed") == "True Now");
  faculty.Runs("one", "default", 2);
  CHECK(faculty.T4("physics") == "0/3/0/0 AfterBoot");
  CHECK(faculty.Said("physics", "Guaranteed") == "False AfterBoot");
  faculty.Runs("one", "default", 2, true);  // which can be taken back
  CHECK(faculty.T4("physics") == "0/3/0/0 Now");
  faculty.Project("empty", {});
  CHECK(faculty.Count().contains("empty") == false);
  faculty.state.ProjectsChanged();
  CHECK(faculty.Said("empty", "Guaranteed") == "True Nothing");
}

TEST_CASE("what is wrong with a project is said, and a person must act") {
  Faculty faculty;
  api::ProjectSpec orphan, one, other;
  orphan.parent_name = "gone";
  one.parent_name = "other", other.parent_name = "one";
  one.namespaces = {"shared"};
  faculty.Project("orphan", orphan);
  faculty.Project("one", one);
  faculty.Project("other", other);
  faculty.state.Start();
  CHECK(faculty.Said("orphan", "Ready") == "False ParentNotFound");
  CHECK(faculty.Said("orphan", "Stalled") == "True ParentNotFound");
  const auto circles = (faculty.Said("one", "Ready") == "False ParentCircle") +
                       (faculty.Said("other", "Ready") == "False ParentCircle");
  CHECK(circles == 1);  // where it is cut
  CHECK(faculty.Said("physics", "Ready") == "True Ready");
  CHECK(faculty.Said("physics", "Stalled") == "False Progressing");
  api::ProjectSpec mistyped;
  mistyped.limits = {{"cpu", 1}, {"T4", 1}};
  faculty.Project("mistyped", mistyped);
  faculty.state.ProjectsChanged();
  CHECK(faculty.Said("mistyped", "Stalled") == "True ClassNotFound");

  api::ProjectSpec physics;
  physics.namespaces = {"shared"};
  faculty.Project("physics", physics);
  faculty.Claimed("shared");
  CHECK(faculty.Said("physics", "Stalled") == "True NamespaceConflict");
}

TEST_CASE("a status is written when it comes out otherwise, with the record of use, and else not") {
  Faculty faculty;
  faculty.state.Start();
  const auto written = faculty.Written("laser");
  CHECK(written.at("sessions") == 0);
  CHECK_FALSE(written.contains("fairShare"));
  const auto take = [&] {
    auto project = *faculty.world.projects.Get({"", "laser"});
    const auto count = faculty.Count().at("laser");
    project.status.classes = count.classes;
    project.status.sessions = count.sessions;
    project.status.waiting = count.waiting;
    if (count.use.time) project.status.fair_share = count.use;
    const auto status = faculty.Written("laser");
    if (status.is_object() && status.contains("conditions")) {
      project.status.conditions.clear();
      for (const auto& c : status.at("conditions"))
        project.status.conditions.push_back({c.at("type"), c.at("status"), c.at("reason"), c.at("message"),
                                             c.at("observedGeneration"),
                                             *ParseTime(c.at("lastTransitionTime").get<std::string>())});
    }
    faculty.Put(faculty.world.projects, project);
  };
  take();
  CHECK(faculty.Written("laser") == nullptr);
  faculty.now += hours{100};
  CHECK(faculty.Written("laser") == nullptr);  // no time moves by itself
  faculty.Runs("one", "laser", 1);
  CHECK(faculty.Written("laser").at("fairShare").at("milliCreditSeconds") == 0);
  take();
  faculty.now += hours{100};
  CHECK(faculty.Written("laser") == nullptr);
  faculty.Runs("one", "laser", 2);
  CHECK(faculty.Written("laser").at("fairShare").at("milliCreditSeconds").get<std::int64_t>() > 250'000'000);

  auto counts = faculty.Count();
  auto edited = *faculty.world.projects.Get({"", "laser"});
  edited.metadata.generation = 2;
  faculty.Put(faculty.world.projects, edited);
  CHECK(DecideProjectStatus(faculty.world, counts, {"", "laser"}, {kNow, 0}).actions.empty());
  CHECK(DecideProjectStatus(faculty.world, counts, {"", "nobody"}, {kNow, 0}).actions.empty());
}

}  // namespace
}  // namespace marea::placement
