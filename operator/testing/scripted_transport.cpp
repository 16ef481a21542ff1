#include "testing/scripted_transport.hpp"

#include <cassert>
#include <utility>

namespace marea::testing {

namespace {

class ScriptedStream final : public http::Stream {
 public:
  explicit ScriptedStream(std::shared_ptr<ScriptedTransport::Feed> feed) : feed_(std::move(feed)) {}
  ~ScriptedStream() override { feed_->cancelled = true; }

 private:
  std::shared_ptr<ScriptedTransport::Feed> feed_;
};

}  // namespace

void ScriptedTransport::Send(http::Request request, std::function<void(Result<http::Response>)> done) {
  if (request.may_send && !request.may_send()) {
    loop_.Post([done = std::move(done)] { done(Fail(ErrorKind::kForbidden, "not sent")); });
    return;
  }
  sent.push_back(request);
  for (const Handler& handler : handlers_) {
    if (auto answer = handler(request)) {
      loop_.Post([done = std::move(done), answer = std::move(*answer)] { done(answer); });
      return;
    }
  }
  pending.push_back({std::move(request), std::move(done)});
}

std::unique_ptr<http::Stream> ScriptedTransport::Open(http::Request request, http::StreamEvents events) {
  sent.push_back(request);
  auto feed = std::make_shared<Feed>();
  feed->loop = &loop_;
  feed->request = std::move(request);
  feed->events = std::move(events);
  streams.push_back(feed);
  return std::make_unique<ScriptedStream>(std::move(feed));
}

void ScriptedTransport::Answer(std::size_t index, Result<http::Response> response) {
  assert(index < pending.size());
  const auto found = pending.begin() + static_cast<std::ptrdiff_t>(index);
  Pending answered = std::move(*found);
  pending.erase(found);
  loop_.Post([done = std::move(answered.done), response = std::move(response)] { done(response); });
}

void ScriptedTransport::Feed::Head(int status, std::string body) {
  Post([status, body = std::move(body)](Feed& feed) { feed.events.on_open({status, {}, body}); });
}

void ScriptedTransport::Feed::Data(std::string chunk) {
  Post([chunk = std::move(chunk)](Feed& feed) { feed.events.on_data(chunk); });
}

void ScriptedTransport::Feed::End(Result<void> end) {
  Post([end = std::move(end)](Feed& feed) { feed.events.on_end(end); });
}

void ScriptedTransport::Feed::Post(std::function<void(Feed&)> what) {
  loop->Post([self = shared_from_this(), what = std::move(what)] {
    if (!self->cancelled) what(*self);
  });
}

}  // namespace marea::testing
