// Runs the election (election.hpp) for this process, and is the fence its writes pass.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/names.hpp"
#include "kube/client.hpp"
#include "loop/loop.hpp"
#include "runtime/election.hpp"
#include "runtime/executor.hpp"

namespace marea::runtime {

// Loop thread only, but for MayWrite. Its requests have three seconds each, so that two of them may hang and
// a third still be in time; the client's transport is its own, for renewals must not queue behind other
// calls, and does not live longer than the leader's loop.
class Leader final : public Gate {
 public:
  // As posts on the loop, each at most once, on_lost after on_leading only. After on_lost this process never
  // leads again: it should end.
  struct Events {
    std::function<void()> on_leading;
    std::function<void(const std::string& why)> on_lost;
  };

  Leader(Loop& loop, const kube::Client& client, Key lease, ElectionOptions options, Events events);
  ~Leader() override;
  Leader(const Leader&) = delete;
  Leader& operator=(const Leader&) = delete;

  void Start();

  // Shuts the fence at once, and gives the lease back if it is held. `done` comes as a post when the next one
  // can have it, or at once when it was lost: never, while the API server does not answer.
  void Release(std::function<void()> done);

  // Whether the last renewal that succeeded was sent less than ElectionOptions::renew_deadline ago, and the
  // lease is neither lost nor being released. Goes by the clock alone: a loop that hangs keeps nothing open.
  bool MayWrite() const override;

 private:
  void Feed(const electing::Event& event);
  void Do(const electing::SendRead&);
  void Do(const electing::SendWrite& write);
  void Do(const electing::SetTimer& set);
  void Do(const electing::Lead&);
  void Do(const electing::Lose& lose);
  void Do(const electing::Finish&);

  kube::Client::Done IntoEvent();
  void OnAnswer(Result<electing::Record> answer);
  void Tell(const Result<electing::Record>& answer);
  void Post(std::function<void()> callback);

  Loop& loop_;
  kube::Client client_;
  Key lease_;
  ElectionOptions options_;
  Events events_;
  electing::State state_;
  std::atomic<MonotonicTime> may_write_until_{MonotonicTime::min()};
  Loop::TimerId timer_ = 0;
  std::function<void()> released_;
  std::string told_;  // last trouble or other holder in the log
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace marea::runtime
