#include "testing/fake_network.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace marea::testing {
namespace {

using http::Method;
using http::Request;
using http::Response;
using namespace std::chrono_literals;

constexpr Duration kBookmarks = 1min;
constexpr Duration kLagSpan = 1min;
constexpr Duration kCoalesceSpan = 1s;

std::string PluralOf(const std::string& path) {
  std::string_view rest = std::string_view(path).substr(0, path.find('?'));
  rest.remove_prefix(rest.starts_with("/apis/") ? 6 : 5);
  const auto next = [&rest] {
    const auto end = rest.find('/');
    const auto part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return part;
  };
  if (path.starts_with("/apis/")) next();  // the group
  next();                                  // the version
  auto plural = next();
  if (plural == "namespaces" && rest.find('/') != std::string_view::npos) {
    next();
    plural = next();
  }
  return std::string(plural);
}

Response StatusAnswer(int code, const char* reason) {
  Response response;
  response.status = code;
  response.headers["content-type"] = "application/json";
  response.body =
      R"({"kind":"Status","apiVersion":"v1","status":"Failure","message":"a fault of the simulation","reason":")" +
      std::string(reason) + R"(","code":)" + std::to_string(code) + "}";
  if (code == 429) response.headers["retry-after"] = "2";
  return response;
}

// The server did nothing and answers this; nullopt for other effects.
std::optional<Response> RefusalOf(Effect effect) {
  switch (effect) {
    case Effect::kStatus401:
      return StatusAnswer(401, "Unauthorized");
    case Effect::kStatus403:
      return StatusAnswer(403, "Forbidden");
    case Effect::kStatus404:
      return StatusAnswer(404, "NotFound");
    case Effect::kStatus409:
      return StatusAnswer(409, "Conflict");
    case Effect::kStatus410:
      return StatusAnswer(410, "Expired");
    case Effect::kStatus422:
      return StatusAnswer(422, "Invalid");
    case Effect::kStatus429:
      return StatusAnswer(429, "TooManyRequests");
    case Effect::kStatus500:
      return StatusAnswer(500, "InternalError");
    case Effect::kStatus503:
      return StatusAnswer(503, "ServiceUnavailable");
    case Effect::kHtml:
      return Response{502, {{"content-type", "text/html"}}, "<html><body>502 Bad Gateway</body></html>"};
    case Effect::kHtmlOk:
      return Response{200, {{"content-type", "text/html"}}, "<html><body>Please log in</body></html>"};
    default:
      return std::nullopt;
  }
}

// The server acted; this is what arrives of its answer.
void Spoil(Effect effect, Response& response) {
  if (effect == Effect::kTruncated) response.body.resize(response.body.size() / 2);
  if (effect == Effect::kMalformed) response.body = "{\"metadata\": {\"name\": \"" + std::string(3, '\x01');
  if (effect == Effect::kWrongTypes) {
    response.body =
        R"({"kind":7,"metadata":{"name":["x"],"resourceVersion":{}},"items":"none","spec":[],"status":3})";
  }
  if (effect == Effect::kNull) {
    // Go writes an empty list either way.
    const auto items = response.body.find("\"items\":[]");
    items == std::string::npos ? response.body = "null" : response.body.replace(items, 10, "\"items\":null");
  }
}

std::string UidIn(const std::string& line) {
  return nlohmann::json::parse(line).at("object").at("metadata").value("uid", "");
}

}  // namespace

struct FakeNetwork::Impl : std::enable_shared_from_this<Impl> {
  class Wire;
  class Watch;

  Impl(SimLoop& w, FakeApi& a, FaultPlan p, Options o, Hooks h)
      : world(w), api(a), plan(std::move(p)), options(std::move(o)), hooks(std::move(h)) {}

  Duration Spread(Duration base) {
    const auto span = static_cast<std::uint64_t>(base.count()) + 1;
    return base + Duration{static_cast<Duration::rep>(world.Random() % span)};
  }

  std::optional<Effect> Strike(At at, std::uint64_t number) {
    const auto found =
        std::ranges::find_if(plan, [&](const Fault& f) { return f.at == at && f.number == number; });
    if (found == plan.end()) return std::nullopt;
    ++struck;
    return found->effect;
  }

