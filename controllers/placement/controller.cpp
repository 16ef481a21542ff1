#include "controllers/placement/controller.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "controllers/placement/snapshot.hpp"

namespace marea::placement {
namespace {

// Several times what can be under way at once. Who has not taken a place up after the patience cannot be
// written for some reason of its own, and holds up nobody else.
constexpr std::size_t kMostAdmits = 128;
constexpr std::chrono::seconds kPatience{30};
constexpr std::array kPassBounds{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0};  // seconds

}  // namespace

Controller::Controller(Loop& loop, api::World& world, std::function<bool(const Key&)> taken_up,
                       std::function<void(const Key&)> proposed)
    : loop_(loop),
      world_(world),
      taken_up_(std::move(taken_up)),
      proposed_(std::move(proposed)),
      pass_seconds_(kPassBounds) {
  const auto changed = [this](const Key&, const auto&, const auto&) { Changed(); };
  world_.nodes.Listen([this](const Key&, const auto& before, const auto& after) {
    if (!before || !after || !LooksTheSame(*before, *after)) Changed();
  });
  world_.pods.Listen(changed);
  world_.accelerator_classes.Listen([this](const Key&, const auto& before, const auto& after) {
    if (!OnlyStatusChanged(before.get(), after.get())) Changed();
  });
  world_.session_classes.Listen(changed);
  world_.sessions.Listen(changed);
}

void Controller::Changed() {
  if (scheduled_) return;
  scheduled_ = true;
  const Duration since = loop_.Monotonic() - last_end_;
  loop_.After(std::max(Duration{}, pause_ - since), [this] { Pass(); });
}

void Controller::Pass() {
  scheduled_ = false;
  if (!world_.Synced()) return;  // the next change, or the last list, asks again
  if (world_.requests.empty()) return world_.proposals.clear();

  const MonotonicTime begin = loop_.Monotonic();

  const auto snapshot = Read(world_, taken_up_);
  auto proposals = Place(snapshot, kMostAdmits, Overdue(begin));
  if (proposals.size() < snapshot.waiting.size()) LookAgain();
  for (const auto& [key, request] : world_.requests) {  // who is acting on a proposal keeps it
    const auto held = world_.proposals.find(key);
    if (held == world_.proposals.end() || proposals.contains(key)) continue;
    // Who was not looked at this time waits for what was said last, and is promised nothing.
    const bool waits = std::holds_alternative<api::Wait>(held->second);
    if (waits || !snapshot.waiting.contains(key)) proposals.insert(*held);
  }
  std::swap(world_.proposals, proposals);
  for (const auto& [key, proposal] : world_.proposals) {
    const auto before = proposals.find(key);
    if (before == proposals.end() || before->second != proposal) proposed_(key);
  }
  NotePromises(begin);
  last_end_ = loop_.Monotonic();
  pause_ = std::max<Duration>(kShortestPause, last_end_ - begin);
  pass_seconds_.Observe(last_end_ - begin);
}

std::set<Key> Controller::Overdue(MonotonicTime now) const {
  std::set<Key> overdue;
  for (const auto& [key, since] : promised_) {
    if (now - since >= kPatience) overdue.insert(key);
  }
  return overdue;
}

void Controller::NotePromises(MonotonicTime now) {
  std::map<Key, MonotonicTime> promised;
  for (const auto& [key, proposal] : world_.proposals) {
    if (!std::holds_alternative<api::Admit>(proposal)) continue;
    const auto known = promised_.find(key);
    promised.emplace(key, known == promised_.end() ? now : known->second);
  }
  promised_ = std::move(promised);
}

// Nothing need change for those who were not looked at to have their turn.
void Controller::LookAgain() {
  if (std::exchange(looks_again_, true)) return;
  loop_.After(kPatience, [this] {
    looks_again_ = false;
    Changed();
  });
}

}  // namespace marea::placement
