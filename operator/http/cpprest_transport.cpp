#include "http/cpprest_transport.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include "http/callback_gate.hpp"
#include "http/cpprest.hpp"

namespace marea::http {

namespace {

// What is reserved at once on a server's word for the length of its answer.
constexpr std::size_t kTrustedLength = std::size_t{1} << 20;

class Call;

// All that is under way to one server, and the queue of the calls.
class Traffic : public std::enable_shared_from_this<Traffic> {
 public:
  Traffic(Endpoint endpoint, CppRestOptions limits)
      : connector(MakeConnector(std::move(endpoint))), options(limits) {}

  void Enter(const std::shared_ptr<Exchange>& exchange);
  void Leave(const std::shared_ptr<Exchange>& exchange);
  void Enqueue(const std::shared_ptr<Call>& call);
  void Done(const std::shared_ptr<Call>& call);
  void Close();

  const std::shared_ptr<Connector> connector;
  const CppRestOptions options;

 private:
  void StartWaiting();
  std::shared_ptr<Call> Next();

  std::mutex mutex_;                          // of all below
  std::set<std::shared_ptr<Exchange>> open_;  // calls that wait, too
  std::deque<std::shared_ptr<Call>> waiting_;
  int in_flight_ = 0;
};

class Call final : public Exchange {
 public:
  using Answer = std::function<void(Result<Response>)>;

  Call(Request request, std::shared_ptr<Traffic> owner, Answer done)
      : Exchange(std::move(request), owner->connector), owner_(std::move(owner)), done_(std::move(done)) {}

  void Watch() {
    deadline_.Start(request().timeout, [weak = weak_from_this()] {
      if (const auto self = std::static_pointer_cast<Call>(weak.lock())) self->OnDeadline();
    });
  }

  bool Settled() const { return settled_; }

  void Start() {
    started_ = true;
    Begin({});
  }

  void Abandon() override {
    if (!settled_.exchange(true)) deadline_.Cancel();
    if (gate_.Close()) done_ = nullptr;
    Cancel();
  }

 private:
  void OnDeadline() {
    if (settled_.exchange(true)) return;
    const std::string span = std::to_string(request().timeout.count()) + " ms";
    Deliver(Trouble(ErrorKind::kTimeout, started_
                                             ? "no answer within " + span
                                             : "not sent within " + span + ": too many calls before it"));
    Cancel();
  }

  Result<void> OnHead(Response head, std::uint64_t length) override {
    if (length > owner_->options.max_body) return TooLarge();
    response_ = std::move(head);
    response_.body.reserve(std::min<std::size_t>(length, kTrustedLength));
    return {};
  }

  Result<void> OnPiece(std::string_view piece) override {
    if (response_.body.size() + piece.size() > owner_->options.max_body) return TooLarge();
    response_.body += piece;
    return {};
  }

  void OnEnd(Result<void> end) override {
    if (!settled_.exchange(true)) {
      deadline_.Cancel();
      Deliver(std::move(end).map([&] { return std::move(response_); }));
    }
    // Only now: a call that was given up is in flight until the library has done with it.
    owner_->Done(std::static_pointer_cast<Call>(shared_from_this()));
  }

  void Deliver(Result<Response> result) {
    gate_.Run([&] { std::exchange(done_, nullptr)(std::move(result)); });
  }

  tl::unexpected<Error> TooLarge() const {
    return Trouble(ErrorKind::kUnavailable,
                   "the answer is larger than " + std::to_string(owner_->options.max_body) + " bytes");
  }

  std::shared_ptr<Traffic> owner_;
  Answer done_;
  CallbackGate gate_;
  PoolTimer deadline_;
  std::atomic<bool> started_{false};
  std::atomic<bool> settled_{false};  // answered or abandoned; who sets it does the rest
  Response response_;
};

class Flow final : public Exchange {
 public:
  Flow(Request request, std::shared_ptr<Traffic> owner, StreamEvents events)
      : Exchange(std::move(request), owner->connector),
        owner_(std::move(owner)),
        events_(std::move(events)) {}

  void Start() { Begin(request().timeout); }

  void Abandon() override {
    if (gate_.Close()) events_ = {};
    Cancel();
  }

