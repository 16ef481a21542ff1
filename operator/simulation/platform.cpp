#include "simulation/platform.hpp"

#include <cstdio>
#include <stdexcept>
#include <utility>

#include "kube/resource.hpp"

namespace marea::simulation {
namespace {

using namespace std::chrono_literals;
using http::Method;
using testing::At;
using testing::Effect;

constexpr Duration kStep = 250ms;      // between looks at what is waited for
constexpr Duration kRestart = 1s;      // from a process's end to the next one's start
constexpr Duration kPatience = 1h;     // for anything that is waited for
constexpr Duration kRestSpan = 10min;  // without a write
constexpr Duration kBetweenUpgrades = 30s;
constexpr Duration kOutage = 30s, kPause = 40s, kBackupAge = 20s;

Key Lease() {
  return {"marea-system", "marea-session"};
}

session::Settings SettingsOf() {
  return {{{{"20260101", std::string(32, 'k')}}}};
}

http::Request RequestOf(Method method, std::string path, const Json& body, const char* type) {
  http::Request request;
  request.method = method;
  request.path = std::move(path);
  if (!body.is_null()) request.body = body.dump();
  request.content_type = type;
  return request;
}

Json DefaultClass() {
  const auto device = [](const char* name, int most) {
    return Json{{"className", name}, {"maxCount", most}};
  };
  return {{"metadata", {{"name", "default"}}},
          {"spec",
           {{"images", Json::array({{{"name", "lab"}, {"image", "registry.example/lab:1"}},
                                    {{"name", "broken"}, {"image", "registry.example/lab:none"}}})},
            {"resources", {{"default", {{"cpu", "1"}, {"memory", "2Gi"}}}}},
            {"accelerators", Json::array({device("a100", 4), device("t4", 4)})},
            {"defaultDurationSeconds", 28800},
            {"maxDurationSeconds", 86400},
            {"startDeadlineSeconds", 1200}}}};
}

}  // namespace

struct Platform::Replica {
  std::string name, identity;
  int life = 0;  // how often it was started
  std::unique_ptr<SimProcess> process;
  std::unique_ptr<app::SessionRole> role;
};

Platform::Platform(PlatformOptions options)
    : options_(std::move(options)),
      world_(options_.seed),
      api_([this] { return world_.Now(); }),
      laws_(api_),
      cluster_(std::make_unique<testing::FakeCluster>(world_, api_, options_.cluster)) {
  api_.InstallCrds(std::string(MAREA_SOURCE_DIR) + "/crds");
  Furnish();
  api_.Listen([this](const testing::FakeApi::Change& change) {
    if (options_.log) Log(change.type + " " + change.plural + " " + ToString(change.key));
    laws_.Committed(change, *cluster_);
  });
  testing::FakeNetwork::Hooks hooks;
  if (options_.log) hooks.log = [this](const std::string& line) { Log(line); };
  hooks.sending = [this](SimProcess& process, const http::Request& request) {
    if (request.path.find("/leases") != std::string::npos) return;
    CheckLeader(process);
    laws_.Sending(request);
  };
  hooks.answered = [this](SimProcess&, const http::Request& request, const http::Response& response) {
    if (request.method != Method::kGet) laws_.Answered(request, response);
  };
  hooks.strike = options_.strike;
  hooks.admission = [this](const http::Request& request) { return Admission(request); };
  hooks.crash = [this](SimProcess& process) { Crashed(process); };
  network_ = std::make_unique<testing::FakeNetwork>(world_, api_, options_.faults, options_.network,
                                                    std::move(hooks));
  log::SetLevel(log::Level::kDebug);
  log::SetSink([this](log::Level level, std::string_view message, std::initializer_list<log::Pair> pairs) {
    laws_.Logged(level, message, pairs);
    if (options_.log) Log(log::Line(level, message, pairs));
  });
}

Platform::~Platform() {
  for (auto& replica : replicas_) {
    if (replica->process) replica->process->Kill();
    replica->role.reset();
  }
  log::SetSink({});
}

void Platform::Furnish() {
  Apply(kube::kNamespaces, {"", "lab"}, {{"metadata", {{"name", "lab"}}}});
  Apply(kube::kNamespaces, {"", "marea-system"}, {{"metadata", {{"name", "marea-system"}}}});
  Apply(kube::kStorageClasses, {"", "standard"},
        {{"metadata",
          {{"name", "standard"}, {"annotations", {{"storageclass.kubernetes.io/is-default-class", "true"}}}}},
         {"provisioner", "homes.example"},
         {"volumeBindingMode", "WaitForFirstConsumer"}});
  Apply(api::kAcceleratorClasses, {"", "a100"}, DeviceClass("a100", "A100"));
  Apply(api::kAcceleratorClasses, {"", "t4"}, DeviceClass("t4", "T4"));
  Apply(api::kSessionClasses, {"", "default"}, DefaultClass());
}

// --- time

void Platform::Run(Duration span) {
  StartOperators();
  world_.RunFor(span);
}

void Platform::Until(const std::string& what, const std::function<bool()>& holds) {
  StartOperators();
  const auto end = world_.Monotonic() + kPatience;
  while (!holds()) {
    if (world_.Monotonic() >= end) return laws_.Violate("it comes to pass", what);
    world_.RunFor(kStep);
  }
  if (options_.log) Log("reached: " + what);
}

void Platform::Rest() {
  StartOperators();
  const auto end = world_.Monotonic() + kPatience;
  for (auto last = laws_.writes();; last = laws_.writes()) {
    world_.RunFor(kRestSpan);
    if (laws_.writes() == last) return;
    if (world_.Monotonic() >= end)
      return laws_.Violate("it comes to rest", "there are still writes after an hour");
  }
}

// --- people

void Platform::Check(const http::Response& response, const std::string& what) {
  if (response.status >= 300) throw std::runtime_error(what + ": " + response.body);
}

void Platform::Ask(const std::string& session, Json spec) {
  Apply(api::kSessions, {"lab", session},
        {{"metadata", {{"name", session}, {"namespace", "lab"}}}, {"spec", std::move(spec)}});
}

void Platform::Edit(const std::string& session, const Json& spec_patch) {
  Apply(api::kSessions, {"lab", session}, {{"spec", spec_patch}});
}

void Platform::Remove(const std::string& session) {
  Delete(api::kSessions, {"lab", session});
}

void Platform::Apply(const kube::ResourceType& type, const Key& key, Json object) {
  const bool there = api_.Get(type.plural, key) != nullptr;
  if (options_.log) Log("a person applies " + std::string(type.plural) + " " + ToString(key));
  object["apiVersion"] = kube::ApiVersion(type);
  object["kind"] = type.kind;
  Check(there ? api_.Handle(RequestOf(Method::kPatch, kube::ObjectPath(type, key), object,
                                      "application/merge-patch+json"))
              : api_.Handle(
                    RequestOf(Method::kPost, kube::CollectionPath(type, key.ns), object, "application/json")),
        "apply " + std::string(type.plural) + " " + ToString(key));
}

void Platform::Delete(const kube::ResourceType& type, const Key& key) {
  if (options_.log) Log("a person deletes " + std::string(type.plural) + " " + ToString(key));
  Check(api_.Handle(RequestOf(Method::kDelete, kube::ObjectPath(type, key), {}, "")),
        "delete " + ToString(key));
}

// --- the machine room

void Platform::StartOperators() {
  if (std::exchange(started_, true)) return;
  for (int i = 0; i < options_.replicas; ++i) {
    replicas_.push_back(std::make_unique<Replica>());
    replicas_.back()->name = "op" + std::to_string(i + 1);
    Start(*replicas_.back());
  }
  for (const testing::Fault& fault : options_.faults) {
    if (fault.at == At::kSecond) {
      world_.After(std::chrono::seconds{fault.number}, [this, fault] { Strike(fault); });
      if (fault.effect == Effect::kRestore) {
        world_.After(std::chrono::seconds{fault.number} - kBackupAge, [this] { backup_ = api_.Save(); });
      }
    }
  }
}

void Platform::Start(Replica& replica) {
  ++replica.life;
  replica.process = std::make_unique<SimProcess>(world_);
  const std::string name = replica.name + "." + std::to_string(replica.life);
  if (options_.log) Log(name + " starts");
  replica.identity = name;
  app::Transports transports{.calls = network_->Connect(*replica.process, name),
                             .watches = network_->Connect(*replica.process, name)};
  std::optional<app::Election> election;
  if (options_.replicas > 1) {
    transports.lease = network_->Connect(*replica.process, name);
    election = {.lease = Lease(), .identity = name, .on_lost = [this, process = replica.process.get()] {
                  Log("the lease is lost");
                  process->Kill();
                  Crashed(*process);
                }};
  }
  replica.role = std::make_unique<app::SessionRole>(*replica.process, std::move(transports), SettingsOf(),
                                                    std::move(election));
  replica.process->Post([role = replica.role.get()] { role->Start(); });
}

void Platform::End(Replica& replica) {
  replica.process->Kill();
  replica.role.reset();
  ended_.push_back(std::move(replica.process));
}

// Its own code may still be on the stack: it is taken apart from the loop.
void Platform::Crashed(SimProcess& process) {
  for (auto& replica : replicas_) {
    if (replica->process.get() != &process) continue;
    world_.Post([this, r = replica.get(), dead = &process] {
      if (r->process.get() == dead) End(*r);
    });
    world_.After(kRestart, [this, r = replica.get()] {
      if (!r->process) Start(*r);
    });
  }
}

void Platform::RestartOperators() {
  for (auto& replica : replicas_) {
    if (replica->process) End(*replica);
    Start(*replica);
  }
}

void Platform::UpgradeOperators() {
  Duration when{};
  for (auto& replica : replicas_) {
    world_.After(when, [this, r = replica.get()] {
      if (!r->process) return;
      r->role->Stop([this, process = r->process.get()] {
        process->Kill();
        Crashed(*process);
      });
    });
    when += kBetweenUpgrades;
  }
}

std::string Platform::Leader() const {
  const auto lease = api_.Get("leases", Lease());
  return lease ? lease->value(Json::json_pointer("/spec/holderIdentity"), "") : "";
}

// What leaves a process must find its name in the Lease.
void Platform::CheckLeader(const SimProcess& process) {
  if (options_.replicas < 2) return;
  for (const auto& replica : replicas_) {
    if (replica->process.get() == &process && Leader() != replica->identity)
      laws_.Violate("one leader", replica->identity + " writes while " + Leader() + " leads");
  }
}

Platform::Replica* Platform::LeadingReplica() {
  for (auto& replica : replicas_) {
    if (replica->process && replica->identity == Leader()) return replica.get();
  }
  return nullptr;
}

void Platform::PauseLeader(Duration span) {
  auto* leader = LeadingReplica();
  if (leader == nullptr) return;
  Log(leader->identity + " stands still");
  leader->process->Pause();
  world_.After(span, [process = leader->process.get()] { process->Resume(); });
}

void Platform::KillLeader() {
  auto* leader = LeadingReplica();
  if (leader == nullptr) return;
  Log(leader->identity + " is killed");
  leader->process->Kill();
  Crashed(*leader->process);
}

void Platform::Strike(const testing::Fault& fault) {
  Log(testing::ToText(fault));
  auto* leader = options_.replicas > 1 ? LeadingReplica() : replicas_.front().get();
  SimProcess* process = leader == nullptr ? nullptr : leader->process.get();
  switch (fault.effect) {
    case Effect::kClockBack:
    case Effect::kClockForward:
      if (process != nullptr) process->MoveWallClock(fault.effect == Effect::kClockBack ? -5min : 5min);
      break;
    case Effect::kDrift:
      if (process != nullptr) process->SetDrift(50'000);
      break;
    case Effect::kPause:
      if (process == nullptr) break;
      process->Pause();
      world_.After(kPause, [process] { process->Resume(); });
      break;
    case Effect::kKill:
      if (process == nullptr) break;
      process->Kill();
      Crashed(*process);
      break;
    case Effect::kOutage:
      network_->SetReachable(false);
      world_.After(kOutage, [this] { network_->SetReachable(true); });
      break;
    case Effect::kCompact:
      api_.Compact();
      network_->BreakStreams();
      break;
    case Effect::kRestore:
      if (!backup_) break;
      api_.Restore(*backup_);
      cluster_->LookAnew();
      laws_.Restored();
      network_->BreakStreams();
      break;
    default:
      break;
  }
}

void Platform::Forbid(const kube::ResourceType& type, const std::string& message) {
  forbidden_[std::string(type.plural)] = message;
}

std::optional<http::Response> Platform::Admission(const http::Request& request) const {
  if (request.method != Method::kPost) return {};
  const auto forbidden = forbidden_.find(testing::PluralOf(request.path));
  if (forbidden == forbidden_.end() || forbidden->second.empty()) return {};
  const Json status = {{"apiVersion", "v1"},           {"kind", "Status"},      {"status", "Failure"},
                       {"message", forbidden->second}, {"reason", "Forbidden"}, {"code", 403}};
  return http::Response{403, {}, status.dump()};
}

// --- what a person sees

Json Platform::Session(const std::string& name) const {
  const auto session = api_.Get("sessions", {"lab", name});
  return session ? *session : Json::object();
}

std::string Platform::StatusText(const std::string& session, const char* pointer) const {
  const auto object = api_.Get("sessions", {"lab", session});
  const Json::json_pointer at(pointer);
  return object && object->contains(at) ? object->at(at).get<std::string>() : "";
}

std::string Platform::Summary(const std::string& session) const {
  return StatusText(session, "/status/summary");
}

std::string Platform::NodeOf(const std::string& session) const {
  return StatusText(session, "/status/admission/nodeName");
}

bool Platform::Exists(const kube::ResourceType& type, const std::string& name, const std::string& ns) const {
  return api_.Get(type.plural, {type.namespaced ? ns : "", name}) != nullptr;
}

void Platform::Log(const std::string& line) {
  if (!options_.log) return;
  char time[32];
  const auto since = std::chrono::duration_cast<Duration>(world_.Monotonic().time_since_epoch() - 1h).count();
  std::snprintf(time, sizeof time, "%12.6f ", static_cast<double>(since) / 1e6);
  options_.log(time + line);
}

}  // namespace marea::simulation
