// A Transport whose answers a test writes down: expected requests in order or by matcher, streams fed by hand.
// Callbacks run as posts on the given loop, so that nothing is called back from inside Send or Open.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/transport.hpp"
#include "loop/loop.hpp"

namespace marea::testing {

class ScriptedTransport final : public http::Transport {
 public:
  explicit ScriptedTransport(Loop& loop) : loop_(loop) {}

  // Answers the next matching request; without a match a request stays open until Answer is called for it.
  using Handler = std::function<std::optional<Result<http::Response>>(const http::Request&)>;
  void Handle(Handler handler) { handlers_.push_back(std::move(handler)); }

  void Send(http::Request request, std::function<void(Result<http::Response>)> done) override;
  std::unique_ptr<http::Stream> Open(http::Request request, http::StreamEvents events) override;

  struct Pending {
    http::Request request;
    std::function<void(Result<http::Response>)> done;
  };
  struct Feed;                                       // an open stream
  std::vector<http::Request> sent;                   // all requests ever sent, streams included
  std::deque<Pending> pending;                       // unanswered ones
  std::vector<std::shared_ptr<Feed>> streams;        // all ever opened, the newest last

  void Answer(std::size_t index, Result<http::Response> response);

 private:
  Loop& loop_;
  std::vector<Handler> handlers_;
};

// One open stream as the test holds it.
struct ScriptedTransport::Feed {
  http::Request request;
  http::StreamEvents events;
  bool cancelled = false;
  void Head(int status, std::string body = {});      // on_open
  void Data(std::string chunk);                      // on_data
  void End(Result<void> end);                        // on_end
};

}  // namespace marea::testing
