#include <utility>  // Boost.Asio 1.74 needs it first under C++20

#include <cpprest/http_client.h>
#include <openssl/ssl.h>
#include <pplx/threadpool.h>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <set>
#include <stdexcept>

#include "http/callback_gate.hpp"
#include "http/client_tls.hpp"
#include "http/cpprest_transport.hpp"

// What one has to know of cpprestsdk 2.10.18 to read this file:
//
// - Its timeout is an idle timer and belongs to a client, not to a request. Calls have a timer of their
//   own here, for the whole call; a stream has a client of its own, whose idle timer is the silence the
//   stream may keep.
// - The TLS callback runs for each new connection, but kept connections stay as they were made. So the
//   client of the calls is made anew when a file changed; the old one's connections go with the last
//   request on them.
// - A request on a kept connection that the server has closed meanwhile is sent again on another one,
//   whatever its method, if not a byte of an answer has come. The server may have carried out the first
//   one.
// - A body is read from the socket as fast as it comes, however slowly we take it, and a chunk is held
//   until it is whole. There is no bound on the size of a chunk or of the head.
// - Continuations run on its pool. Waiting for a task there may wait for ever, so nothing here does.
namespace marea::http {

namespace {

namespace rest = web::http;
using rest::client::http_client;
using std::chrono::milliseconds;

// The idle timer of calls: well out of the way of the total one.
constexpr std::chrono::hours kNeverIdle{24};
// Other work of the pool gets its turn after so many bytes of one body.
constexpr std::size_t kTurn = std::size_t{64} << 10;
// What is reserved at once on a server's word for the length of its answer.
constexpr std::size_t kTrustedLength = std::size_t{1} << 20;

boost::asio::io_service& Pool() {
  return crossplat::threadpool::shared_instance().service();
}

// Makes the clients and messages for one endpoint. Any thread.
class Connector {
 public:
  struct Client {
    std::shared_ptr<http_client> client;
    std::shared_ptr<const ClientTls> tls;  // null: plain http
  };

  explicit Connector(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

  const std::string& url() const { return endpoint_.url; }
  // These throw, in words for the message of an Error.
  Client ForCalls();
  Client ForStream(milliseconds silence);
  rest::http_request Message(const Request& request) const;

 private:
  bool Secure() const { return endpoint_.url.starts_with("https:"); }
  TlsMaterial Read() const;
  void Refresh();  // under the mutex
  std::shared_ptr<http_client> Make(milliseconds idle) const;

  Endpoint endpoint_;
  std::mutex mutex_;
  TlsMaterial material_;
  Client calls_;  // made with `material_`
};

TlsMaterial Connector::Read() const {
  if (!Secure()) return {};
  if (!endpoint_.ca_pem) throw std::runtime_error("https needs a CA to trust");
  TlsMaterial material{.ca_pem = endpoint_.ca_pem(), .certificate_pem = {}, .key_pem = {}};
  if (endpoint_.client_certificate_pem) material.certificate_pem = endpoint_.client_certificate_pem();
  if (endpoint_.client_key_pem) material.key_pem = endpoint_.client_key_pem();
  return material;
}

void Connector::Refresh() {
  TlsMaterial now = Read();
  if (calls_.client && now == material_) return;
  if (Secure()) {
    const std::string host = web::uri(endpoint_.url).host();
    if (host.starts_with('['))
      throw std::runtime_error("IPv6 addresses are not supported in URLs, DNS names are");
    auto tls = ClientTls::Make(now, endpoint_.server_name.empty() ? host : endpoint_.server_name);
    if (!tls) throw std::runtime_error(tls.error().message);
    calls_.tls = std::move(*tls);
  }
  calls_.client = Make(kNeverIdle);
  material_ = std::move(now);
}

std::shared_ptr<http_client> Connector::Make(milliseconds idle) const {
  rest::client::http_client_config config;
  config.set_timeout(idle);
  config.set_max_redirects(0);
  config.set_ssl_context_callback([tls = calls_.tls](boost::asio::ssl::context& context) {
    if (!tls->Apply(context.native_handle())) throw std::runtime_error("OpenSSL refused the TLS settings");
  });
  return std::make_shared<http_client>(web::uri(endpoint_.url), config);
}

Connector::Client Connector::ForCalls() {
  const std::lock_guard lock(mutex_);
  Refresh();
  return calls_;
}

Connector::Client Connector::ForStream(milliseconds silence) {
  const std::lock_guard lock(mutex_);
  Refresh();
  return {.client = Make(silence), .tls = calls_.tls};
}

rest::http_request Connector::Message(const Request& request) const {
  rest::http_request message(Name(request.method));
  message.set_request_uri(web::uri(request.path));
  message.headers().add("User-Agent", "marea");
  // cpprestsdk takes from here which name it tells the server (SNI) and looks for in the certificate.
  if (!endpoint_.server_name.empty()) message.headers().add("Host", endpoint_.server_name);
  if (endpoint_.bearer_token) {
    const std::string token = endpoint_.bearer_token();
    if (std::ranges::any_of(token, [](unsigned char c) { return c <= ' ' || c == 0x7f; })) {
      throw std::runtime_error("the bearer token has a space or a control character in it");
    }
    if (!token.empty()) message.headers().add("Authorization", "Bearer " + token);
  }
  if (!request.body.empty()) message.set_body(request.body, request.content_type);
  return message;
}

Response HeadOf(const rest::http_response& response) {
  Response head{.status = response.status_code(), .headers = {}, .body = {}};
  for (const auto& [name, value] : response.headers()) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    head.headers[std::move(lower)] = value;
  }
  return head;
}

// One request and its answer on their way through cpprestsdk. A call and a stream make different things of
// it.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Request request, const std::string& url)
      : request_(std::move(request)),
        // Without the query, which may hold what is nobody's business.
        what_(Name(request_.method) + (" " + url) + request_.path.substr(0, request_.path.find('?'))) {}
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Request& request() const { return request_; }
  void Cancel() { cancel_.cancel(); }
  virtual void Abandon() = 0;  // cancels; its owner is called back no more

