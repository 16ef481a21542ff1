// The decide/apply loop of one domain: takes a due key, decides, sends the actions in parallel, hands their results
// back, and decides again when all answers are in. Not generic over the world: the plan is bound in `decide`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "loop/loop.hpp"
#include "runtime/action.hpp"
#include "runtime/executor.hpp"
#include "runtime/queue.hpp"

namespace marea::runtime {

struct Context {
  Time now;
  std::uint64_t entropy;
};

// Run on the loop for each thing of interest: a metrics registry listens here.
struct ControllerCounters {
  std::uint64_t decisions = 0, actions = 0, failed_actions = 0, retries = 0;
};

class Controller {
 public:
  struct Options {
    std::string name;                 // "session"
    BackoffOptions backoff;
    int max_in_flight = 64;           // keys whose answers are awaited at once
  };
  using Decide = std::function<Decision(const Key&, const Context&)>;
  // Brings the results of own writes into the world (confirmations, refusals), before the key is decided again.
  using Observe = std::function<void(const Key&, const Action&, const Result<void>&)>;

  Controller(Loop& loop, Executor& executor, Options options, Decide decide, Observe observe);

  void Start();                        // decides nothing before this: the caches must be synced
  void Changed(const Key& key);
  void Forget(const Key& key);
  bool InFlight(const Key& key) const { return queue_.InFlight(key); }
  std::size_t Depth() const { return queue_.Depth(); }
  const ControllerCounters& counters() const { return counters_; }

 private:
  void Pump();
  void DecideOne(const Key& key);

  Loop& loop_;
  Executor& executor_;
  Options options_;
  Decide decide_;
  Observe observe_;
  Queue queue_;
  ControllerCounters counters_;
  bool started_ = false;
  bool pump_posted_ = false;
  Loop::TimerId timer_ = 0;
  int in_flight_ = 0;
};

}  // namespace marea::runtime
