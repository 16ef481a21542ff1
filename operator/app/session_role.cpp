#include "app/session_role.hpp"

#include <utility>

#include "base/log.hpp"

namespace marea::app {

SessionRole::SessionRole(Loop& loop, Transports transports, session::Settings settings)
    : loop_(loop),
      watch_transport_(std::move(transports.watches)),
      calls_(*transports.calls, &request_counts_),
      watches_(*watch_transport_, &request_counts_),
      executor_(loop, calls_, gate_, "marea-session"),
      controller_(loop, executor_, world_, std::move(settings)),
      metrics_(MAREA_VERSION, loop.Now()),
      call_transport_(std::move(transports.calls)) {
  Watch(world_.session_classes);
  Watch(world_.accelerator_classes);
  Watch(world_.namespaces);
  Watch(world_.storage_classes);
  Watch(world_.nodes);
  Watch(world_.claims);
  Watch(world_.services);
  Watch(world_.pods);
  Watch(world_.sessions);
  metrics_.Add(controller_.controller());
  metrics_.Add(request_counts_);
}

SessionRole::~SessionRole() = default;

template <class T>
void SessionRole::Watch(runtime::Cache<T>& cache) {
  reflectors_.push_back(runtime::MakeReflector(loop_, calls_, watches_, cache));
  executor_.Register(T::kType, *reflectors_.back());
  metrics_.Add(*reflectors_.back());
}

void SessionRole::Start() {
  for (auto& reflector : reflectors_) reflector->Start();
  StartWhenSynced();
}

void SessionRole::StartWhenSynced() {
  if (!world_.Synced()) {
    loop_.After(std::chrono::milliseconds{20}, [this] { StartWhenSynced(); });
    return;
  }
  log::Info("caches are filled", {{"sessions", std::to_string(world_.sessions.All().size())},
                                  {"pods", std::to_string(world_.pods.All().size())},
                                  {"nodes", std::to_string(world_.nodes.All().size())}});
  controller_.Start();
}

http::ServerAnswer SessionRole::Answer(const std::string& path) const {
  if (path == "/metrics") {
    return {.status = 200,
            .content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = metrics_.Render(loop_.Monotonic())};
  }
  if (path != "/livez" && path != "/readyz")
    return {.status = 404, .body = "There are /livez, /readyz and /metrics.\n"};
  const auto health = path == "/livez" ? runtime::Liveness(Watches(), loop_.Monotonic())
                                       : runtime::Readiness(Watches(), loop_.Monotonic());
  return {.status = health.ok ? 200 : 503, .body = health.text};
}

std::vector<runtime::WatchHealth> SessionRole::Watches() const {
  std::vector<runtime::WatchHealth> watches;
  for (const auto& reflector : reflectors_) watches.push_back(reflector->Health());
  return watches;
}

}  // namespace marea::app
