// The decide/apply loop of one domain: takes a due key, decides, sends the actions in parallel, hands their
// results back, and decides again when all answers are in. Not generic over the world: the plan is bound in
// `decide`.
//
// After a decision whose actions all had their effect the key is decided again at once, until a decision asks
// for nothing: then it rests until something changes or `wake_at`. It waits, with growing back-off, after a
// failed action, after a decision that asks for the very same actions as the one before, and after many
// decisions in a row without coming to rest; a plan's mistake costs some requests a second, not all there
// are. AlreadyExists on a create, NotFound on a delete and NotFound on a fresh read are answers, not
// failures. Events (Emit) are best effort: they hold up, fail and repeat nothing, and `observe` does not hear
// of them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "loop/loop.hpp"
#include "runtime/action.hpp"
#include "runtime/executor.hpp"
#include "runtime/metric.hpp"
#include "runtime/queue.hpp"

namespace marea::runtime {

struct Context {
  Time now;
  std::uint64_t entropy;
};

// Upper bounds in seconds.
inline constexpr std::array kWorkBounds{0.001, 0.005, 0.01, 0.025, 0.05, 0.1,  0.25,
                                        0.5,   1.0,   2.5,  5.0,   10.0, 30.0, 60.0};
inline constexpr std::array kDecisionBounds{1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 1e-2, 1e-1};

struct ControllerCounters {
  std::uint64_t adds = 0;  // keys that became due
  std::uint64_t decisions = 0;
  std::uint64_t succeeded = 0;  // decisions that asked for nothing, or all of whose actions had their effect
  std::uint64_t retries = 0;    // decisions after which the key was held back
  std::uint64_t actions = 0, failed_actions = 0;
  Histogram queue_seconds{kWorkBounds};         // from when something changed to the decision
  Histogram work_seconds{kWorkBounds};          // a decision and the answers to its writes
  Histogram decision_seconds{kDecisionBounds};  // a decision alone
};

// Loop thread only. The executor outlives it; answers that come after its end are dropped.
class Controller {
 public:
  struct Options {
    std::string name;  // "session"
    BackoffOptions backoff;
    // Answers that are awaited at once, give or take one decision. As many as the transport has places: more
    // would wait there while the time runs in which they may be sent.
    int max_in_flight = 32;
  };
  using Decide = std::function<Decision(const Key&, const Context&)>;
  // Brings the results of own writes into the world (confirmations, refusals), before the key is decided
  // again.
  using Observe = std::function<void(const Key&, const Action&, const Result<void>&)>;

  Controller(Loop& loop, Executor& executor, Options options, Decide decide, Observe observe);
  ~Controller();

  void Start();                      // decides nothing before this: the caches must be synced
  void Stop() { started_ = false; }  // decides nothing from now on; what is in flight comes back
  bool AnyInFlight() const { return in_flight_ > 0; }
  void Changed(const Key& key);
  void Forget(const Key& key);
  bool InFlight(const Key& key) const { return queue_.InFlight(key); }
  std::size_t Depth() const { return queue_.Depth(); }  // keys due or waiting for a time
  std::size_t Due() const { return queue_.Due(); }
  // Keys whose writes are being answered, and when they were decided.
  const std::map<Key, MonotonicTime>& Working() const { return working_; }
  int max_in_flight() const { return options_.max_in_flight; }
  const std::string& name() const { return options_.name; }
  const ControllerCounters& counters() const { return counters_; }

 private:
  struct Flight;
  struct Streak {
    std::size_t last_actions = 0;  // fingerprint of the decision before
    int steps = 0;                 // decisions since the key last rested or waited
  };

  void Pump();
  void SchedulePump();
  void DecideOne(const Key& key);
  void BecameDue(const Key& key);
  std::string DecisionId(std::uint64_t decision) const;
  void Rest(const Key& key, const Decision& decision, Time now);
  void Answered(Flight& flight, const Action& action, const Result<void>& result);
  void Landed(const Flight& flight);

  Loop& loop_;
  Executor& executor_;
  Options options_;
  Decide decide_;
  Observe observe_;
  Queue queue_;
  std::map<Key, Streak> streaks_;
  std::map<Key, MonotonicTime> due_, working_;  // since when
  ControllerCounters counters_;
  bool started_ = false;
  bool pump_posted_ = false;
  Loop::TimerId timer_ = 0;
  int in_flight_ = 0;  // writes
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace marea::runtime
