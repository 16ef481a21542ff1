#include "controllers/placement/controller.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace marea::placement {
namespace {

// Passes are at least so far apart that a burst costs one, and at least as long as the last one took: on a
// large platform half of the loop is for what was decided.
constexpr Duration kShortestPause = std::chrono::milliseconds{10};
// Several times what can be under way at once. Who has not taken a place up after the patience cannot be
// written for some reason of its own, and holds up nobody else.
constexpr std::size_t kMostAdmits = 128;
constexpr std::chrono::seconds kPatience{30};
constexpr Duration kBetweenTold = std::chrono::milliseconds{200};
constexpr std::array kPassBounds{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0};  // seconds
constexpr std::array kArrivalBounds{0.00001, 0.00002, 0.00005, 0.0001,
                                    0.0002,  0.0005,  0.001,   0.01};  // seconds

bool IsAdmit(const api::Proposal& proposal) {
  return std::holds_alternative<api::Admit>(proposal);
}

bool Says(const api::QueueStatus& status, const api::Wait& wait) {
  return status.reason == wait.reason && status.message == wait.message && status.position == wait.position &&
         status.shape == wait.shape;
}

}  // namespace

Controller::Controller(Loop& loop, api::World& world, std::function<bool(const Key&)> taken_up,
                       std::function<void(const Key&)> proposed)
    : loop_(loop),
      world_(world),
      taken_up_(std::move(taken_up)),
      proposed_(std::move(proposed)),
      state_(world, [&loop] { return loop.Now(); }),
      pause_(kShortestPause),
      pass_seconds_(kPassBounds),
      arrival_seconds_(kArrivalBounds) {
  Listen();
}

Controller::~Controller() {
  for (const auto timer : {pass_timer_, look_timer_, tell_timer_}) loop_.Cancel(timer);
}

void Controller::Start() {
  state_.Start();
  Changed();
}

void Controller::Listen() {
  world_.nodes.Listen([this](const Key& key, const auto& before, const auto& after) {
    if (before && after && LooksTheSame(*before, *after)) return;
    if (state_.NodeChanged(key.name)) Changed();
  });
  world_.pods.Listen([this](const Key& key, const auto&, const auto&) {
    if (state_.PodChanged(key)) Changed();
  });
  world_.sessions.Listen([this](const Key& key, const auto&, const auto&) {
    if (state_.SessionChanged(key)) Changed();
  });
  world_.accelerator_classes.Listen([this](const Key&, const auto& before, const auto& after) {
    if (OnlyStatusChanged(before.get(), after.get())) return;
    state_.ClassesChanged();
    Changed();
  });
  world_.session_classes.Listen([this](const Key&, const auto&, const auto&) {
    state_.ClassesChanged();
    Changed();
  });
  world_.projects.Listen([this](const Key&, const auto& before, const auto& after) {
    if (OnlyStatusChanged(before.get(), after.get())) return;
    state_.ProjectsChanged();
    Changed();
  });
}

void Controller::Ask(const Key& session, std::optional<api::Request> request) {
  const auto known = world_.requests.find(session);
  if (!request) {
    if (known == world_.requests.end()) return;
    world_.requests.erase(known);
    world_.told.erase(session);
    Withdraw(session);
    world_.proposals.erase(session);
    const auto now = world_.sessions.Get(session);
    if (!now || !now->status.admission) Changed();  // it may have stood in somebody's way
    return;
  }
  if (known != world_.requests.end() && known->second == *request) return;
  const bool comes = known == world_.requests.end();
  const auto& asked = world_.requests.insert_or_assign(session, std::move(*request)).first->second;
  if (comes && Arrive(session, asked)) return;
  Changed();
}

// Everybody else was told to wait for want of what is not free: what is, is theirs who come. Of several who
// come at once nobody wins by being visited first: a pass decides.
bool Controller::Arrive(const Key& key, const api::Request& request) {
  const auto session = world_.sessions.Get(key);
  if (!settled_ || state_.AwaitsVisits() || !session || session->status.admission) return false;
  const MonotonicTime begin = loop_.Monotonic();
  const auto admit = PlaceArrival(state_.capacity(), state_.sharing(), kept_, key, request, loop_.Now());
  if (admit) Propose(key, *admit);
  arrival_seconds_.Observe(loop_.Monotonic() - begin);
  return admit.has_value();
}

void Controller::Changed() {
  settled_ = false;
  if (pass_timer_ != 0) return;
  const Duration since = loop_.Monotonic() - last_end_;
  pass_timer_ = loop_.After(std::max(Duration{}, pause_ - since), [this] { Pass(); });
}

Waiting Controller::WhoWaits() const {
  Waiting waiting;
  for (const auto& [key, request] : world_.requests) {
    const auto session = world_.sessions.Get(key);
    if (!session || session->status.admission) continue;
    const auto proposal = world_.proposals.find(key);
    const bool acting = proposal != world_.proposals.end() && IsAdmit(proposal->second) && taken_up_(key);
    if (!acting) waiting.push_back({&key, &request});
  }
  return waiting;
}

