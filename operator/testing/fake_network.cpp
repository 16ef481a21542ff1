#include "testing/fake_network.hpp"

#include <optional>
#include <utility>

#include "testing/fake_answers.hpp"
#include "testing/fake_network_parts.hpp"
#include "testing/fake_request.hpp"

namespace marea::testing {
namespace {

using http::Method;
using http::Request;
using http::Response;
using namespace std::chrono_literals;

// One request on its way, and what becomes of its answer.
struct Call : std::enable_shared_from_this<Call> {
  Call(std::shared_ptr<FakeNetwork::Impl> n, SimProcess& p, std::string w, Request r,
       std::function<void(Result<Response>)> d, std::optional<Effect> e)
      : net(std::move(n)),
        process(p),
        name(std::move(w)),
        request(std::move(r)),
        done(std::move(d)),
        effect(e) {}

  std::shared_ptr<FakeNetwork::Impl> net;
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
      auto refused = net->hooks.admission ? net->hooks.admission(request) : std::nullopt;
      response = refused ? std::move(*refused) : net->api.Handle(request);
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
    if (effect == Effect::kSlow) return;  // it was told of a time-out long ago
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

class Reader final : public http::Stream {
 public:
  explicit Reader(std::shared_ptr<FakeStream> stream) : stream_(std::move(stream)) {}
  ~Reader() override { stream_->Cancel(); }

 private:
  std::shared_ptr<FakeStream> stream_;
};

// One process's transport.
class Wire final : public http::Transport {
 public:
  Wire(std::shared_ptr<FakeNetwork::Impl> net, SimProcess& process, std::string name)
      : net_(std::move(net)), process_(process), name_(std::move(name)) {}

  void Send(Request request, std::function<void(Result<Response>)> done) override {
    if (!process_.Alive()) return;
    if (request.may_send && !request.may_send()) {
      net_->Log(name_ + " " + http::Name(request.method) + " " + request.path + " is held back by its fence");
      return process_.Post(
          [done = std::move(done)] { done(Fail(ErrorKind::kForbidden, "may not be sent any more")); });
    }
    const bool write = request.method != Method::kGet;
    const auto [number, effect] = Count(request, write);
    const std::string name = name_ + number;
    if (effect == Effect::kCrashBefore) {
      net_->Log(name + " ends before it sends");
      return net_->Crash(process_);
    }
    if (write && net_->hooks.sending) net_->hooks.sending(process_, request);
    const auto call =
        std::make_shared<Call>(net_, process_, name, std::move(request), std::move(done), effect);
    const Duration slow = effect == Effect::kSlow ? Duration{call->request.timeout} + 1s : Duration{};
    if (effect == Effect::kSlow) call->TimeOut();
    net_->world.After(net_->Spread(net_->options.request_delay) + slow, [call] { call->Arrive(); });
  }

  std::unique_ptr<http::Stream> Open(Request request, http::StreamEvents events) override {
    auto stream = std::make_shared<FakeStream>(net_, process_, name_, std::move(request), std::move(events));
    if (process_.Alive()) {
      net_->world.After(net_->Spread(net_->options.request_delay), [stream] { stream->Begin(); });
    }
    return std::make_unique<Reader>(std::move(stream));
  }

 private:
  // For the log: " #7", the seventh write; and what befalls it.
  std::pair<std::string, std::optional<Effect>> Count(const Request& request, bool write) {
    if (net_->options.uncounted.contains(PluralOf(request.path))) return {};
    if (!write) return {"", net_->Strike(At::kRead, ++net_->counts.reads, request)};
    const auto number = ++net_->counts.writes;
    return {" #" + std::to_string(number), net_->Strike(At::kWrite, number, request)};
  }

  std::shared_ptr<FakeNetwork::Impl> net_;
  SimProcess& process_;
  std::string name_;
};

}  // namespace

std::string PluralOf(const std::string& path) {
  const auto target = fake::ParseTarget(path);
  return target ? target->plural : std::string{};
}

FakeNetwork::FakeNetwork(SimLoop& world, FakeApi& api, FaultPlan plan, Options options, Hooks hooks)
    : impl_(std::make_shared<Impl>(world, api, std::move(plan), std::move(options), std::move(hooks))) {}

FakeNetwork::~FakeNetwork() = default;

std::unique_ptr<http::Transport> FakeNetwork::Connect(SimProcess& process, std::string name) {
  return std::make_unique<Wire>(impl_, process, std::move(name));
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
  const auto open = impl_->streams;
  for (const auto& [serial, stream] : open)
    stream->ServerEnds(Fail(ErrorKind::kUnavailable, "connection reset"));
}

}  // namespace marea::testing