 private:
  Result<void> OnHead(Response head, std::uint64_t length) override {
    if (head.status < 400) {
      gate_.Run([&] { events_.on_open(std::move(head)); });
      return {};
    }
    refusal_ = std::move(head);
    return OfRefusal(length);
  }

  Result<void> OnPiece(std::string_view piece) override {
    if (refusal_.status == 0) {
      gate_.Run([&] { events_.on_data(piece); });
      return {};
    }
    refusal_.body += piece;
    return OfRefusal(refusal_.body.size());
  }

  void OnEnd(Result<void> end) override {
    if (end && refusal_.status != 0) gate_.Run([&] { events_.on_open(std::move(refusal_)); });
    gate_.Run([&] { events_.on_end(std::move(end)); });
    owner_->Leave(shared_from_this());
  }

  Result<void> OfRefusal(std::size_t size) const {
    if (size <= owner_->options.max_body) return {};
    return Trouble(ErrorKind::kUnavailable, "the refusal is larger than the largest answer allowed");
  }

  std::shared_ptr<Traffic> owner_;
  StreamEvents events_;
  CallbackGate gate_;
  Response refusal_;  // with a status: the answer is one, and its body is still being read
};

void Traffic::Enter(const std::shared_ptr<Exchange>& exchange) {
  const std::lock_guard lock(mutex_);
  open_.insert(exchange);
}

void Traffic::Leave(const std::shared_ptr<Exchange>& exchange) {
  const std::lock_guard lock(mutex_);
  open_.erase(exchange);
}

void Traffic::Enqueue(const std::shared_ptr<Call>& call) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(call);
  }
  // On the pool, so that no callback runs inside Send and no TLS context is made on the caller's thread.
  PostToPool([self = shared_from_this()] { self->StartWaiting(); });
}

void Traffic::StartWaiting() {
  while (const auto call = Next()) call->Start();
}

std::shared_ptr<Call> Traffic::Next() {
  const std::lock_guard lock(mutex_);
  while (!waiting_.empty() && in_flight_ < options.max_calls) {
    const auto call = std::move(waiting_.front());
    waiting_.pop_front();
    if (!call->Settled()) {
      ++in_flight_;
      return call;
    }
    open_.erase(call);
  }
  return nullptr;
}

void Traffic::Done(const std::shared_ptr<Call>& call) {
  Leave(call);
  {
    const std::lock_guard lock(mutex_);
    --in_flight_;
  }
  // Not here: a thousand calls that fail at once would stand on each other's stack.
  PostToPool([self = shared_from_this()] { self->StartWaiting(); });
}

void Traffic::Close() {
  std::set<std::shared_ptr<Exchange>> left;
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    left.swap(open_);
  }
  for (const auto& exchange : left) exchange->Abandon();
}

struct CppRestStream final : Stream {
  CppRestStream(std::shared_ptr<Traffic> t, std::shared_ptr<Flow> f)
      : traffic(std::move(t)), flow(std::move(f)) {}
  ~CppRestStream() override {
    flow->Abandon();
    traffic->Leave(flow);
  }
  CppRestStream(const CppRestStream&) = delete;
  CppRestStream& operator=(const CppRestStream&) = delete;

  const std::shared_ptr<Traffic> traffic;
  const std::shared_ptr<Flow> flow;
};

}  // namespace

struct CppRestTransport::Impl final : Traffic {
  using Traffic::Traffic;
};

CppRestTransport::CppRestTransport(Endpoint endpoint, CppRestOptions options)
    : impl_(std::make_shared<Impl>(std::move(endpoint), options)) {}

CppRestTransport::~CppRestTransport() {
  impl_->Close();
}

void CppRestTransport::Send(Request request, std::function<void(Result<Response>)> done) {
  const auto call = std::make_shared<Call>(std::move(request), impl_, std::move(done));
  impl_->Enter(call);
  call->Watch();
  impl_->Enqueue(call);
}

std::unique_ptr<Stream> CppRestTransport::Open(Request request, StreamEvents events) {
  const auto flow = std::make_shared<Flow>(std::move(request), impl_, std::move(events));
  impl_->Enter(flow);
  PostToPool([flow] { flow->Start(); });
  return std::make_unique<CppRestStream>(impl_, flow);
}

}  // namespace marea::http
