#include <algorithm>
#include <utility>

#include "testing/fake_network_parts.hpp"
#include "testing/fake_request.hpp"

namespace marea::testing {
namespace {

using namespace std::chrono_literals;

constexpr Duration kBookmarks = 1min;
constexpr Duration kLagSpan = 1min;
constexpr Duration kCoalesceSpan = 1s;

constexpr const char* kTooOld =
    R"({"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}})"
    "\n";
constexpr const char* kNoJson =
    "\x7f"
    "ELF\x01\n";

std::string UidIn(const std::string& line) {
  return nlohmann::json::parse(line).at("object").at("metadata").value("uid", "");
}

}  // namespace

FakeStream::FakeStream(std::shared_ptr<FakeNetwork::Impl> net, SimProcess& process, std::string name,
                       http::Request request, http::StreamEvents events)
    : net_(std::move(net)),
      process_(process),
      name_(std::move(name)),
      plural_(PluralOf(request.path)),
      request_(std::move(request)),
      events_(std::move(events)) {}

void FakeStream::Begin() {
  if (closed_) return;
  if (!net_->reachable)
    return Later({}, [](FakeStream& s) { s.End(Fail(ErrorKind::kUnavailable, "connection refused")); });
  auto answer = net_->api.Open(request_, [weak = weak_from_this()](const std::string& line) {
    if (const auto stream = weak.lock()) stream->Line(line);
  });
  if (auto* refused = std::get_if<http::Response>(&answer)) {
    net_->Log(name_ + " watch " + plural_ + " -> " + std::to_string(refused->status));
    return Later({}, [head = std::move(*refused)](FakeStream& s) {
      s.events_.on_open(head);
      s.End({});
    });
  }
  id_ = std::get<FakeApi::WatchId>(answer);
  serial_ = ++net_->opened;
  net_->streams.emplace(serial_, this);
  net_->counts.watched.insert(plural_);
  Front([](FakeStream& s) { s.events_.on_open({200, {}, {}}); });
  ScheduleBookmark();
  EndInTime();
}

// As long as it was asked for.
void FakeStream::EndInTime() {
  const auto target = fake::ParseTarget(request_.path);
  const std::string& seconds = target->Query("timeoutSeconds");
  if (seconds.empty()) return;
  net_->world.After(std::chrono::seconds{std::stoi(seconds)}, [weak = weak_from_this()] {
    if (const auto stream = weak.lock()) stream->ServerEnds({});
  });
}

void FakeStream::ServerEnds(Result<void> how) {
  if (id_ == 0) return;
  Detach();
  if (silent_) return;
  Later({}, [how = std::move(how)](FakeStream& s) { s.End(how); });
}

void FakeStream::Cancel() {
  closed_ = true;
  Detach();
}

void FakeStream::Detach() {
  if (id_ == 0) return;
  net_->api.Close(std::exchange(id_, 0));
  net_->streams.erase(serial_);
}

void FakeStream::End(const Result<void>& how) {
  Detach();
  closed_ = true;
  events_.on_end(how);
}

// --- the way to the reader

// What opened the stream goes before the lines that Open already gave.
void FakeStream::Front(Telling what) {
  Deliver(net_->world.Monotonic(), std::move(what));
}

void FakeStream::Later(Duration extra, Telling what) {
  auto when = net_->world.Monotonic() + net_->Spread(net_->options.event_delay) + extra;
  const auto lag = net_->options.lag.find(plural_);
  if (lag != net_->options.lag.end()) when += lag->second;
  last_ = std::max(last_, when);
  Deliver(last_, std::move(what));
}

void FakeStream::Deliver(MonotonicTime when, Telling what) {
  net_->world.After(when - net_->world.Monotonic(), [weak = weak_from_this(), what = std::move(what)] {
    const auto stream = weak.lock();
    if (!stream || stream->closed_) return;
    stream->process_.Post([weak, what] {
      const auto same = weak.lock();
      if (same && !same->closed_) what(*same);
    });
  });
}

void FakeStream::Say(std::string line, Duration extra) {
  Later(extra, [line = std::move(line)](FakeStream& s) { s.events_.on_data(line); });
}

void FakeStream::ScheduleBookmark() {
  net_->world.After(kBookmarks, [weak = weak_from_this()] {
    const auto stream = weak.lock();
    if (!stream || stream->id_ == 0) return;
    const auto line = stream->net_->api.Bookmark(stream->id_);
    if (!line.empty() && !stream->silent_) stream->Say(line);
    stream->ScheduleBookmark();
  });
}

// --- what becomes of a line

void FakeStream::Line(const std::string& line) {
  if (silent_) return;
  const bool counted = !net_->options.uncounted.contains(plural_);
  const auto effect = counted ? net_->Strike(At::kEvent, ++net_->counts.events, request_) : std::nullopt;
  if (!effect) return Pass(line);
  net_->Log(name_ + " watch " + plural_ + ": event " + std::to_string(net_->counts.events) + " struck");
  Distort(*effect, line);
}

void FakeStream::Distort(Effect effect, const std::string& line) {
  switch (effect) {
    case Effect::kLost:
      // Not now: this runs inside the write that the event is about.
      net_->world.Post([net = net_] { net->api.Compact(); });
      [[fallthrough]];
    case Effect::kCut:
      Say(line.substr(0, line.size() / 2));
      return Break();
    case Effect::kLag:
      return Say(line, kLagSpan);
    case Effect::kStale: {
      const std::string former = FormerOf(line);
      Pass(line);
      if (!former.empty()) Say(former);
      return;
    }
    case Effect::kCoalesced:
      return Coalesce(line);
    case Effect::kSilent:
      silent_ = true;
      return;
    case Effect::kGone:
      Say(kTooOld);
      return Break();
    case Effect::kGarbage:
      Say(kNoJson);
      return Break();
    default:
      return Pass(line);
  }
}

void FakeStream::Pass(const std::string& line) {
  if (auto held = std::exchange(held_, std::nullopt); held && UidIn(*held) != UidIn(line)) Say(*held);
  if (net_->replays) told_.push_back(line);
  Say(line);
}

// What was told of the same object before; empty: nothing.
std::string FakeStream::FormerOf(const std::string& line) const {
  const auto uid = UidIn(line);
  const auto former = std::find_if(told_.rbegin(), told_.rend(),
                                   [&](const std::string& other) { return UidIn(other) == uid; });
  return former == told_.rend() ? "" : *former;
}

void FakeStream::Coalesce(const std::string& line) {
  if (held_) Pass(std::string(*std::exchange(held_, std::nullopt)));
  held_ = line;
  net_->world.After(kCoalesceSpan, [weak = weak_from_this()] {
    const auto stream = weak.lock();
    if (stream && stream->held_) stream->Pass(std::string(*std::exchange(stream->held_, std::nullopt)));
  });
}

void FakeStream::Break() {
  net_->world.Post([weak = weak_from_this()] {
    if (const auto stream = weak.lock())
      stream->ServerEnds(Fail(ErrorKind::kUnavailable, "connection reset"));
  });
}

}  // namespace marea::testing