 protected:
  // `make` gives the client, or throws. What follows happens on the pool.
  template <class Make>
  void Begin(const Connector& connector, Make make);

  // One after the other. An error that comes back cancels the exchange and becomes its end. OnEnd comes once,
  // last.
  virtual Result<void> OnHead(Response head, std::uint64_t length) = 0;  // length 0: not told
  virtual Result<void> OnPiece(std::string_view piece) = 0;
  virtual void OnEnd(Result<void> end) = 0;

  tl::unexpected<Error> Trouble(ErrorKind kind, const std::string& why) const {
    return Fail(kind, what_ + ": " + why);
  }

 private:
  using Bytes = concurrency::streams::streambuf<std::uint8_t>;
  using Traits = concurrency::streams::char_traits<std::uint8_t>;

  void Receive(const pplx::task<rest::http_response>& answer);
  void Read();
  Result<void> HandOut();
  void Stop(Result<void> why);
  tl::unexpected<Error> Explain(const std::exception_ptr& broken) const;

  Request request_;
  std::string what_;
  pplx::cancellation_token_source cancel_;
  std::shared_ptr<const ClientTls> tls_;
  Bytes body_;
};

template <class Make>
void Exchange::Begin(const Connector& connector, Make make) {
  try {
    const Connector::Client made = make();
    tls_ = made.tls;
    const rest::http_request message = connector.Message(request_);
    // Last of all: reading certificates and tokens takes its time, too.
    if (request_.may_send && !request_.may_send()) {
      return OnEnd(Trouble(ErrorKind::kForbidden, "not sent, it may not leave any more"));
    }
    made.client->request(message, cancel_.get_token())
        .then([self = shared_from_this()](const pplx::task<rest::http_response>& answer) {
          self->Receive(answer);
        });
  } catch (...) {
    OnEnd(Explain(std::current_exception()));
  }
}

void Exchange::Receive(const pplx::task<rest::http_response>& answer) {
  rest::http_response response;
  try {
    response = answer.get();
  } catch (...) {
    return OnEnd(Explain(std::current_exception()));
  }
  body_ = response.body().streambuf();
  if (auto wanted = OnHead(HeadOf(response), response.headers().content_length()); !wanted) {
    return Stop(std::move(wanted));
  }
  Read();
}

// A read of many bytes would wait until it has them all. So one byte is awaited, then all that is there is
// handed out.
void Exchange::Read() {
  body_.getc().then([self = shared_from_this()](const pplx::task<Traits::int_type>& next) {
    bool ended = false;
    try {
      ended = next.get() == Traits::eof();
    } catch (...) {
      return self->OnEnd(self->Explain(std::current_exception()));
    }
    if (ended) return self->OnEnd({});
    if (auto wanted = self->HandOut(); !wanted) return self->Stop(std::move(wanted));
    self->Read();
  });
}

Result<void> Exchange::HandOut() {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  for (std::size_t taken = 0; taken < kTurn && body_.acquire(data, size) && size > 0; taken += size) {
    auto wanted = OnPiece({reinterpret_cast<const char*>(data), size});
    body_.release(data, size);
    if (!wanted) return wanted;
  }
  return {};
}

void Exchange::Stop(Result<void> why) {
  Cancel();
  OnEnd(std::move(why));
}

tl::unexpected<Error> Exchange::Explain(const std::exception_ptr& broken) const {
  try {
    std::rethrow_exception(broken);
  } catch (const rest::http_exception& e) {
    const int code = e.error_code().value();
    if (code == ETIMEDOUT) {
      return Trouble(ErrorKind::kTimeout, "silence for " + std::to_string(request_.timeout.count()) + " ms");
    }
    if (tls_ && IsVerificationFailure(code)) {
      return Trouble(ErrorKind::kUnavailable,
                     "the server's certificate is not trusted: " + tls_->LastRefusal());
    }
    const std::string reason = TlsReason(code);
    return Trouble(ErrorKind::kUnavailable, reason.empty() ? e.what() : "TLS: " + reason);
  } catch (const web::uri_exception&) {
    return Trouble(ErrorKind::kUnavailable, "not a valid URL");  // its own text would show the query
  } catch (const std::exception& e) {
    return Trouble(ErrorKind::kUnavailable, e.what());
  }
}

class Call;

// All that is under way to one server, and the queue of the calls.
class Traffic : public std::enable_shared_from_this<Traffic> {
 public:
  Traffic(Endpoint endpoint, CppRestOptions limits) : connector(std::move(endpoint)), options(limits) {}

