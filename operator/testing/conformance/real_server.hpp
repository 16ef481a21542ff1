// A real API server as a script sees it: every call waits for its answer.
#pragma once

#include <memory>
#include <string>

#include "testing/conformance/replay.hpp"

namespace marea::testing::conformance {

class RealServer final : public Server {
 public:
  // `compact`: a shell command that compacts the server's etcd; empty: there is none.
  RealServer(http::Transport& transport, std::string compact);
  ~RealServer() override;

  http::Response Send(const http::Request& request) override;  // status 0: no answer, the body says why
  std::variant<http::Response, int> Open(const http::Request& request) override;
  std::optional<std::string> Next(int watch, Wait wait) override;
  void Pause() override;
  bool Compact() override;

 private:
  struct Feed;
  http::Transport& transport_;
  std::string compact_;
  std::vector<std::shared_ptr<Feed>> feeds_;
};

}  // namespace marea::testing::conformance