  void Log(const std::string& line) const {
    if (hooks.log) hooks.log(line);
  }

  void Crash(SimProcess& process) {
    if (!process.Alive()) return;
    process.Kill();
    if (hooks.crash) hooks.crash(process);
  }

  SimLoop& world;
  FakeApi& api;
  FaultPlan plan;
  bool replays = std::ranges::find(plan, Effect::kStale, &Fault::effect) != plan.end();
  Options options;
  Hooks hooks;
  Counts counts;
  int struck = 0;
  bool reachable = true;
  std::uint64_t opened = 0;
  std::map<std::uint64_t, Watch*> watches;  // open ones, in the order they were opened
};

// One stream as the server's side holds it. Lines wait in the world for their time; whoever reads them is
// told on the process.
class FakeNetwork::Impl::Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(std::shared_ptr<Impl> net, SimProcess& process, std::string name, Request request,
        http::StreamEvents events)
      : net_(std::move(net)),
        process_(process),
        name_(std::move(name)),
        plural_(PluralOf(request.path)),
        request_(std::move(request)),
        events_(std::move(events)) {}

  // At the server.
  void Begin() {
    if (closed_) return;
    if (!net_->reachable)
      return Later({}, [](Watch& w) { w.End(Fail(ErrorKind::kUnavailable, "connection refused")); });
    auto answer = net_->api.Open(request_, [weak = weak_from_this()](const std::string& line) {
      if (const auto watch = weak.lock()) watch->Line(line);
    });
    if (auto* refused = std::get_if<Response>(&answer)) {
      net_->Log(name_ + " watch " + plural_ + " -> " + std::to_string(refused->status));
      return Later({}, [head = std::move(*refused)](Watch& w) {
        w.events_.on_open(head);
        w.End({});
      });
    }
    id_ = std::get<FakeApi::WatchId>(answer);
    serial_ = ++net_->opened;
    net_->watches.emplace(serial_, this);
    Front([](Watch& w) { w.events_.on_open({200, {}, {}}); });
    ScheduleBookmark();
    const auto seconds = request_.path.find("timeoutSeconds=");
    if (seconds != std::string::npos) {
      const int span = std::stoi(request_.path.substr(seconds + 15));
      net_->world.After(std::chrono::seconds{span}, [weak = weak_from_this()] {
        if (const auto watch = weak.lock()) watch->ServerEnds({});
      });
    }
  }

  // The server, or the way to it, breaks it.
  void ServerEnds(Result<void> how) {
    if (id_ == 0) return;
    Detach();
    if (silent_) return;
    Later({}, [how = std::move(how)](Watch& w) { w.End(how); });
  }

  void Cancel() {  // by its owner
    closed_ = true;
    Detach();
  }

 private:
  void Detach() {
    if (id_ == 0) return;
    net_->api.Close(std::exchange(id_, 0));
    net_->watches.erase(serial_);
  }

  // What opened the stream goes before the lines that Open already gave.
  void Front(std::function<void(Watch&)> what) { Deliver(net_->world.Monotonic(), std::move(what)); }

  void Later(Duration extra, std::function<void(Watch&)> what) {
    auto when = net_->world.Monotonic() + net_->Spread(net_->options.event_delay) + extra;
    const auto lag = net_->options.lag.find(plural_);
    if (lag != net_->options.lag.end()) when += lag->second;
    last_ = std::max(last_, when);
    Deliver(last_, std::move(what));
  }

  void Deliver(MonotonicTime when, std::function<void(Watch&)> what) {
    net_->world.After(when - net_->world.Monotonic(), [weak = weak_from_this(), what = std::move(what)] {
      const auto watch = weak.lock();
      if (!watch || watch->closed_) return;
      watch->process_.Post([weak, what] {
        const auto same = weak.lock();
        if (same && !same->closed_) what(*same);
      });
    });
  }

  void ScheduleBookmark() {
    net_->world.After(kBookmarks, [weak = weak_from_this()] {
      const auto watch = weak.lock();
      if (!watch || watch->id_ == 0) return;
      const auto line = watch->net_->api.Bookmark(watch->id_);
      if (!line.empty() && !watch->silent_) watch->Say(line);
      watch->ScheduleBookmark();
    });
  }

  void Say(std::string line, Duration extra = {}) {
    Later(extra, [line = std::move(line)](Watch& w) { w.events_.on_data(line); });
  }

  // A line of the server, on its way.
  void Line(const std::string& line) {
    if (silent_) return;
    const bool counted = !net_->options.uncounted.contains(plural_);
    const auto effect = counted ? net_->Strike(At::kEvent, ++net_->counts.events) : std::nullopt;
    if (!effect) return Pass(line);
    net_->Log(name_ + " watch " + plural_ + ": event " + std::to_string(net_->counts.events) + " struck");
    switch (*effect) {
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
        const std::string former = former_[UidIn(line)];
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
        Say(R"({"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}})"
            "\n");
        return Break();
      case Effect::kGarbage:
        Say("\x7f"
            "ELF\x01\n");
        return Break();
      default:
        return Pass(line);
    }
  }

  void Pass(const std::string& line) {
    if (auto held = std::exchange(held_, std::nullopt); held && UidIn(*held) != UidIn(line)) Say(*held);
    if (net_->replays) former_[UidIn(line)] = line;
    Say(line);
  }

  void Coalesce(const std::string& line) {
    if (held_) Pass(std::string(*std::exchange(held_, std::nullopt)));
    held_ = line;
    net_->world.After(kCoalesceSpan, [weak = weak_from_this()] {
      const auto watch = weak.lock();
      if (watch && watch->held_) watch->Pass(std::string(*std::exchange(watch->held_, std::nullopt)));
    });
  }

  void Break() {
    net_->world.Post([weak = weak_from_this()] {
      if (const auto watch = weak.lock())
        watch->ServerEnds(Fail(ErrorKind::kUnavailable, "connection reset"));
    });
  }

  void End(const Result<void>& how) {
    Detach();
    closed_ = true;
    events_.on_end(how);
  }

  std::shared_ptr<Impl> net_;
  SimProcess& process_;
  std::string name_, plural_;
  Request request_;
  http::StreamEvents events_;
  FakeApi::WatchId id_ = 0;
  std::uint64_t serial_ = 0;
  MonotonicTime last_{};
  std::map<std::string, std::string> former_;  // by uid
  std::optional<std::string> held_;
  bool closed_ = false, silent_ = false;
};

