#include "runtime/list_watch.hpp"

#include <set>
#include <utility>

#include "base/log.hpp"

namespace marea::runtime {

namespace {

constexpr std::size_t kMaxLine = std::size_t{4} << 20;
constexpr std::size_t kMaxRemembered = 1000;  // undecodable versions already logged

}  // namespace

bool LineSplitter::Feed(std::string_view chunk, std::vector<std::string_view>& lines) {
  lines.clear();
  if (broken_) return false;
  const auto add = [&](std::string_view line) {
    if (line.size() > max_line_) broken_ = true;
    if (!line.empty() && !broken_) lines.push_back(line);
  };
  std::size_t end = chunk.find('\n');
  if (end != std::string_view::npos && !rest_.empty()) {
    done_ = std::move(rest_);
    rest_.clear();
    done_.append(chunk.substr(0, end));
    add(done_);
    chunk.remove_prefix(end + 1);
    end = chunk.find('\n');
  }
  for (; end != std::string_view::npos; end = chunk.find('\n')) {
    add(chunk.substr(0, end));
    chunk.remove_prefix(end + 1);
  }
  rest_.append(chunk);
  if (rest_.size() > max_line_) broken_ = true;
  return !broken_;
}

using namespace kube::watching;

// Lives until its last post has run; those that come after ListWatch's end find `closed`.
struct ListWatch::Impl : std::enable_shared_from_this<Impl> {
  Impl(Loop& l, kube::Client& c, kube::Client& w, const kube::ResourceType& t,
       std::shared_ptr<const Decoder> d, Events e, kube::WatchOptions o)
      : loop(l), calls(c), watches(w), type(t), decoder(std::move(d)), events(std::move(e)), options(o) {}

  // A task for the loop that runs only while nothing newer was asked for than what it answers.
  template <class F>
  static Loop::Task Guarded(const std::weak_ptr<Impl>& self, std::uint64_t asked, F work) {
    return [self, asked, work = std::move(work)]() mutable {
      const auto impl = self.lock();
      if (impl && impl->asked == asked) work(*impl);
    };
  }

  void Feed(const Event& event) {
    Step step = Next(options, std::move(state), event, loop.Monotonic(), loop.Random());
    state = std::move(step.state);
    for (const Effect& effect : step.effects) std::visit([this](const auto& e) { Do(e); }, effect);
  }

  void Do(const RequestPage& page);
  void Do(const FinishList& list) {
    ++stats.lists;
    events.finish_list(list.resource_version);
  }
  void Do(const OpenStream& open);
  void Do(const CloseStream&) { Close(); }
  void Do(const SetTimer& set) {
    loop.Cancel(timer);
    timer = loop.After(set.delay, [self = weak_from_this()] {
      if (const auto impl = self.lock()) impl->Feed(TimerFired{});
    });
  }

  void Close() {
    ++asked;  // what it said and was not applied yet will be said again
    stream.reset();
  }

  void Apply(const Findings& findings) {
    if (findings.apply) findings.apply();
    for (const kube::Undecodable& object : findings.undecodable) Report(object);
  }

  void OnPage(Result<Findings> page);
  void OnLines(Findings findings);
  void OnEnd(Result<void> end);
  void Report(const kube::Undecodable& object);
  void Trouble(const Error& error);

  Loop& loop;
  kube::Client& calls;
  kube::Client& watches;
  const kube::ResourceType& type;
  std::shared_ptr<const Decoder> decoder;
  Events events;
  kube::WatchOptions options;

