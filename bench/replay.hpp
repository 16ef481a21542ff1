// Carries out a script: the stages of a chain one after the other, so many chains side by side.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/script.hpp"
#include "http/transport.hpp"
#include "loop/loop.hpp"

namespace marea::bench {

struct ReplayResult {
  std::size_t answered = 0, failed = 0;
  std::string first_failure;  // what was asked, and what was answered
};

// Loop thread only. A call that fails is counted, and its chain goes on.
class Replay {
 public:
  // `chains` and the transport outlive it. `done` comes once, when every call has its answer.
  Replay(Loop& loop, http::Transport& transport, const std::vector<Chain>& chains, int side_by_side,
         std::function<void(const ReplayResult&)> done);
  void Start();

 private:
  struct Run;
  void BeginMore();
  void SendStage(const std::shared_ptr<Run>& run);
  void Send(const std::shared_ptr<Run>& run, const Call& call);
  void Answered(const std::shared_ptr<Run>& run, const Call& call, const Result<std::string>& version);
  void EndIfDone();

  Loop& loop_;
  http::Transport& transport_;
  const std::vector<Chain>& chains_;
  const int side_by_side_;
  std::function<void(const ReplayResult&)> done_;
  std::size_t next_ = 0, outstanding_ = 0;
  int running_ = 0;
  ReplayResult result_;
};

}  // namespace marea::bench
