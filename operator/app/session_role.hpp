// The session role: caches of what it reads, the session controller over them, and the server that tells how
// it fares.
#pragma once

#include <memory>
#include <vector>

#include "app/options.hpp"
#include "controllers/session/controller.hpp"
#include "http/server.hpp"
#include "kube/config.hpp"
#include "loop/loop.hpp"
#include "runtime/health.hpp"
#include "runtime/metrics.hpp"
#include "runtime/reflector.hpp"

namespace marea::app {

class SessionRole {
 public:
  SessionRole(Loop& loop, const kube::Config& config, session::Settings settings);
  ~SessionRole();

  // Starts to answer /livez, /readyz and /metrics; the port it was given. Errors: as http::Server::Start.
  Result<std::uint16_t> Serve(const Options& options);

  // Starts the watches; the controller follows when all caches are filled.
  void Start();

 private:
  template <class T>
  void Watch(runtime::Cache<T>& cache);
  void StartWhenSynced();
  http::ServerAnswer Answer(const std::string& path) const;
  std::vector<runtime::WatchHealth> Watches() const;

  Loop& loop_;
  kube::RequestCounts request_counts_;
  http::CppRestTransport watch_transport_;  // apart from the calls: a quiet stream wants other time-outs
  kube::Client calls_, watches_;
  runtime::OpenGate gate_;
  runtime::Executor executor_;
  api::World world_;
  std::vector<std::unique_ptr<runtime::AnyReflector>> reflectors_;
  session::SessionController controller_;
  runtime::Metrics metrics_;
  http::CppRestTransport call_transport_;  // last: it ends first, so that no answer finds its reader gone
  std::unique_ptr<http::Server> server_;
};

}  // namespace marea::app