  void Enter(const std::shared_ptr<Exchange>& exchange);
  void Leave(const std::shared_ptr<Exchange>& exchange);
  void Enqueue(const std::shared_ptr<Call>& call);
  void Done(const std::shared_ptr<Call>& call);
  void Close();

  Connector connector;
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
      : Exchange(std::move(request), owner->connector.url()),
        owner_(std::move(owner)),
        done_(std::move(done)) {}

  void Watch() {
    deadline_.expires_after(request().timeout);
    deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = std::static_pointer_cast<Call>(weak.lock());
      if (!error && self) self->OnDeadline();
    });
  }

  bool Settled() const { return settled_; }

  void Start() {
    started_ = true;
    Begin(owner_->connector, [this] { return owner_->connector.ForCalls(); });
  }

  void Abandon() override {
    if (!settled_.exchange(true)) deadline_.cancel();
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
      deadline_.cancel();
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
  boost::asio::steady_timer deadline_{Pool()};
  std::atomic<bool> started_{false};
  std::atomic<bool> settled_{false};  // answered or abandoned; who sets it does the rest
  Response response_;
};

class Flow final : public Exchange {
 public:
  Flow(Request request, std::shared_ptr<Traffic> owner, StreamEvents events)
      : Exchange(std::move(request), owner->connector.url()),
        owner_(std::move(owner)),
        events_(std::move(events)) {}

  void Start() {
    Begin(owner_->connector, [this] { return owner_->connector.ForStream(request().timeout); });
  }

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
  Pool().post([self = shared_from_this()] { self->StartWaiting(); });
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
  Pool().post([self = shared_from_this()] { self->StartWaiting(); });
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

void StartCppRestThreads(int threads) noexcept {
  // For each new connection cpprestsdk has OpenSSL read the system's CA bundle, 70 ms of work, before our
  // callback puts the endpoint's own CAs in its place. Nothing in this process trusts the bundle.
  ::setenv("SSL_CERT_FILE", "/dev/null", 1);
  // Before the pool, so that at the process' end it goes after it: the threads of the pool use it to the
  // last.
  OPENSSL_init_ssl(0, nullptr);
  // A second call, or one that comes too late, is a fault of the program: the exception ends it with its
  // words.
  crossplat::threadpool::initialize_with_threads(static_cast<std::size_t>(std::clamp(threads, 2, 4)));
}

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
  Pool().post([flow] { flow->Start(); });
  return std::make_unique<CppRestStream>(impl_, flow);
}

}  // namespace marea::http