// One process's transport.
class FakeNetwork::Impl::Wire final : public http::Transport {
 public:
  Wire(std::shared_ptr<Impl> net, SimProcess& process, std::string name)
      : net_(std::move(net)), process_(process), name_(std::move(name)) {}

  void Send(Request request, std::function<void(Result<Response>)> done) override {
    if (!process_.Alive()) return;
    if (request.may_send && !request.may_send()) {
      net_->Log(name_ + " " + http::Name(request.method) + " " + request.path + " is held back by its fence");
      return process_.Post(
          [done = std::move(done)] { done(Fail(ErrorKind::kForbidden, "may not be sent any more")); });
    }
    const bool write = request.method != Method::kGet;
    const bool counted = !net_->options.uncounted.contains(PluralOf(request.path));
    std::optional<Effect> effect;
    if (counted)
      effect = write ? net_->Strike(At::kWrite, ++net_->counts.writes)
                     : net_->Strike(At::kRead, ++net_->counts.reads);
    const auto number = counted && write ? " #" + std::to_string(net_->counts.writes) : std::string{};
    if (effect == Effect::kCrashBefore) {
      net_->Log(name_ + " ends before it sends" + number);
      return net_->Crash(process_);
    }
    if (write && net_->hooks.sending) net_->hooks.sending(process_, request);
    auto call = std::make_shared<Call>(
        Call{net_, process_, name_ + number, std::move(request), std::move(done), effect});
    const Duration slow = effect == Effect::kSlow ? Duration{call->request.timeout} + 1s : Duration{};
    if (effect == Effect::kSlow) call->TimeOut();
    net_->world.After(net_->Spread(net_->options.request_delay) + slow, [call] { call->Arrive(); });
  }

