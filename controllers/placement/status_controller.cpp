#include "controllers/placement/status_controller.hpp"

#include <utility>

namespace marea::placement {
namespace {

constexpr std::chrono::seconds kBetweenCounts{1};

void NoteNothing(const Key&, const runtime::Action&, const Result<void>&) {}

}  // namespace

StatusController::StatusController(Loop& loop, runtime::Executor& executor, api::World& world, State& state)
    : loop_(loop),
      world_(world),
      state_(state),
      classes_(
          loop, executor, {.name = "acceleratorclass", .backoff = {}, .max_in_flight = 16},
          [this](const Key& key, const runtime::Context& context) {
            return DecideClassStatus(world_, device_counts_, key, context);
          },
          NoteNothing),
      projects_(
          loop, executor, {.name = "project", .backoff = {}, .max_in_flight = 16},
          [this](const Key& key, const runtime::Context& context) {
            return DecideProjectStatus(world_, project_counts_, key, context);
          },
          NoteNothing) {
  Listen();
}

StatusController::~StatusController() {
  loop_.Cancel(timer_);
}

void StatusController::Start() {
  started_ = true;
  classes_.Start();
  projects_.Start();
  Changed();
}

void StatusController::Stop() {
  started_ = false;
  classes_.Stop();
  projects_.Stop();
}

void StatusController::Listen() {
  world_.nodes.Listen([this](const Key&, const auto& before, const auto& after) {
    if (!before || !after || !LooksTheSame(*before, *after)) Changed();
  });
  const auto changed = [this](const Key&, const auto&, const auto&) { Changed(); };
  world_.pods.Listen(changed);
  world_.sessions.Listen(changed);
  world_.session_classes.Listen(changed);  // what they say decides who waits, and what an admission takes
  world_.namespaces.Listen(changed);
  const auto listen = [this](auto& cache, runtime::Controller& controller) {
    cache.Listen([this, &controller](const Key& key, const auto& before, const auto& after) {
      if (!after) controller.Forget(key);
      // Our own write, or somebody else's, whose numbers are put right: there is nothing to count anew.
      if (OnlyStatusChanged(before.get(), after.get())) return controller.Changed(key);
      Changed();
    });
  };
  listen(world_.accelerator_classes, classes_);
  listen(world_.projects, projects_);
}

void StatusController::Changed() {
  if (!started_ || timer_ != 0) return;
  timer_ = loop_.After(kBetweenCounts, [this] { CountAll(); });
}

void StatusController::CountAll() {
  timer_ = 0;
  if (!started_) return;
  device_counts_ = CountDevices(world_, state_.capacity());
  project_counts_ = CountProjects(world_, state_);
  for (const auto& [key, device] : world_.accelerator_classes.All()) classes_.Changed(key);
  for (const auto& [key, project] : world_.projects.All()) projects_.Changed(key);
}

}  // namespace marea::placement
