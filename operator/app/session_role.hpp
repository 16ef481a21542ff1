// The session role: caches of what it reads and the session controller over them, on a loop and transports it
// is given: real ones in main, simulated ones in operator/simulation.
#pragma once

#include <memory>
#include <vector>

#include "controllers/session/controller.hpp"
#include "http/server.hpp"
#include "http/transport.hpp"
#include "loop/loop.hpp"
#include "runtime/health.hpp"
#include "runtime/metrics.hpp"
#include "runtime/reflector.hpp"

namespace marea::app {

// Apart, because a quiet stream wants other time-outs than a call.
struct Transports {
  std::unique_ptr<http::Transport> calls, watches;
};

// Loop thread only. The loop outlives it.
class SessionRole {
 public:
  SessionRole(Loop& loop, Transports transports, session::Settings settings);
  ~SessionRole();

  // Starts the watches; the controller follows when all caches are filled.
  void Start();

  // What /livez, /readyz and /metrics answer now.
  http::ServerAnswer Answer(const std::string& path) const;

 private:
  template <class T>
  void Watch(runtime::Cache<T>& cache);
  void StartWhenSynced();
  std::vector<runtime::WatchHealth> Watches() const;

  Loop& loop_;
  kube::RequestCounts request_counts_;
  std::unique_ptr<http::Transport> watch_transport_;
  kube::Client calls_, watches_;
  runtime::OpenGate gate_;
  runtime::Executor executor_;
  api::World world_;
  std::vector<std::unique_ptr<runtime::AnyReflector>> reflectors_;
  session::SessionController controller_;
  runtime::Metrics metrics_;
  std::unique_ptr<http::Transport>
      call_transport_;  // last: it ends first, so no answer finds its reader gone
};

}  // namespace marea::app
