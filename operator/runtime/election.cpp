#include "runtime/election.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/names.hpp"

namespace marea::runtime {

using namespace electing;

namespace {

// However long a record says it lasts: whoever can write it can as well renew it for ever.
constexpr std::int64_t kLongestSeconds = 600;

// One call of Next: what it knows, and the moves it is made of.
class Machine {
 public:
  Machine(const ElectionOptions& options, State state, MonotonicTime now, std::uint64_t random)
      : options_(options), state_(std::move(state)), now_(now), random_(random) {}

  Step Take() { return {std::move(state_), std::move(effects_)}; }

  // Nothing that comes too late can help: the fence has shut, and someone may have noticed.
  bool DeadlinePassed() const { return Leading() && now_ - *state_.renewed >= options_.renew_deadline; }
  void LoseInTime() {
    GiveUp("the lease could not be renewed for " + FormatDuration(now_ - *state_.renewed));
  }

  void On(const Idle&, const Start&) { BeginRound(); }
  void On(const Resting&, const TimerFired&) { BeginRound(); }
  void On(const Reading&, const TimerFired&) { WakeAtDeadline(); }
  void On(const Writing&, const TimerFired&) { WakeAtDeadline(); }

  void On(const Reading&, const Answered& read) {
    if (!Note(read.result)) return Rest();
    Proceed();
  }

  void On(const Writing& writing, const Answered& written) {
    if (Note(written.result)) {
      const bool counts = !state_.leaving && Mine() && now_ - writing.sent < options_.renew_deadline;
      if (counts && !std::exchange(state_.renewed, writing.sent)) Emit(Lead{});
      return Proceed();
    }
    const ErrorKind kind = written.result.error().kind;
    const bool refused = kind == ErrorKind::kConflict || kind == ErrorKind::kAlreadyExists;
    // Who else wrote is worth knowing at once for those who have something to lose.
    refused && (Leading() || state_.leaving) ? Read() : Rest();
  }

  void On(const Idle&, const Release&) { End(); }
  void On(const Resting&, const Release&) {
    Leave();
    BeginRound();
  }
  void On(const Reading&, const Release&) { Leave(); }
  void On(const Writing&, const Release&) { Leave(); }

  template <class Where, class Happened>
  void On(const Where&, const Happened&) {}

 private:
  template <class E>
  void Emit(E effect) {
    effects_.emplace_back(std::in_place_type<E>, std::move(effect));
  }

  bool Leading() const { return state_.renewed.has_value(); }
  bool Mine() const { return state_.record && state_.record->holder == options_.identity; }

  // A Lease that was there and is gone counts as one of somebody else: its holder may not know yet.
  MonotonicTime FreeAt() const {
    if (!state_.changed) return MonotonicTime::min();
    if (!state_.record) return *state_.changed + options_.lease;
    if (state_.record->holder.empty() || Mine()) return MonotonicTime::min();
    const std::chrono::seconds said{std::clamp<std::int64_t>(state_.record->seconds, 0, kLongestSeconds)};
    return *state_.changed + std::max<Duration>(said, options_.lease);
  }

  // False: the answer does not tell how the record is now.
  bool Note(const Result<Record>& answer) {
    state_.fresh = answer || answer.error().kind == ErrorKind::kNotFound;
    if (!state_.fresh) return false;
    const bool same = answer ? state_.record && state_.record->resource_version == answer->resource_version &&
                                   state_.record->holder == answer->holder
                             : !state_.record;
    if (!same) state_.changed = now_;
    state_.record = answer ? std::optional(*answer) : std::nullopt;
    return true;
  }

  void BeginRound() {
    state_.round = now_;
    state_.tried = false;
    // Whoever waits looks first; whoever leads knows what it wrote last.
    state_.fresh && (Leading() || state_.leaving) ? Proceed() : Read();
  }

  // The record is known.
  void Proceed() {
    if (state_.leaving) {
      if (!Mine()) return End();
      return state_.tried ? Rest() : Write({state_.record->resource_version, {}, 1, Transitions()}, false);
    }
    if (Leading() && !Mine()) {
      return GiveUp(state_.record ? "the lease is held by " + Quoted(state_.record->holder)
                                  : "the lease is gone");
    }
    if (state_.tried || now_ < FreeAt()) return Rest();
    const std::int64_t seconds = std::chrono::ceil<std::chrono::seconds>(options_.lease).count();
    if (!state_.record) return Write({{}, options_.identity, seconds, 0}, true);
    Write({state_.record->resource_version, options_.identity, seconds, Transitions() + (Mine() ? 0 : 1)},
          !Mine());
  }

  // Fit to be counted up and sent: the API takes 32 bits without a sign.
  std::int64_t Transitions() const {
    const std::int64_t so_far = state_.record->transitions;
    return so_far >= 0 && so_far < std::numeric_limits<std::int32_t>::max() ? so_far : 0;
  }

  void Read() {
    state_.where = Reading{};
    Emit(SendRead{});
    WakeAtDeadline();
  }

  void Write(Record to, bool taken) {
    state_.where = Writing{now_};
    state_.tried = true;
    Emit(SendWrite{std::move(to), taken});
    WakeAtDeadline();
  }

  void Rest() {
    state_.where = Resting{};
    const Duration most = options_.retry - options_.retry / 10;
    const auto spread = static_cast<std::uint64_t>((most - options_.retry / 2).count()) + 1;
    MonotonicTime next = state_.round + most - Duration{static_cast<Duration::rep>(random_ % spread)};
    if (FreeAt() > now_) next = std::min(next, FreeAt());
    if (Leading()) next = std::min(next, Deadline());
    Emit(SetTimer{std::max(next - now_, Duration::zero())});
  }

  MonotonicTime Deadline() const { return *state_.renewed + options_.renew_deadline; }
  void WakeAtDeadline() {
    if (Leading()) Emit(SetTimer{Deadline() - now_});
  }

  // A write that is under way ends first: the one that releases needs to know what it made.
  void Leave() {
    state_.leaving = true;
    state_.renewed.reset();
    state_.tried = false;
  }

  void End() {
    state_.where = Released{};
    Emit(Finish{});
  }

  void GiveUp(std::string why) {
    state_.where = Lost{};
    state_.renewed.reset();
    Emit(Lose{std::move(why)});
  }

  const ElectionOptions& options_;
  State state_;
  MonotonicTime now_;
  std::uint64_t random_;
  std::vector<Effect> effects_;
};

}  // namespace

Step Next(const ElectionOptions& options, State state, const Event& event, MonotonicTime now,
          std::uint64_t random) {
  const Where where = state.where;
  Machine machine(options, std::move(state), now, random);
  if (machine.DeadlinePassed()) {
    machine.LoseInTime();
  } else {
    std::visit([&](const auto& in, const auto& happened) { machine.On(in, happened); }, where, event);
  }
  return machine.Take();
}

std::optional<MonotonicTime> MayWriteUntil(const ElectionOptions& options, const State& state) {
  if (!state.renewed) return std::nullopt;
  return *state.renewed + options.renew_deadline;
}

}  // namespace marea::runtime