void Controller::Pass() {
  pass_timer_ = 0;
  if (!world_.Synced()) return;  // the next change, or the last list, asks again
  if (world_.requests.empty()) {
    settled_ = true;
    kept_ = {};
    return;
  }
  const MonotonicTime begin = loop_.Monotonic();
  const auto waiting = WhoWaits();
  for (const auto& waiter : waiting) state_.Promise(*waiter.key, std::nullopt);
  const auto overdue = Overdue(begin);
  auto placed = Place(state_.capacity(), state_.sharing(), waiting, loop_.Now(),
                      {.admits = kMostAdmits, .uncounted = &overdue});
  kept_ = std::move(placed.kept);
  settled_ = std::ranges::all_of(placed.proposals, [](const auto& proposal) { return proposal.has_value(); });
  if (!settled_) LookAgainAfter(kPatience);
  if (placed.next) LookAgainAfter(*placed.next - loop_.Now());
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const auto& waiter = waiting[i];
    if (auto& proposal = placed.proposals[i]) {
      Propose(*waiter.key, std::move(*proposal));
      continue;
    }
    // Who was not looked at this time waits for what was said last, and is promised nothing.
    const auto held = world_.proposals.find(*waiter.key);
    if (held != world_.proposals.end() && IsAdmit(held->second)) {
      promised_.erase(*waiter.key);
      world_.proposals.erase(held);
    }
  }
  last_end_ = loop_.Monotonic();
  pause_ = std::max<Duration>(kShortestPause, last_end_ - begin);
  pass_seconds_.Observe(last_end_ - begin);
}

void Controller::Propose(const Key& key, api::Proposal proposal) {
  if (const auto* admit = std::get_if<api::Admit>(&proposal)) {
    const auto& request = world_.requests.at(key);
    state_.Promise(key, std::pair(UseOf(state_.capacity(), request, *admit), ChargeOf(request, *admit)));
    promised_.try_emplace(key, loop_.Monotonic());
  } else {
    promised_.erase(key);
  }
  const auto held = world_.proposals.find(key);
  if (held != world_.proposals.end() && held->second == proposal) return;
  const auto& now = world_.proposals.insert_or_assign(key, std::move(proposal)).first->second;
  if (IsAdmit(now)) return proposed_(key);
  const auto& wait = std::get<api::Wait>(now);
  if (world_.told.contains(key)) return TellLater(key);
  const auto session = world_.sessions.Get(key);
  const bool told_before = session && !session->status.queue.reason.empty();  // by an earlier process
  if (told_before && !Says(session->status.queue, wait)) return TellLater(key);
  world_.told.emplace(key, wait);
  if (!told_before) proposed_(key);  // a first answer is not kept waiting
}

void Controller::Withdraw(const Key& key) {
  state_.Promise(key, std::nullopt);
  promised_.erase(key);
}

std::set<Key> Controller::Overdue(MonotonicTime now) const {
  std::set<Key> overdue;
  for (const auto& [key, since] : promised_) {
    if (now - since >= kPatience) overdue.insert(key);
  }
  return overdue;
}

// Nothing need change for the time to have come.
void Controller::LookAgainAfter(Duration pause) {
  const MonotonicTime at = loop_.Monotonic() + std::max(pause, kShortestPause);
  if (look_at_ && *look_at_ <= at && *look_at_ > loop_.Monotonic()) return;
  loop_.Cancel(look_timer_);
  look_at_ = at;
  look_timer_ = loop_.After(at - loop_.Monotonic(), [this] {
    look_at_.reset();
    look_timer_ = 0;
    Changed();
  });
}

void Controller::TellLater(const Key& key) {
  if (!will_tell_.insert(key).second) return;
  to_tell_.push_back(key);
  if (tell_timer_ == 0) tell_timer_ = loop_.After(kBetweenTold, [this] { TellOne(); });
}

void Controller::TellOne() {
  tell_timer_ = 0;
  bool told = false;
  while (!told && !to_tell_.empty()) {
    const Key key = std::move(to_tell_.front());
    to_tell_.pop_front();
    will_tell_.erase(key);
    const auto proposal = world_.proposals.find(key);
    const auto* wait =
        proposal == world_.proposals.end() ? nullptr : std::get_if<api::Wait>(&proposal->second);
    if (wait == nullptr) continue;
    const auto said = world_.told.find(key);
    if (said != world_.told.end() && said->second == *wait) continue;
    world_.told.insert_or_assign(key, *wait);
    proposed_(key);
    told = true;
  }
  if (!to_tell_.empty()) tell_timer_ = loop_.After(kBetweenTold, [this] { TellOne(); });
}

}  // namespace marea::placement
