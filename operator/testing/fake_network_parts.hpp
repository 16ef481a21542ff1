// The inside of a FakeNetwork: what its calls and streams share. Everything runs on the world's thread.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "testing/fake_network.hpp"

namespace marea::testing {

class FakeStream;

struct FakeNetwork::Impl {
  Impl(SimLoop& w, FakeApi& a, FaultPlan p, Options o, Hooks h)
      : world(w), api(a), plan(std::move(p)), options(std::move(o)), hooks(std::move(h)) {}

  // From `base` to twice that, by the world's seed.
  Duration Spread(Duration base) {
    const auto span = static_cast<std::uint64_t>(base.count()) + 1;
    return base + Duration{static_cast<Duration::rep>(world.Random() % span)};
  }

  // What befalls this one; it counts as struck.
  std::optional<Effect> Strike(At at, std::uint64_t number, const http::Request& request) {
    const auto planned =
        std::ranges::find_if(plan, [&](const Fault& f) { return f.at == at && f.number == number; });
    std::optional<Effect> effect;
    if (planned != plan.end()) effect = planned->effect;
    if (!effect && hooks.strike) effect = hooks.strike(at, number, request);
    if (effect) ++struck;
    return effect;
  }

  void Log(const std::string& line) const {
    if (hooks.log) hooks.log(line);
  }

  void Crash(SimProcess& process) {
    if (!process.Alive()) return;
    process.Kill();
    if (hooks.crash) hooks.crash(process);
  }

  SimLoop& world;
  FakeApi& api;
  FaultPlan plan;
  Options options;
  Hooks hooks;
  bool replays = hooks.strike || std::ranges::find(plan, Effect::kStale, &Fault::effect) != plan.end();
  Counts counts;
  int struck = 0;
  bool reachable = true;
  std::uint64_t opened = 0;
  std::map<std::uint64_t, FakeStream*> streams;  // open ones, in the order they were opened
};

// "pods" for "/api/v1/namespaces/lab/pods/ada/status?x=y"; empty for a path that is none.

// One stream as the server's side holds it. Lines wait in the world for their time; whoever reads them is
// told on the process.
class FakeStream : public std::enable_shared_from_this<FakeStream> {
 public:
  FakeStream(std::shared_ptr<FakeNetwork::Impl> net, SimProcess& process, std::string name,
             http::Request request, http::StreamEvents events);

  void Begin();                       // the request has come to the server
  void ServerEnds(Result<void> how);  // the server, or the way to it, breaks it
  void Cancel();                      // by its owner

 private:
  using Telling = std::function<void(FakeStream&)>;
  void Detach();
  void Front(Telling what);
  void Later(Duration extra, Telling what);
  void Deliver(MonotonicTime when, Telling what);
  void EndInTime();
  void ScheduleBookmark();
  void Say(std::string line, Duration extra = {});
  void Line(const std::string& line);
  void Distort(Effect effect, const std::string& line);
  void Pass(const std::string& line);
  std::string FormerOf(const std::string& line) const;
  void Coalesce(const std::string& line);
  void Break();
  void End(const Result<void>& how);

  std::shared_ptr<FakeNetwork::Impl> net_;
  SimProcess& process_;
  std::string name_, plural_;
  http::Request request_;
  http::StreamEvents events_;
  FakeApi::WatchId id_ = 0;
  std::uint64_t serial_ = 0;
  MonotonicTime last_{};
  std::vector<std::string> told_;  // only when something may be told again
  std::optional<std::string> held_;
  bool closed_ = false, silent_ = false;
};

}  // namespace marea::testing