  std::unique_ptr<http::Stream> Open(Request request, http::StreamEvents events) override {
    auto watch = std::make_shared<Watch>(net_, process_, name_, std::move(request), std::move(events));
    if (process_.Alive()) {
      net_->world.After(net_->Spread(net_->options.request_delay), [watch] { watch->Begin(); });
    }
    return std::make_unique<Reader>(std::move(watch));
  }

 private:
  class Reader final : public http::Stream {
   public:
    explicit Reader(std::shared_ptr<Watch> watch) : watch_(std::move(watch)) {}
    ~Reader() override { watch_->Cancel(); }

   private:
    std::shared_ptr<Watch> watch_;
  };

  struct Call : std::enable_shared_from_this<Call> {
    Call(std::shared_ptr<Impl> n, SimProcess& p, std::string w, Request r,
         std::function<void(Result<Response>)> d, std::optional<Effect> e)
        : net(std::move(n)),
          process(p),
          name(std::move(w)),
          request(std::move(r)),
          done(std::move(d)),
          effect(e) {}

    std::shared_ptr<Impl> net;
    SimProcess& process;
    std::string name;
    Request request;
    std::function<void(Result<Response>)> done;
    std::optional<Effect> effect;

    std::string What() const {
      return name + " " + http::Name(request.method) + " " + request.path.substr(0, request.path.find('?'));
    }

    void Arrive() {
      if (!net->reachable || effect == Effect::kRefused) {
        net->Log(What() + " -> refused");
        return Answer(Fail(ErrorKind::kUnavailable, "connection refused"));
      }
      Response response;
      if (auto refusal = effect ? RefusalOf(*effect) : std::nullopt) {
        response = std::move(*refusal);
      } else {
        if (net->hooks.arriving) net->hooks.arriving(process, request);
        response = net->api.Handle(request);
        if (net->hooks.answered) net->hooks.answered(process, request, response);
      }
      net->Log(What() + " -> " + std::to_string(response.status));
      Return(std::move(response));
    }

    void Return(Response response) {
      if (effect == Effect::kCrashLost) {
        net->Log(name + " ends before the answer is in");
        return net->Crash(process);
      }
      if (effect == Effect::kSlow) return;  // it was told of a time-out long ago
      if (effect == Effect::kLate) return TimeOut();
      if (effect == Effect::kReset) return Answer(Fail(ErrorKind::kUnavailable, "connection reset by peer"));
      if (effect) Spoil(*effect, response);
      Answer(std::move(response));
    }

    void TimeOut() {
      net->world.After(request.timeout, [self = shared_from_this()] {
        self->process.Post([self] { self->done(Fail(ErrorKind::kTimeout, "no answer in time")); });
      });
    }

    void Answer(Result<Response> answer) {
      net->world.After(net->Spread(net->options.request_delay),
                       [self = shared_from_this(), answer = std::move(answer)] {
                         self->process.Post([self, answer] {
                           self->done(answer);
                           if (self->effect != Effect::kCrashAfter) return;
                           // What the answer posted runs first.
                           self->process.Post([self] {
                             self->net->Log(self->name + " ends after the answer");
                             self->net->Crash(self->process);
                           });
                         });
                       });
    }
  };

  std::shared_ptr<Impl> net_;
  SimProcess& process_;
  std::string name_;
};

FakeNetwork::FakeNetwork(SimLoop& world, FakeApi& api, FaultPlan plan, Options options, Hooks hooks)
    : impl_(std::make_shared<Impl>(world, api, std::move(plan), std::move(options), std::move(hooks))) {}

FakeNetwork::~FakeNetwork() = default;

std::unique_ptr<http::Transport> FakeNetwork::Connect(SimProcess& process, std::string name) {
  return std::make_unique<Impl::Wire>(impl_, process, std::move(name));
}

const FakeNetwork::Counts& FakeNetwork::counts() const {
  return impl_->counts;
}

int FakeNetwork::struck() const {
  return impl_->struck;
}

void FakeNetwork::SetReachable(bool reachable) {
  impl_->reachable = reachable;
  if (!reachable) BreakStreams();
}

void FakeNetwork::BreakStreams() {
  const auto open = impl_->watches;
  for (const auto& [serial, watch] : open)
    watch->ServerEnds(Fail(ErrorKind::kUnavailable, "connection reset"));
}

}  // namespace marea::testing
