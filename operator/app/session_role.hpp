// The session role: caches of what it reads and the controllers of sessions and of device classes over them,
// on a loop and transports it is given: real ones in main, simulated ones in operator/simulation.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controllers/placement/status_controller.hpp"
#include "controllers/session/controller.hpp"
#include "controllers/session/metrics.hpp"
#include "http/server.hpp"
#include "http/transport.hpp"
#include "loop/loop.hpp"
#include "runtime/access.hpp"
#include "runtime/health.hpp"
#include "runtime/leader.hpp"
#include "runtime/metrics.hpp"
#include "runtime/reflector.hpp"

namespace marea::app {

// Apart, because a quiet stream wants other time-outs than a call, and a renewal must not wait for either.
struct Transports {
  std::unique_ptr<http::Transport> calls, watches;
  std::unique_ptr<http::Transport> lease = nullptr;  // for an election only
};

struct Election {
  Key lease;
  std::string identity;           // of this process alone
  std::function<void()> on_lost;  // a post on the loop; the process should end
};

// Loop thread only. The loop outlives it.
class SessionRole {
 public:
  // Without an election it leads as soon as it is started.
  SessionRole(Loop& loop, Transports transports, session::Settings settings,
              std::optional<Election> election = std::nullopt);
  ~SessionRole();

  // Starts the watches and stands for election. Who is elected lists all kinds anew: what the former leader
  // gave away last may not have come by the watches yet. The controllers follow when all lists are in.
  void Start();

  // Decides nothing any more, waits two seconds at most for the answers to its writes, and three for its
  // lease to be free for the next. `done` comes as a post.
  void Stop(std::function<void()> done);

  // /livez and /readyz for everybody, /metrics for who may get that URL. `reply` runs on the loop.
  void Serve(const http::ServerRequest& request, std::function<void(http::ServerAnswer)> reply);
  // What these paths say now.
  http::ServerAnswer Answer(const std::string& path) const;

 private:
  template <class T>
  void Watch(runtime::Cache<T>& cache);
  std::unique_ptr<runtime::Leader> MakeLeader(Election election);
  const runtime::Gate& Gate() const;
  void WatchAll();
  void Lead();
  void Lose(const std::string& why);
  void AwaitLists();
  bool Listed() const;
  void DecideNothing();
  void WaitForAnswers(MonotonicTime until, std::function<void()> done);
  void Release(std::function<void()> done);
  std::vector<runtime::WatchHealth> Watches() const;

  Loop& loop_;
  bool session_info_metric_;
  kube::RequestCounts request_counts_;
  std::unique_ptr<http::Transport> watch_transport_, lease_transport_;
  kube::Client calls_, watches_;
  runtime::OpenGate open_gate_;
  std::unique_ptr<runtime::Leader> leader_;  // null without an election
  runtime::Executor executor_;
  api::World world_;
  struct Watched {
    std::unique_ptr<runtime::AnyReflector> reflector;
    std::uint64_t stale_lists = 0;  // complete ones that were asked for before this process led
  };
  std::vector<Watched> watched_;
  bool watching_ = false;
  session::SessionController controller_;
  placement::StatusController status_controller_;
  session::SessionMetrics session_metrics_;
  runtime::Metrics metrics_;
  runtime::Access access_;
  bool stopped_ = false;
  std::unique_ptr<http::Transport>
      call_transport_;  // last: it ends first, so no answer finds its reader gone
};

}  // namespace marea::app
