#include "testing/conformance/real_server.hpp"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

namespace marea::testing::conformance {

namespace {

constexpr std::chrono::seconds kEventDeadline{10};
constexpr std::chrono::seconds kBookmarkDeadline{90};
constexpr std::chrono::milliseconds kPause{100};

}  // namespace

// What an edge thread got from one stream.
struct RealServer::Feed {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<http::Response> head;
  std::string rest;  // an unfinished line
  std::deque<std::string> lines;
  bool ended = false;
  std::unique_ptr<http::Stream> stream;

  template <class Change>
  void Do(Change change) {
    const std::scoped_lock lock(mutex);
    change();
    changed.notify_all();
  }

  void Take(std::string_view chunk) {
    rest += chunk;
    for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
      lines.push_back(rest.substr(0, end + 1));
    }
  }
};

RealServer::RealServer(http::Transport& transport, std::string compact)
    : transport_(transport), compact_(std::move(compact)) {}

RealServer::~RealServer() = default;

http::Response RealServer::Send(const http::Request& request) {
  const auto answer = std::make_shared<std::promise<Result<http::Response>>>();
  auto future = answer->get_future();
  transport_.Send(request, [answer](Result<http::Response> result) { answer->set_value(std::move(result)); });
  auto result = future.get();
  if (!result) return {0, {}, result.error().message};
  return std::move(*result);
}

std::variant<http::Response, int> RealServer::Open(const http::Request& request) {
  const auto feed = std::make_shared<Feed>();
  http::Request patient = request;
  patient.timeout = std::chrono::minutes(3);
  feed->stream = transport_.Open(
      patient, {[feed](http::Response head) { feed->Do([&] { feed->head = std::move(head); }); },
                [feed](std::string_view chunk) { feed->Do([&] { feed->Take(chunk); }); },
                [feed](Result<void> end) {
                  feed->Do([&] {
                    feed->ended = true;
                    if (!feed->head) feed->head = http::Response{0, {}, end ? "" : end.error().message};
                  });
                }});
  std::unique_lock lock(feed->mutex);
  feed->changed.wait(lock, [&] { return feed->head.has_value(); });
  if (feed->head->status != 200) return *feed->head;
  feeds_.push_back(feed);
  return static_cast<int>(feeds_.size());
}

std::optional<std::string> RealServer::Next(int watch, Wait wait) {
  if (watch < 1 || watch > static_cast<int>(feeds_.size())) return std::nullopt;
  Feed& feed = *feeds_[static_cast<std::size_t>(watch) - 1];
  std::unique_lock lock(feed.mutex);
  if (wait != Wait::kNone) {
    feed.changed.wait_for(lock, wait == Wait::kEvent ? kEventDeadline : kBookmarkDeadline,
                          [&] { return !feed.lines.empty() || feed.ended; });
  }
  if (feed.lines.empty()) return std::nullopt;
  std::string line = std::move(feed.lines.front());
  feed.lines.pop_front();
  return line;
}

void RealServer::Pause() {
  std::this_thread::sleep_for(kPause);
}

bool RealServer::Compact() {
  // The command is that of who runs the program. NOLINTNEXTLINE(bugprone-command-processor)
  return !compact_.empty() && std::system(compact_.c_str()) == 0;
}

}  // namespace marea::testing::conformance