  State state;
  Stats stats;
  std::unique_ptr<http::Stream> stream;
  Loop::TimerId timer = 0;
  std::uint64_t asked = 0;  // counts requests and streams
  std::set<std::string> reported;
};

void ListWatch::Impl::Do(const RequestPage& page) {
  if (page.next.empty()) events.begin_list();
  calls.List(
      type, page.next,
      [&loop = loop, self = weak_from_this(), asked = ++asked, decoder = decoder](Result<std::string> body) {
        Result<Findings> found = body ? decoder->Page(*body) : tl::unexpected(std::move(body.error()));
        loop.Post(Guarded(self, asked,
                          [found = std::move(found)](Impl& impl) mutable { impl.OnPage(std::move(found)); }));
      });
}

void ListWatch::Impl::Do(const OpenStream& open) {
  struct Reading {  // edge thread
    LineSplitter splitter{kMaxLine};
    std::vector<std::string_view> lines;
    bool ended = false;
  };
  const auto reading = std::make_shared<Reading>();
  const auto post = [&loop = loop, self = weak_from_this(), asked = ++asked](auto work) {
    loop.Post(Guarded(self, asked, std::move(work)));
  };
  const auto end_with = [reading, post](Result<void> end) {
    if (std::exchange(reading->ended, true)) return;
    post([end = std::move(end)](Impl& impl) { impl.OnEnd(end); });
  };
  http::StreamEvents stream_events;
  stream_events.on_open = [end_with, what = "watch " + std::string(type.plural)](const http::Response& head) {
    if (head.status < 300) return;
    const auto wait = head.headers.find("retry-after");
    end_with(tl::unexpected(
        kube::ErrorFromStatus(head.status, head.body, wait == head.headers.end() ? "" : wait->second, what)));
  };
  stream_events.on_data = [reading, post, end_with, decoder = decoder](std::string_view chunk) {
    if (reading->ended) return;
    const bool fits = reading->splitter.Feed(chunk, reading->lines);
    if (!reading->lines.empty()) {
      post([found = decoder->Lines(reading->lines)](Impl& impl) mutable { impl.OnLines(std::move(found)); });
    }
    if (!fits) end_with(Fail(ErrorKind::kInvalid, "a watch line of more than 4 MiB"));
  };
  stream_events.on_end = end_with;
  stream = watches.Watch(type, open.resource_version, open.seconds, std::move(stream_events));
}

void ListWatch::Impl::OnPage(Result<Findings> page) {
  if (!page) {
    Trouble(page.error());
    return Feed(ListFailed{std::move(page.error())});
  }
  stats.last_error.clear();
  Apply(*page);
  Feed(PageListed{std::move(page->resource_version), std::move(page->next)});
}

void ListWatch::Impl::OnLines(Findings findings) {
  stats.events += findings.objects;
  Apply(findings);
  if (findings.alive) {
    stats.last_error.clear();
    Feed(LineSeen{std::move(findings.resource_version)});
  }
  if (!findings.error) return;
  Trouble(*findings.error);
  Feed(LineFailed{std::move(*findings.error)});
}

void ListWatch::Impl::OnEnd(Result<void> end) {
  Close();
  if (!end) Trouble(end.error());
  Feed(StreamEnded{std::move(end)});
}

void ListWatch::Impl::Report(const kube::Undecodable& object) {
  ++stats.undecodable;
  if (reported.size() >= kMaxRemembered) reported.clear();
  if (!reported.insert(ToString(object.key) + " " + object.resource_version).second) return;
  log::Warn("an object that cannot be read is left as it was", {{"type", std::string(type.plural)},
                                                                {"key", ToString(object.key)},
                                                                {"resourceVersion", object.resource_version},
                                                                {"error", object.error.message}});
}

void ListWatch::Impl::Trouble(const Error& error) {
  stats.last_error = error.message;
  log::Warn("a watch was interrupted", {{"type", std::string(type.plural)},
                                        {"kind", Name(error.kind)},
                                        {"error", error.message},
                                        {"failures", std::to_string(state.failures)}});
}

ListWatch::ListWatch(Loop& loop, kube::Client& calls, kube::Client& watches, const kube::ResourceType& type,
                     std::shared_ptr<const Decoder> decoder, Events events, kube::WatchOptions options)
    : impl_(std::make_shared<Impl>(loop, calls, watches, type, std::move(decoder), std::move(events),
                                   options)) {}

ListWatch::~ListWatch() {
  impl_->Close();
  impl_->loop.Cancel(impl_->timer);
}

void ListWatch::Begin() {
  impl_->Feed(Start{});
}

void ListWatch::ListAgain() {
  impl_->Feed(kube::watching::ListAgain{});
}

ListWatch::Stats ListWatch::GetStats() const {
  Stats stats = impl_->stats;
  stats.last_sign = impl_->state.last_sign;
  return stats;
}

}  // namespace marea::runtime
