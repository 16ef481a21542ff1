#include "kube/watch.hpp"

#include <algorithm>
#include <utility>

namespace marea::kube {

using namespace watching;

namespace {

// One call of Next: what it knows, and the moves it is made of.
class Machine {
 public:
  Machine(const WatchOptions& options, State state, MonotonicTime now, std::uint64_t random)
      : options_(options), state_(std::move(state)), now_(now), random_(random) {}

  Step Take() { return {std::move(state_), std::move(effects_)}; }

  void On(const Idle&, const Start&) {
    state_.last_sign = now_;
    BeginList();
  }

  void On(const Listing&, const PageListed& page) {
    state_.last_sign = now_;
    if (!page.next.empty()) return Emit(RequestPage{page.next});
    // A watch without a version would start anywhere and hide what happened in between.
    if (page.resource_version.empty()) return RetryLater({}, {});
    Emit(FinishList{page.resource_version});
    OpenFrom(page.resource_version);
  }

  // A 410 between pages restarts the list; as any other failure does.
  void On(const Listing&, const ListFailed& failed) { RetryLater({}, failed.error.retry_after); }

  void On(Watching watching, const LineSeen& line) {
    state_.last_sign = now_;
    if (Settled(watching)) state_.failures = 0;
    if (!line.resource_version.empty()) watching.resource_version = line.resource_version;
    state_.where = std::move(watching);
  }

  void On(const Watching& watching, const LineFailed& failed) {
    Emit(CloseStream{});
    Recover(watching, failed.error);
  }

  void On(const Watching& watching, const StreamEnded& ended) {
    if (!ended.end) return Recover(watching, ended.end.error());
    if (!Settled(watching)) return RetryLater(watching.resource_version, {});
    Silent() ? BeginList() : OpenFrom(watching.resource_version);
  }

  // The silence timer is set once per stream, not once per line: it looks how long the silence really is.
  void On(const Watching&, const TimerFired&) {
    if (!Silent()) return Emit(SetTimer{options_.silence - (now_ - state_.last_sign)});
    Emit(CloseStream{});
    BeginList();
  }

  // What is known may have become too old while waiting: an etcd restore looks like any other outage.
  void On(const Waiting& waiting, const TimerFired&) {
    waiting.resource_version.empty() || Silent() ? BeginList() : OpenFrom(waiting.resource_version);
  }

  void On(const Listing&, const ListAgain&) { BeginList(); }
  void On(const Waiting&, const ListAgain&) { BeginList(); }
  void On(const Watching&, const ListAgain&) {
    Emit(CloseStream{});
    BeginList();
  }

  template <class Where, class Happened>
  void On(const Where&, const Happened&) {}

 private:
  template <class E>
  void Emit(E effect) {
    effects_.emplace_back(std::in_place_type<E>, std::move(effect));
  }

  bool Settled(const Watching& watching) const { return now_ - watching.opened >= options_.settled; }
  bool Silent() const { return now_ - state_.last_sign >= options_.silence; }

  void BeginList() {
    state_.where = Listing{};
    state_.listed = now_;
    Emit(RequestPage{});
  }

  void OpenFrom(std::string resource_version) {
    const int half = std::max(1, options_.stream_seconds / 2);
    const int spread = std::max(1, options_.stream_seconds - half + 1);
    const int seconds = half + static_cast<int>(random_ % static_cast<std::uint64_t>(spread));
    Emit(OpenStream{resource_version, seconds});
    Emit(SetTimer{options_.silence - (now_ - state_.last_sign)});
    state_.where = Watching{std::move(resource_version), now_};
  }

  void Recover(const Watching& watching, const Error& error) {
    if (error.kind != ErrorKind::kGone) return RetryLater(watching.resource_version, error.retry_after);
    const bool listed_lately = state_.listed && now_ - *state_.listed < options_.max_backoff;
    listed_lately ? RetryLater({}, error.retry_after) : BeginList();
  }

  void RetryLater(std::string resource_version, Duration at_least) {
    Duration delay = options_.first_backoff;
    for (int i = 0; i < state_.failures && delay < options_.max_backoff; ++i) delay *= 2;
    delay = std::min(delay, options_.max_backoff);
    delay -=
        Duration{static_cast<Duration::rep>(random_ % (static_cast<std::uint64_t>(delay.count()) / 2 + 1))};
    // What the server asks for counts, but it cannot keep us away for longer than we may be blind.
    delay = std::max(delay, std::min(at_least, options_.silence));
    ++state_.failures;
    state_.where = Waiting{std::move(resource_version)};
    Emit(SetTimer{delay});
  }

  const WatchOptions& options_;
  State state_;
  MonotonicTime now_;
  std::uint64_t random_;
  std::vector<Effect> effects_;
};

}  // namespace

Step Next(const WatchOptions& options, State state, const Event& event, MonotonicTime now,
          std::uint64_t random) {
  const Where where = state.where;
  Machine machine(options, std::move(state), now, random);
  std::visit([&](const auto& in, const auto& happened) { machine.On(in, happened); }, where, event);
  return machine.Take();
}

}  // namespace marea::kube
