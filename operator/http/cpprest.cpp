#include <utility>  // Boost.Asio 1.74 needs it first under C++20

#include <cpprest/http_client.h>
#include <openssl/ssl.h>
#include <pplx/threadpool.h>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include "http/client_tls.hpp"
#include "http/cpprest.hpp"

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

boost::asio::io_service& Pool() {
  return crossplat::threadpool::shared_instance().service();
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

void PostToPool(std::function<void()> work) {
  Pool().post(std::move(work));
}

struct PoolTimer::Impl {
  boost::asio::steady_timer timer{Pool()};
};

PoolTimer::PoolTimer() : impl_(std::make_unique<Impl>()) {}

PoolTimer::~PoolTimer() = default;

void PoolTimer::Start(milliseconds span, std::function<void()> elapsed) {
  impl_->timer.expires_after(span);
  impl_->timer.async_wait([elapsed = std::move(elapsed)](const boost::system::error_code& error) {
    if (!error) elapsed();
  });
}

void PoolTimer::Cancel() {
  impl_->timer.cancel();
}

// --- connections

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

std::shared_ptr<Connector> MakeConnector(Endpoint endpoint) {
  return std::make_shared<Connector>(std::move(endpoint));
}

// --- one exchange

struct Exchange::Way {
  using Bytes = concurrency::streams::streambuf<std::uint8_t>;
  using Traits = concurrency::streams::char_traits<std::uint8_t>;

  static void Receive(const std::shared_ptr<Exchange>& self, const pplx::task<rest::http_response>& answer);

  pplx::cancellation_token_source cancel;
  std::shared_ptr<const ClientTls> tls;
  Bytes body;
};

Exchange::Exchange(Request request, std::shared_ptr<Connector> connector)
    : request_(std::move(request)),
      // Without the query, which may hold what is nobody's business.
      what_(Name(request_.method) + (" " + connector->url()) +
            request_.path.substr(0, request_.path.find('?'))),
      connector_(std::move(connector)),
      way_(std::make_unique<Way>()) {}

Exchange::~Exchange() = default;

void Exchange::Cancel() {
  way_->cancel.cancel();
}

tl::unexpected<Error> Exchange::Trouble(ErrorKind kind, const std::string& why) const {
  return Fail(kind, what_ + ": " + why);
}

void Exchange::Begin(std::optional<milliseconds> silence) {
  try {
    const Connector::Client made = silence ? connector_->ForStream(*silence) : connector_->ForCalls();
    way_->tls = made.tls;
    const rest::http_request message = connector_->Message(request_);
    // Last of all: reading certificates and tokens takes its time, too.
    if (request_.may_send && !request_.may_send()) {
      return OnEnd(Trouble(ErrorKind::kForbidden, "not sent, it may not leave any more"));
    }
    made.client->request(message, way_->cancel.get_token())
        .then([self = shared_from_this()](const pplx::task<rest::http_response>& answer) {
          Way::Receive(self, answer);
        });
  } catch (...) {
    OnEnd(Explain(std::current_exception()));
  }
}

void Exchange::Way::Receive(const std::shared_ptr<Exchange>& self,
                            const pplx::task<rest::http_response>& answer) {
  rest::http_response response;
  try {
    response = answer.get();
  } catch (...) {
    return self->OnEnd(self->Explain(std::current_exception()));
  }
  self->way_->body = response.body().streambuf();
  if (auto wanted = self->OnHead(HeadOf(response), response.headers().content_length()); !wanted) {
    return self->Stop(std::move(wanted));
  }
  self->Read();
}

// A read of many bytes would wait until it has them all. So one byte is awaited, then all that is there is
// handed out.
void Exchange::Read() {
  way_->body.getc().then([self = shared_from_this()](const pplx::task<Way::Traits::int_type>& next) {
    bool ended = false;
    try {
      ended = next.get() == Way::Traits::eof();
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
  for (std::size_t taken = 0; taken < kTurn && way_->body.acquire(data, size) && size > 0; taken += size) {
    auto wanted = OnPiece({reinterpret_cast<const char*>(data), size});
    way_->body.release(data, size);
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
    if (way_->tls && IsVerificationFailure(code)) {
      return Trouble(ErrorKind::kUnavailable,
                     "the server's certificate is not trusted: " + way_->tls->LastRefusal());
    }
    const std::string reason = TlsReason(code);
    return Trouble(ErrorKind::kUnavailable, reason.empty() ? e.what() : "TLS: " + reason);
  } catch (const web::uri_exception&) {
    return Trouble(ErrorKind::kUnavailable, "not a valid URL");  // its own text would show the query
  } catch (const std::exception& e) {
    return Trouble(ErrorKind::kUnavailable, e.what());
  }
}

}  // namespace marea::http
