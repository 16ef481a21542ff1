#include "controllers/placement/class_controller.hpp"

#include <utility>

#include "controllers/placement/snapshot.hpp"

namespace marea::placement {
namespace {

constexpr std::chrono::seconds kBetweenCounts{1};

}  // namespace

ClassController::ClassController(Loop& loop, runtime::Executor& executor, api::World& world,
                                 std::function<bool(const Key&)> taken_up)
    : loop_(loop),
      world_(world),
      taken_up_(std::move(taken_up)),
      controller_(
          loop, executor, {.name = "acceleratorclass", .backoff = {}, .max_in_flight = 16},
          [this](const Key& key, const runtime::Context& context) {
            return DecideStatus(world_, counts_, key, context);
          },
          [](const Key&, const runtime::Action&, const Result<void>&) {}) {
  Listen();
}

ClassController::~ClassController() {
  loop_.Cancel(timer_);
}

void ClassController::Start() {
  started_ = true;
  controller_.Start();
  Changed();
}

void ClassController::Stop() {
  started_ = false;
  controller_.Stop();
}

void ClassController::Listen() {
  world_.nodes.Listen([this](const Key&, const auto& before, const auto& after) {
    if (!before || !after || !LooksTheSame(*before, *after)) Changed();
  });
  const auto changed = [this](const Key&, const auto&, const auto&) { Changed(); };
  world_.pods.Listen(changed);
  world_.sessions.Listen(changed);
  world_.session_classes.Listen(changed);  // what they say decides who waits, and what an admission takes
  world_.accelerator_classes.Listen([this](const Key& key, const auto& before, const auto& after) {
    if (!after) controller_.Forget(key);
    // Our own write, or somebody else's, whose numbers are put right: there is nothing to count anew.
    if (OnlyStatusChanged(before.get(), after.get())) return controller_.Changed(key);
    Changed();
  });
}

void ClassController::Changed() {
  if (!started_ || timer_ != 0) return;
  timer_ = loop_.After(kBetweenCounts, [this] { CountAll(); });
}

void ClassController::CountAll() {
  timer_ = 0;
  if (!started_) return;
  counts_ = CountDevices(world_, taken_up_);
  for (const auto& [key, device] : world_.accelerator_classes.All()) controller_.Changed(key);
}

}  // namespace marea::placement
