#include "runtime/event.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "runtime/patch_body.hpp"

namespace marea::runtime {

namespace {

Emit Admitted(const std::string& name = "ada") {
  return {&kube::kPods, {"team-a", name}, "uid-1", false, "Admitted", "on node a100-1", "1"};
}

const Time kNow = *ParseTime("2026-01-05T08:00:00.75Z");

}  // namespace

TEST_CASE("an event is a core/v1 Event about its object") {
  const EventObject event = EventFor(Admitted(), kNow, "marea-session");
  CHECK(event.ns == "team-a");
  const auto json = nlohmann::json::parse(event.body);
  CHECK(json["metadata"]["name"] == event.name);
  CHECK(
      json["involvedObject"] ==
      nlohmann::json{
          {"apiVersion", "v1"}, {"kind", "Pod"}, {"namespace", "team-a"}, {"name", "ada"}, {"uid", "uid-1"}});
  CHECK(json["reason"] == "Admitted");
  CHECK(json["message"] == "on node a100-1");
  CHECK(json["type"] == "Normal");
  CHECK(json["firstTimestamp"] == "2026-01-05T08:00:00Z");
  CHECK(json["lastTimestamp"] == "2026-01-05T08:00:00Z");
  CHECK(json["count"] == 1);
  CHECK(json["reportingComponent"] == "marea-session");
  CHECK(json["source"]["component"] == "marea-session");
}

TEST_CASE("the same occurrence has the same name, another one another") {
  const std::string name = EventFor(Admitted(), kNow, "x").name;
  CHECK(EventFor(Admitted(), kNow + std::chrono::hours(1), "x").name == name);
  CHECK(name.starts_with("ada."));
  Emit other = Admitted();
  SECTION("another run") {
    other.once = "2";
  }
  SECTION("another reason") {
    other.reason = "Queued";
  }
  SECTION("another object of that name") {
    other.regarding_uid = "uid-2";
  }
  CHECK(EventFor(other, kNow, "x").name != name);
}

TEST_CASE("names and messages keep to the API server's bounds") {
  Emit emit = Admitted(std::string(235, 'a') + "-" + std::string(17, 'b'));
  emit.warning = true;
  emit.message = std::string(1023, 'x') + "\xC3\xA9";  // cut in the middle it would be no UTF-8
  const EventObject event = EventFor(emit, kNow, "x");
  CHECK(event.name.size() <= 253);
  CHECK(event.name.find("-.") == std::string::npos);
  const auto json = nlohmann::json::parse(event.body);
  CHECK(json["message"] == std::string(1023, 'x'));
  CHECK(json["type"] == "Warning");
  emit.message = std::string(600, '\xFF');  // grows when it is written
  CHECK(nlohmann::json::parse(EventFor(emit, kNow, "x").body)["message"].get<std::string>().size() <= 1024);
}

TEST_CASE("events about cluster-scoped objects live in the namespace default") {
  Emit emit = Admitted();
  emit.regarding_type = &kube::kNodes;
  emit.regarding = {"", "a100-1"};
  const EventObject event = EventFor(emit, kNow, "x");
  CHECK(event.ns == "default");
  CHECK_FALSE(nlohmann::json::parse(event.body)["involvedObject"].contains("namespace"));
}

TEST_CASE("a patch gets its precondition and nothing else") {
  CHECK(*WithResourceVersion(R"({"status":{"b":1,"a":null}})", "7") ==
        R"({"status":{"b":1,"a":null},"metadata":{"resourceVersion":"7"}})");
  CHECK(*WithResourceVersion(R"({"metadata":{"labels":{"x":"y"}}})", "7") ==
        R"({"metadata":{"labels":{"x":"y"},"resourceVersion":"7"}})");
  for (const auto* bad : {"", "[]", "7", "{", R"({"metadata":[]})"}) {
    CAPTURE(bad);
    CHECK(WithResourceVersion(bad, "7").error().kind == ErrorKind::kInvalid);
  }
}

}  // namespace marea::runtime
