// A Transport whose answers a test writes down: by handlers, or by hand for requests left open and for
// streams. Callbacks run as posts on the given loop, so that nothing is called back from inside Send or Open.
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

  // Asked for each request in turn, the first that answers wins; a request that none answers stays in
  // `pending` until Answer is called for it.
  using Handler = std::function<std::optional<Result<http::Response>>(const http::Request&)>;
  void Handle(Handler handler) { handlers_.push_back(std::move(handler)); }

  void Send(http::Request request, std::function<void(Result<http::Response>)> done) override;
  std::unique_ptr<http::Stream> Open(http::Request request, http::StreamEvents events) override;

  struct Pending {
    http::Request request;
    std::function<void(Result<http::Response>)> done;
  };
  struct Feed;                                 // an open stream
  std::vector<http::Request> sent;             // all requests that ever left, streams included
  std::deque<Pending> pending;                 // unanswered ones
  std::vector<std::shared_ptr<Feed>> streams;  // all ever opened, the newest last

  // Answers pending[index] and takes it out.
  void Answer(std::size_t index, Result<http::Response> response);

 private:
  Loop& loop_;
  std::vector<Handler> handlers_;
};

// One open stream as the test holds it. What is said after it was cancelled goes nowhere.
struct ScriptedTransport::Feed : std::enable_shared_from_this<Feed> {
  Loop* loop;
  http::Request request;
  http::StreamEvents events;
  bool cancelled = false;                        // its owner let go of it
  void Head(int status, std::string body = {});  // on_open
  void Data(std::string chunk);                  // on_data
  void End(Result<void> end);                    // on_end

 private:
  void Post(std::function<void(Feed&)> what);
};

}  // namespace marea::testing
