#include "runtime/controller.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.hpp"

namespace marea::runtime {

namespace {

constexpr int kBatch = 128;    // decisions before the loop may do something else
constexpr int kMaxSteps = 32;  // a session needs about ten from apply to Ready
constexpr Duration kLongestSleep = std::chrono::minutes{10};  // a wall clock that was set is noticed by then

void Mix(std::size_t& hash, std::string_view text) {
  hash ^= std::hash<std::string_view>{}(text) + 0x9e3779b97f4a7c15ULL + (hash << 6) + (hash >> 2);
}

struct Mixer {
  std::size_t& hash;
  void operator()(const Create& create) const { Mix(hash, create.body); }
  void operator()(const Patch& patch) const {
    Mix(hash, patch.resource_version);
    Mix(hash, patch.body);
  }
  void operator()(const Delete& gone) const {
    Mix(hash, gone.uid);
    Mix(hash, gone.resource_version);
  }
  void operator()(const ReadFresh&) const {}
  void operator()(const Emit&) const {}
};

bool IsEvent(const Action& action) {
  return std::holds_alternative<Emit>(action);
}

std::size_t Fingerprint(const std::vector<Action>& actions) {
  std::size_t hash = 1;
  for (const Action& action : actions) {
    if (IsEvent(action)) continue;
    Mix(hash, Describe(action));
    std::visit(Mixer{hash}, action);
  }
  return hash;
}

// An answer that tells how the world is, not that something went wrong.
bool IsAnswer(const Action& action, ErrorKind kind) {
  if (std::holds_alternative<Create>(action)) return kind == ErrorKind::kAlreadyExists;
  return kind == ErrorKind::kNotFound &&
         (std::holds_alternative<Delete>(action) || std::holds_alternative<ReadFresh>(action));
}

std::string DescribeAll(const std::vector<Action>& actions) {
  std::string all;
  for (const Action& action : actions) all += (all.empty() ? "" : ", ") + Describe(action);
  return all;
}

}  // namespace

// A decision whose answers are awaited.
struct Controller::Flight {
  Key key;
  std::vector<Action> actions;
  std::uint64_t decision = 0;  // its number
  std::size_t fingerprint = 0;
  int outstanding = 0;
  bool failed = false;
  Duration at_least{};  // as the server asked
};

Controller::Controller(Loop& loop, Executor& executor, Options options, Decide decide, Observe observe)
    : loop_(loop),
      executor_(executor),
      options_(std::move(options)),
      decide_(std::move(decide)),
      observe_(std::move(observe)),
      queue_(options_.backoff) {}

Controller::~Controller() {
  loop_.Cancel(timer_);
}

void Controller::Start() {
  started_ = true;
  SchedulePump();
}

void Controller::Changed(const Key& key) {
  BecameDue(key);
  queue_.Add(key);
  SchedulePump();
}

void Controller::BecameDue(const Key& key) {
  if (due_.try_emplace(key, loop_.Monotonic()).second) ++counters_.adds;
}

void Controller::Forget(const Key& key) {
  queue_.Forget(key);
  due_.erase(key);
  streaks_.erase(key);
}

// What its lines in the log have in common: "session/42".
std::string Controller::DecisionId(std::uint64_t decision) const {
  return options_.name + "/" + std::to_string(decision);
}

void Controller::SchedulePump() {
  // When all places are taken the next answer comes here again.
  if (!started_ || pump_posted_ || in_flight_ >= options_.max_in_flight) return;
  loop_.Cancel(std::exchange(timer_, 0));
  const auto due = queue_.NextDue();
  if (!due) return;
  const MonotonicTime now = loop_.Monotonic();
  const auto pump = [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) Pump();
  };
  if (*due <= now) {
    pump_posted_ = true;
    loop_.Post(pump);
  } else {
    timer_ = loop_.After(*due - now, pump);
  }
}

void Controller::Pump() {
  pump_posted_ = false;
  if (!started_) return;
  for (int i = 0; i < kBatch && in_flight_ < options_.max_in_flight; ++i) {
    const auto key = queue_.Pop(loop_.Monotonic());
    if (!key) break;
    DecideOne(*key);
  }
  SchedulePump();
}

