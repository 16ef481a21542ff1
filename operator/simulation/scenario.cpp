#include "simulation/scenario.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <exception>
#include <random>

namespace marea::simulation {
namespace {

using namespace std::chrono_literals;

kube::StringMap Product(const char* name) {
  return {{"nvidia.com/gpu.product", name}};
}

kube::StringMap Machine(int devices) {
  return {{"cpu", "32"}, {"memory", "128Gi"}, {"pods", "110"}, {"nvidia.com/gpu", std::to_string(devices)}};
}

void TwoNodes(Platform& p) {
  p.cluster().AddNode("node-a", Product("A100"), Machine(1), DeviceTaints());
  p.cluster().AddNode("node-t", Product("T4"), Machine(1), DeviceTaints());
}

void UntilSummary(Platform& p, const std::string& session, const std::string& summary) {
  p.Until(session + " is " + summary, [&] { return p.Summary(session) == summary; });
}

// Stopped means gone: no pod, no device held.
void UntilStopped(Platform& p, const std::string& session) {
  UntilSummary(p, session, "Stopped");
  p.Until(session + "'s pod is gone", [&] { return !p.Exists(kube::kPods, session); });
}

void Create(Platform& p) {
  TwoNodes(p);
  p.Ask("ada", Wants({"a100"}));
  UntilSummary(p, "ada", "Ready");
}

void Stop(Platform& p) {
  Create(p);
  p.Edit("ada", {{"desiredState", "Stopped"}});
  UntilStopped(p, "ada");
}

void StartAgain(Platform& p) {
  Stop(p);
  p.Edit("ada", {{"desiredState", "Running"}});
  UntilSummary(p, "ada", "Ready");
}

void Expire(Platform& p) {
  TwoNodes(p);
  Json spec = Wants({"a100"});
  spec["durationSeconds"] = 900;
  p.Ask("ada", spec);
  UntilSummary(p, "ada", "Ready");
  UntilStopped(p, "ada");
}

void DeleteSession(Platform& p) {
  Create(p);
  p.Remove("ada");
  p.Until("all of ada's but the home is gone", [&] {
    return !p.Exists(kube::kPods, "ada") && !p.Exists(kube::kServices, "ada") &&
           p.api().All("secrets").empty();
  });
}

void LoseNode(Platform& p) {
  Create(p);
  p.cluster().AddNode("node-b", Product("A100"), Machine(1), DeviceTaints());
  p.cluster().SilenceNode("node-a");
  p.Run(6min);
  p.cluster().RemoveNode("node-a");
  p.Until("ada is Ready on another node",
          [&] { return p.Summary("ada") == "Ready" && p.NodeOf("ada") == "node-b"; });
}

void EvictPod(Platform& p) {
  Create(p);
  p.cluster().EvictPod({"lab", "ada"}, "The node was low on resource: memory.");
  p.Until("ada is Ready again",
          [&] { return p.Summary("ada") == "Ready" && p.Session("ada")["status"].value("attempt", 0) == 2; });
}

void Alternative(Platform& p) {
  TwoNodes(p);
  Json bobs = Wants({"a100"});
  bobs["user"] = "bob";  // with a home of his own: one that is mounted pins its user's next session
  p.Ask("bob", bobs);
  UntilSummary(p, "bob", "Ready");
  p.Ask("ada", Wants({"a100", "t4"}));
  UntilSummary(p, "ada", "Ready");
  p.Until("ada is on the T4", [&] { return p.NodeOf("ada") == "node-t"; });
}

// Its owner deletes the home while nobody uses it: the next run begins with a new one.
void HomeMissing(Platform& p) {
  Stop(p);
  p.Delete(kube::kClaims, {"lab", "claim-lab"});
  p.Until("the home is gone", [&] { return !p.Exists(kube::kClaims, "claim-lab"); });
  p.Edit("ada", {{"desiredState", "Running"}});
  UntilSummary(p, "ada", "Ready");
}

// The class offers an image that its registry does not have: the session says so, and its owner takes
// another.
void BreakImage(Platform& p) {
  TwoNodes(p);
  p.cluster().BreakImage(
      "registry.example/lab:none",
      {.reason = "ErrImagePull",
       .message = "failed to pull and unpack image \"registry.example/lab:none\": not found"});
  Json spec = Wants({"a100"});
  spec["image"] = "broken";
  p.Ask("ada", spec);
  const auto stalled = [&] {
    for (const auto& condition :
         p.Session("ada").value(Json::json_pointer("/status/conditions"), Json::array()))
      if (condition["type"] == "Stalled" && condition["status"] == "True")
        return condition.value("reason", "");
    return std::string{};
  };
  p.Until("ada stalls for want of the image", [&] { return stalled() == "ImageNotFound"; });
  p.Edit("ada", {{"image", "lab"}, {"run", 2}});
  UntilSummary(p, "ada", "Ready");
  p.Until("ada stalls no longer", [&] { return stalled().empty(); });
}

void EditClass(Platform& p) {
  Create(p);
  p.Apply(api::kSessionClasses, {"", "default"},
          {{"spec", {{"images", Json::array({{{"name", "lab"}, {"image", "registry.example/lab:2"}}})}}}});
  p.Run(3min);  // a watch that fell silent is noticed after two
  const auto image = [&] {
    return (*p.api().Get("pods", {"lab", "ada"}))["spec"]["containers"][0].value("image", "");
  };
  if (image() != "registry.example/lab:1") p.laws().Violate("a class edit replaces no pod", image());
  p.Edit("ada", {{"run", 2}});
  p.Until("ada's second run is Ready",
          [&] { return p.Summary("ada") == "Ready" && p.Session("ada")["status"].value("run", 0) == 2; });
  if (image() != "registry.example/lab:2") p.laws().Violate("the next run follows the class", image());
}

void Twenty(Platform& p) {
  for (const auto* node : {"node-1", "node-2", "node-3", "node-4"})
    p.cluster().AddNode(node, Product("A100"), Machine(4), DeviceTaints());
  const auto name = [](int i) { return "s" + std::to_string(10 + i); };
  const auto count = [&](const char* summary) {
    int found = 0;
    for (int i = 0; i < 20; ++i) found += p.Summary(name(i)) == summary;
    return found;
  };
  for (int i = 0; i < 20; ++i) {
    Json spec = Wants({"a100"});
    spec["user"] = "user-" + std::to_string(i);
    p.Ask(name(i), spec);
  }
  p.Until("sixteen are Ready, four wait", [&] { return count("Ready") == 16 && count("Queued") == 4; });
  for (int i = 0; i < 4; ++i) p.Edit(name(i), {{"desiredState", "Stopped"}});
  p.Until("the four that waited are Ready", [&] { return count("Ready") == 16 && count("Stopped") == 4; });
}

// Two projects and four devices: physics was promised three, and teaching borrows what that leaves.
void Share(Platform& p) {
  p.cluster().AddNode("node-1", Product("A100"), Machine(4), DeviceTaints());
  const auto project = [&](const char* name, int guarantee) {
    p.Apply(api::kProjects, {"", name},
            {{"metadata", {{"name", name}}},
             {"spec",
              {{"namespaces", {"lab"}},
               {"guarantees", Json::array({{{"className", "a100"}, {"count", guarantee}}})}}}});
  };
  project("physics", 3);
  project("teaching", 1);
  const auto ask = [&](const std::string& name, const char* charged, bool preemptible, int count = 1) {
    Json spec = Wants({"a100"}, count);
    spec["user"] = name;
    spec["project"] = charged;
    spec["preemptible"] = preemptible;
    p.Ask(name, spec);
  };
  const auto kind = [&](const std::string& name) {
    return p.Session(name).value(Json::json_pointer("/status/admission/kind"), "");
  };
  ask("t1", "teaching", true);
  p.Until("teaching has one of its own", [&] { return kind("t1") == "Guaranteed"; });
  for (const auto* name : {"t2", "t3"}) ask(name, "teaching", true);
  p.Until("and two that are lent",
          [&] { return kind("t2") == "Borrowed" && kind("t3") == "Borrowed" && p.Summary("t2") == "Ready"; });
  ask("p1", "physics", false);
  p.Until("physics has one", [&] { return kind("p1") == "Guaranteed"; });
  ask("p2", "physics", false);
  p.Until("and waits for another", [&] { return p.Summary("p2") == "Queued"; });
  ask("t4", "teaching", true);
  p.Until("teaching waits", [&] { return p.Summary("t4") == "Queued"; });
  ask("t5", "teaching", false, 2);
  p.Until("and who can never be placed is told", [&] {
    return p.Session("t5").value(Json::json_pointer("/status/queue/reason"), "") == "ProjectLimit";
  });
  p.Edit("t2", {{"desiredState", "Stopped"}});
  UntilStopped(p, "t2");
  p.Until("what was lent goes to whom it was promised", [&] { return kind("p2") == "Guaranteed"; });
  UntilSummary(p, "p2", "Ready");
}

// "http://10.0.3.7:8888/" -> "http://ADDRESS:8888/"; of equal, numbered nodes any is right: "node-3" ->
// "NODE".
std::string MaskedText(const std::string& text) {
  if (ParseTime(text)) return "TIME";
  std::string masked;
  for (std::size_t at = 0; at < text.size();) {
    const bool begins = at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
    const std::string_view rest = std::string_view(text).substr(at);
    if (begins && rest.starts_with("10.")) {
      masked += "ADDRESS";
      at += std::min(rest.find_first_not_of("0123456789."), rest.size());
    } else if (begins && rest.size() > 5 && rest.starts_with("node-") &&
               std::isdigit(static_cast<unsigned char>(rest[5])) != 0) {
      masked += "NODE";
      at += 6;
    } else {
      masked += text[at++];
    }
  }
  return masked;
}

void Mask(Json& value) {
  if (value.is_string()) {
    value = MaskedText(value.get_ref<const std::string&>());
  } else {
    for (auto& item : value) {
      if (item.is_structured() || item.is_string()) Mask(item);
    }
  }
}

// What two runs of one story may differ in: clocks, versions, addresses.
std::string Masked(testing::FakeApi& api) {
  std::string text;
  for (const char* plural : {"sessions", "acceleratorclasses", "projects", "pods", "services", "secrets",
                             "persistentvolumeclaims"}) {
    for (const auto& [key, object] : api.All(plural)) {
      Json masked = *object;
      for (const char* field : {"resourceVersion", "uid", "managedFields", "generation"})
        masked["metadata"].erase(field);
      for (auto& owner : masked["metadata"]["ownerReferences"]) owner.erase("uid");
      if (std::string_view(plural) == "secrets") masked.erase("data");  // signed over the uid
      if (std::string_view(plural) == "persistentvolumeclaims") masked["spec"].erase("volumeName");
      if (std::string_view(plural) == "projects") masked["status"].erase("fairShare");  // goes by the clock
      Mask(masked);
      text += std::string(plural) + " " + ToString(key) + " " + masked.dump() + "\n";
    }
  }
  return text;
}

}  // namespace

const std::vector<Scenario>& Scenarios() {
  static const std::vector<Scenario> kScenarios{{"create", Create, 10},
                                                {"stop", Stop, 15},
                                                {"start", StartAgain, 25},
                                                {"expire", Expire, 920},
                                                {"delete", DeleteSession, 15},
                                                {"node-lost", LoseNode, 380},
                                                {"evicted", EvictPod, 20},
                                                {"alternative", Alternative, 20},
                                                {"home-missing", HomeMissing, 30},
                                                {"image-broken", BreakImage, 20},
                                                {"class-edited", EditClass, 200},
                                                {"twenty", Twenty, 30},
                                                {"shared", Share, 40}};
  return kScenarios;
}

std::string ToText(const Lag& lag) {
  std::string text;
  for (const auto& [plural, span] : lag)
    text += (text.empty() ? "" : ",") + plural + ":" + std::to_string(span.count());
  return text;
}

Result<Lag> ParseLag(std::string_view text) {
  Lag lag;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto part = text.substr(begin, text.find(',', begin) - begin);
    begin += part.size() + 1;
    const auto mark = std::min(part.find(':'), part.size());
    const auto number = part.substr(std::min(mark + 1, part.size()));
    int seconds = 0;
    const auto read = std::from_chars(number.begin(), number.end(), seconds);
    if (mark == 0 || read.ec != std::errc{} || read.ptr != number.end() || seconds < 1)
      return Fail(ErrorKind::kInvalid,
                  "a lag is a plural and seconds, such as pods:60; not " + std::string(part));
    lag[std::string(part.substr(0, mark))] = std::chrono::seconds{seconds};
  }
  return lag;
}

