#include "app/session_role.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "controllers/api/prune.hpp"
#include "controllers/placement/metrics.hpp"

namespace marea::app {

namespace {

constexpr std::chrono::milliseconds kPause{20};
// A lease that is free is taken sooner, and then all is listed once. Who must stand by lists while it waits.
constexpr std::chrono::milliseconds kFreeLease{500};
constexpr std::chrono::seconds kWritesInFlight{2};
constexpr std::chrono::seconds kRelease{3};

http::ServerAnswer Refused(runtime::Verdict verdict) {
  switch (verdict) {
    case runtime::Verdict::kNobody:
      return {.status = 401,
              .body = "Send a token of this cluster: Authorization: Bearer …, as of a service account.\n"};
    case runtime::Verdict::kForbidden:
      return {.status = 403,
              .body = "You may not get /metrics; ClusterRole marea-metrics-reader allows it.\n"};
    default:
      return {.status = 503, .body = "The API server does not say who may read this; ask again.\n"};
  }
}

}  // namespace

SessionRole::SessionRole(Loop& loop, Transports transports, session::Settings settings,
                         std::optional<Election> election)
    : loop_(loop),
      session_info_metric_(settings.session_info_metric),
      request_counts_([&loop] { return loop.Monotonic(); }),
      watch_transport_(std::move(transports.watches)),
      lease_transport_(std::move(transports.lease)),
      calls_(*transports.calls, &request_counts_),
      watches_(*watch_transport_, &request_counts_),
      leader_(election ? MakeLeader(std::move(*election)) : nullptr),
      executor_(loop, calls_, Gate(), "marea-session"),
      controller_(loop, executor_, world_, std::move(settings)),
      status_controller_(loop, executor_, world_, controller_.state()),
      session_metrics_(world_),
      metrics_(MAREA_VERSION, loop.Now()),
      access_(loop, calls_),
      call_transport_(std::move(transports.calls)) {
  Watch(world_.session_classes);
  Watch(world_.accelerator_classes);
  Watch(world_.projects);
  Watch(world_.namespaces);
  Watch(world_.storage_classes);
  Watch(world_.nodes);
  Watch(world_.volumes);
  Watch(world_.claims);
  Watch(world_.warnings);
  Watch(world_.ingresses);
  if (world_.gateway_api) Watch(world_.http_routes);
  Watch(world_.services);
  Watch(world_.pods);
  Watch(world_.sessions);
  metrics_.Add(controller_.controller());
  metrics_.Add(status_controller_.classes());
  metrics_.Add(status_controller_.projects());
  metrics_.Add(request_counts_);
  metrics_.Add(Gate(), "session");
  metrics_.Add([this](runtime::Scrape& scrape) {
    session_metrics_.Report(loop_.Now(), session_info_metric_, scrape);
    placement::Report(status_controller_, controller_.placement(), loop_.Now(), scrape);
  });
}

SessionRole::~SessionRole() = default;

std::unique_ptr<runtime::Leader> SessionRole::MakeLeader(Election election) {
  runtime::Leader::Events events{.on_leading = [this] { Lead(); },
                                 .on_lost =
                                     [this, on_lost = std::move(election.on_lost)](const std::string& why) {
                                       Lose(why);
                                       on_lost();
                                     }};
  return std::make_unique<runtime::Leader>(
      loop_, kube::Client(*lease_transport_, &request_counts_), std::move(election.lease),
      runtime::ElectionOptions{.identity = std::move(election.identity)}, std::move(events));
}

const runtime::Gate& SessionRole::Gate() const {
  if (leader_) return *leader_;
  return open_gate_;
}

template <class T>
void SessionRole::Watch(runtime::Cache<T>& cache) {
  watched_.push_back({runtime::MakeReflector<T>(loop_, calls_, watches_, cache, api::Prune)});
  auto& reflector = *watched_.back().reflector;
  executor_.Register(T::kType, reflector);
  cache.ListenForEpochs([this, noticed = &reflector] {
    loop_.Post([this, noticed] {
      for (auto& watched : watched_) {
        if (watched.reflector.get() != noticed) watched.reflector->BeginEpoch();
      }
    });
  });
  metrics_.Add(reflector);
}

void SessionRole::Start() {
  if (leader_) {
    leader_->Start();
    loop_.After(kFreeLease, [this] { WatchAll(); });
  } else {
    WatchAll();
    AwaitLists();
  }
}

void SessionRole::WatchAll() {
  if (std::exchange(watching_, true)) return;
  for (auto& watched : watched_) watched.reflector->Start();
}

void SessionRole::Lead() {
  for (auto& watched : watched_) {
    watched.stale_lists = watched.reflector->Health().lists;
    if (watching_) watched.reflector->ListAnew();  // else nothing was listed yet
  }
  WatchAll();
  AwaitLists();
}

void SessionRole::Lose(const std::string& why) {
  DecideNothing();
  log::Error("this process leads no longer and ends", {{"why", why}});
}

bool SessionRole::Listed() const {
  return std::ranges::all_of(watched_, [](const Watched& watched) {
    return watched.reflector->Health().lists > watched.stale_lists;
  });
}

void SessionRole::AwaitLists() {
  if (stopped_) return;
  if (!Listed()) {
    loop_.After(kPause, [this] { AwaitLists(); });
    return;
  }
  log::Info("all is listed, deciding", {{"sessions", std::to_string(world_.sessions.All().size())},
                                        {"pods", std::to_string(world_.pods.All().size())},
                                        {"nodes", std::to_string(world_.nodes.All().size())}});
  session_metrics_.Start();
  controller_.Start();
  status_controller_.Start();
}

void SessionRole::DecideNothing() {
  stopped_ = true;
  controller_.Stop();
  status_controller_.Stop();
}

void SessionRole::Stop(std::function<void()> done) {
  DecideNothing();
  WaitForAnswers(loop_.Monotonic() + kWritesInFlight, std::move(done));
}

void SessionRole::WaitForAnswers(MonotonicTime until, std::function<void()> done) {
  const bool in_flight = controller_.controller().AnyInFlight() || status_controller_.AnyInFlight();
  if (!in_flight || loop_.Monotonic() >= until) return Release(std::move(done));
  loop_.After(kPause, [this, until, done = std::move(done)] { WaitForAnswers(until, done); });
}

void SessionRole::Release(std::function<void()> done) {
  if (!leader_) return loop_.Post(std::move(done));
  // Whichever comes first.
  const auto once = std::make_shared<std::function<void()>>(std::move(done));
  const auto finish = [once] {
    if (const auto first = std::exchange(*once, nullptr)) first();
  };
  loop_.After(kRelease, finish);
  leader_->Release(finish);
}

void SessionRole::Serve(const http::ServerRequest& request, std::function<void(http::ServerAnswer)> reply) {
  if (request.path != "/metrics") return reply(Answer(request.path));
  access_.MayGet(request.path, request.bearer_token,
                 [this, path = request.path, reply = std::move(reply)](runtime::Verdict verdict) {
                   reply(verdict == runtime::Verdict::kAllowed ? Answer(path) : Refused(verdict));
                 });
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
  for (const auto& watched : watched_) watches.push_back(watched.reflector->Health());
  return watches;
}

}  // namespace marea::app