void Controller::DecideOne(const Key& key) {
  const Time now = loop_.Now();
  const MonotonicTime begin = loop_.Monotonic();
  if (const auto due = due_.find(key); due != due_.end()) {
    counters_.queue_seconds.Observe(begin - due->second);
    due_.erase(due);
  } else {  // its time has come
    ++counters_.adds;
  }
  Decision decision = decide_(key, {now, loop_.Random()});
  const Duration taken = loop_.Monotonic() - begin;
  counters_.decision_seconds.Observe(taken);
  ++counters_.decisions;
  if (!decision.actions.empty()) {
    log::Info("decided", {{"id", DecisionId(counters_.decisions)},
                          {"key", ToString(key)},
                          {"reason", decision.reason},
                          {"actions", DescribeAll(decision.actions)}});
  }
  for (const Action& action : decision.actions) {
    if (!IsEvent(action)) continue;
    ++counters_.actions;
    executor_.Execute(action, [what = Describe(action)](const Result<void>& result) {
      if (!result)
        log::Warn("an event was not recorded", {{"event", what}, {"error", result.error().message}});
    });
  }
  const auto writes = std::ranges::count_if(decision.actions, [](const Action& a) { return !IsEvent(a); });
  if (writes == 0) {
    counters_.work_seconds.Observe(taken);
    return Rest(key, decision, now);
  }

  working_.emplace(key, begin);
  in_flight_ += static_cast<int>(writes);
  auto flight = std::make_shared<Flight>();
  *flight = {.key = key,
             .actions = std::move(decision.actions),
             .decision = counters_.decisions,
             .outstanding = static_cast<int>(writes)};
  flight->fingerprint = Fingerprint(flight->actions);
  for (const Action& action : flight->actions) {
    if (IsEvent(action)) continue;
    ++counters_.actions;
    executor_.Execute(action,
                      [this, alive = std::weak_ptr(alive_), flight, &action](const Result<void>& result) {
                        if (!alive.expired()) Answered(*flight, action, result);
                      });
  }
}

void Controller::Rest(const Key& key, const Decision& decision, Time now) {
  ++counters_.succeeded;
  streaks_.erase(key);
  if (decision.wake_at) {
    log::Debug("waits", {{"id", DecisionId(counters_.decisions)},
                         {"key", ToString(key)},
                         {"until", FormatTime(*decision.wake_at)},
                         {"reason", decision.reason}});
  }
  const bool past = decision.wake_at && *decision.wake_at <= now;  // must not turn into a busy loop
  if (past) {
    ++counters_.retries;
    queue_.Retry(key, loop_.Monotonic(), loop_.Random());
  } else {
    queue_.Succeeded(key);
    if (decision.wake_at) {
      queue_.AddAt(key, loop_.Monotonic() + std::min<Duration>(*decision.wake_at - now, kLongestSleep));
    }
  }
  queue_.Finished(key);
}

void Controller::Answered(Flight& flight, const Action& action, const Result<void>& result) {
  if (!result && !IsAnswer(action, result.error().kind)) {
    ++counters_.failed_actions;
    flight.failed = true;
    flight.at_least = std::max<Duration>(flight.at_least, result.error().retry_after);
    log::Warn("an action failed", {{"id", DecisionId(flight.decision)},
                                   {"key", ToString(flight.key)},
                                   {"action", Describe(action)},
                                   {"kind", marea::Name(result.error().kind)},
                                   {"error", result.error().message}});
  }
  --in_flight_;
  observe_(flight.key, action, result);
  --flight.outstanding == 0 ? Landed(flight) : SchedulePump();
}

void Controller::Landed(const Flight& flight) {
  if (const auto working = working_.find(flight.key); working != working_.end()) {
    counters_.work_seconds.Observe(loop_.Monotonic() - working->second);
    working_.erase(working);
  }
  Streak& streak = streaks_[flight.key];
  const bool same_again =
      std::exchange(streak.last_actions, flight.failed ? 0 : flight.fingerprint) == flight.fingerprint;
  const bool restless = streak.steps >= kMaxSteps;
  if (!flight.failed) ++counters_.succeeded;
  if (!flight.failed && !same_again && !restless) {
    ++streak.steps;
    queue_.Finished(flight.key);
    BecameDue(flight.key);
    queue_.AddFirst(flight.key);
    return SchedulePump();
  }
  ++counters_.retries;
  const auto hold_back = [&] {
    queue_.Retry(flight.key, loop_.Monotonic(), loop_.Random(), flight.at_least);
  };
  if (restless) {  // the changes it would run after are its own
    queue_.Finished(flight.key);
    hold_back();
    streak.steps = 0;
  } else {
    hold_back();
    streak.steps = queue_.Finished(flight.key) ? streak.steps + 1 : 0;
  }
  SchedulePump();
}

}  // namespace marea::runtime