std::string ToText(const RunSpec& spec) {
  std::string text = "make -s sim SEED=" + std::to_string(spec.seed) + " SCENARIO=" + spec.scenario;
  if (!spec.faults.empty()) text += " FAULT=" + testing::ToText(spec.faults);
  if (spec.replicas != 1) text += " REPLICAS=" + std::to_string(spec.replicas);
  if (!spec.lag.empty()) text += " LAG=" + ToText(spec.lag);
  return text;
}

Outcome Play(const RunSpec& spec, const std::function<void(const std::string&)>& log,
             const testing::Striker& strike) {
  PlatformOptions options{
      .seed = spec.seed, .faults = spec.faults, .replicas = spec.replicas, .log = log, .strike = strike};
  options.network.lag.insert(spec.lag.begin(), spec.lag.end());
  Platform platform(std::move(options));
  Outcome outcome;
  try {
    std::ranges::find(Scenarios(), spec.scenario, &Scenario::name)->play(platform);
    platform.Rest();
    const auto before = platform.laws().writes();
    platform.RestartOperators();
    platform.Run(5min);
    if (platform.laws().writes() != before)
      platform.laws().Violate("a restart at rest writes nothing", spec.scenario);
  } catch (const std::exception& error) {
    platform.laws().Violate("no surprise", error.what());
  }
  outcome.violations = platform.laws().violations();
  outcome.end_state = Masked(platform.api());
  outcome.made_and_deleted = platform.laws().made_and_deleted();
  outcome.counts = platform.network().counts();
  outcome.steps = platform.world().Steps();
  outcome.struck = platform.network().struck();
  return outcome;
}

RunSpec Draw(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  const auto& scenario = Scenarios()[below(Scenarios().size())];
  RunSpec spec{.scenario = scenario.name, .seed = seed};
  const auto faults = 1 + below(3);
  for (std::uint64_t i = 0; i < faults; ++i) {
    const auto at = static_cast<testing::At>(below(4));
    const auto& effects = testing::EffectsAt(at);
    const std::uint64_t reach =
        at == testing::At::kSecond ? static_cast<std::uint64_t>(scenario.seconds) : 30;
    spec.faults.push_back({at, 1 + below(reach), effects[below(effects.size())]});
  }
  return spec;
}

}  // namespace marea::simulation
