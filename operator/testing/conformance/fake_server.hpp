// The fake API server as a script sees it.
#pragma once

#include <deque>
#include <map>

#include "testing/conformance/replay.hpp"
#include "testing/fake_api.hpp"

namespace marea::testing::conformance {

class FakeServer final : public Server {
 public:
  // With Marea's kinds and the namespace `ns`; its history begins now, as that of a server that is not new.
  FakeServer(const std::string& crds, const std::string& ns);

  http::Response Send(const http::Request& request) override;
  std::variant<http::Response, int> Open(const http::Request& request) override;
  std::optional<std::string> Next(int watch, Wait wait) override;
  void Pause() override;  // the controllers have their turn: collection by owners, binding of claims
  bool Compact() override;

 private:
  void BindClaims();

  struct Opened {
    FakeApi::WatchId id;
    std::shared_ptr<std::deque<std::string>> lines;
  };
  Time now_;
  FakeApi api_;
  std::map<int, Opened> watches_;
};

}  // namespace marea::testing::conformance
