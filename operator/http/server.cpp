#include <utility>  // Boost.Asio 1.74 needs it first under C++20

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <thread>
#include <tuple>

#include "base/log.hpp"
#include "http/self_signed.hpp"
#include "http/server.hpp"

namespace marea::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

constexpr auto kHandshake = 10s;
constexpr auto kWrite = 10s;
constexpr std::uint32_t kMaxHeader = 8 << 10;
constexpr std::uint64_t kMaxBody = 16 << 10;  // read only to answer properly; nothing here takes a body

using Tls = std::shared_ptr<asio::ssl::context>;

// Throws boost::system::system_error.
Tls MakeTls(const CertificateAndKey& pair) {
  auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  tls->use_certificate_chain(asio::buffer(pair.certificate_pem));
  tls->use_private_key(asio::buffer(pair.key_pem), asio::ssl::context::pem);
  if (SSL_CTX_check_private_key(tls->native_handle()) != 1)
    throw std::runtime_error("the key is another one's");
  return tls;
}

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The certificate in use, which follows its files.
class CertificateSource {
 public:
  // Throws when there is nothing usable to begin with.
  explicit CertificateSource(const ServerOptions& options) : options_(options) {
    if (FromFiles()) {
      seen_ = Look();
      current_ = MakeTls({Slurp(options_.certificate_file), Slurp(options_.key_file)});
    } else {
      const Time now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
      // A clock behind ours must not refuse it; and nobody trusts it beyond this process anyway.
      const auto made = MakeSelfSigned(Names(), now - 1h, now + std::chrono::years(10));
      if (!made) throw std::runtime_error(made.error().message);
      current_ = MakeTls(*made);
    }
  }

  const Tls& Current() {
    if (!FromFiles()) return current_;
    if (auto now = Look(); now != seen_) {
      try {
        current_ = MakeTls({Slurp(options_.certificate_file), Slurp(options_.key_file)});
        log::Info("server certificate read again", {{"file", options_.certificate_file}});
      } catch (const std::exception& e) {
        log::Error("changed server certificate cannot be used, keeping the one before",
                   {{"file", options_.certificate_file}, {"error", e.what()}});
      }
      seen_ = std::move(now);
    }
    return current_;
  }

 private:
  using Stamp = std::vector<std::tuple<ino_t, time_t, long, off_t>>;

  bool FromFiles() const { return !options_.certificate_file.empty() || !options_.key_file.empty(); }

  Stamp Look() const {
    Stamp stamp;
    for (const std::string& file : {options_.certificate_file, options_.key_file}) {
      struct stat status{};
      ::stat(file.c_str(), &status);
      stamp.emplace_back(status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size);
    }
    return stamp;
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names{"localhost", "127.0.0.1"};
    if (options_.address != "127.0.0.1") names.push_back(options_.address);
    return names;
  }

  ServerOptions options_;
  Tls current_;
  Stamp seen_;
};

// "Bearer abc" (RFC 6750); the scheme's case does not matter. Empty: there is none.
std::string BearerToken(beast::string_view header) {
  constexpr std::size_t kScheme = 7;  // with its space
  if (header.size() <= kScheme || !beast::iequals(header.substr(0, kScheme), "Bearer ")) return {};
  std::string token(header.substr(kScheme));
  token.erase(0, token.find_first_not_of(' '));
  return token;
}

class Connection;

// All of the server's thread. Held by connections and replies, which may come when the server is gone.
struct Core {
  Core(ServerHandler h, const ServerOptions& o)
      : handler(std::move(h)), limits{.idle = o.idle_timeout, .patience = o.handler_timeout} {}

  struct Limits {
    std::chrono::milliseconds idle;
    std::chrono::milliseconds patience;
  };

  asio::io_context context{1};
  const ServerHandler handler;
  const Limits limits;
  std::set<std::shared_ptr<Connection>> connections;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::weak_ptr<Core> core, Core& alive, tcp::socket socket, Tls tls)
      : core_(std::move(core)),
        tls_(std::move(tls)),
        stream_(std::move(socket), *tls_),
        silence_(alive.context),
        limits_(alive.limits) {}

  void Start() {
    Deadline(kHandshake);
    stream_.async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
      if (error) return self->Close();
      self->Read();
    });
  }

  // Handlers that are on their way find it closed and do nothing.
  void Close() {
    closed_ = true;
    silence_.cancel();
    beast::get_lowest_layer(stream_).close();
    if (const auto core = core_.lock()) core->connections.erase(shared_from_this());
  }

 private:
  void Deadline(std::chrono::milliseconds span) { beast::get_lowest_layer(stream_).expires_after(span); }

  void Read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeader);
    parser_->body_limit(kMaxBody);
    Deadline(limits_.idle);
    beast::http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, std::size_t) { self->OnRequest(error); });
  }

  void OnRequest(error_code failure) {
    using beast::http::error;
    using beast::http::verb;
    if (closed_) return;
    if (failure == error::header_limit) return Refuse(431, "too large header\n");
    if (failure == error::body_limit) return Refuse(413, "too large body\n");
    const bool not_http = failure.category() == make_error_code(error::bad_method).category();
    if (not_http && failure != error::end_of_stream) return Refuse(400, "not HTTP\n");
    if (failure) return Close();
    const auto& request = parser_->get();
    head_only_ = request.method() == verb::head;
    keep_ = request.keep_alive();
    if (request.method() != verb::get && !head_only_) return Refuse(405, "only GET and HEAD\n");
    const std::string target(request.target());
    Ask({.path = target.substr(0, target.find('?')),
         .bearer_token = BearerToken(request[beast::http::field::authorization])});
  }

  void Ask(const ServerRequest& request) {
    const auto core = core_.lock();
    if (!core) return;
    const std::uint64_t turn = ++turn_;
    silence_.expires_after(limits_.patience);
    silence_.async_wait([self = shared_from_this(), turn](error_code error) {
      if (!error) self->Reply(turn, {.status = 503, .body = "no answer in time\n"});
    });
    core->handler(request, [weak = weak_from_this(), weak_core = core_, turn](ServerAnswer answer) {
      const auto alive = weak_core.lock();
      if (!alive) return;
      asio::post(alive->context, [weak, turn, answer = std::move(answer)]() mutable {
        if (const auto self = weak.lock()) self->Reply(turn, std::move(answer));
      });
    });
  }

  // The first reply of a turn counts; the others come too late.
  void Reply(std::uint64_t turn, ServerAnswer answer) {
    if (turn != turn_ || closed_) return;
    ++turn_;
    silence_.cancel();
    Write(std::move(answer));
  }

  void Refuse(int status, std::string why) {
    keep_ = false;
    Write({.status = status, .body = std::move(why)});
  }

  void Write(ServerAnswer answer) {
    answer_.emplace(static_cast<beast::http::status>(answer.status), 11);
    answer_->set(beast::http::field::content_type, answer.content_type);
    answer_->set("X-Content-Type-Options", "nosniff");
    if (answer.status == 401) answer_->set(beast::http::field::www_authenticate, "Bearer");
    if (answer.status == 405) answer_->set(beast::http::field::allow, "GET, HEAD");
    answer_->keep_alive(keep_);
    answer_->content_length(answer.body.size());
    if (!head_only_) answer_->body() = std::move(answer.body);
    Deadline(kWrite);
    beast::http::async_write(stream_, *answer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (error) return self->Close();
      if (self->keep_) return self->Read();
      self->stream_.async_shutdown([self](error_code) { self->Close(); });
    });
  }

  std::weak_ptr<Core> core_;
  Tls tls_;  // this connection's; later ones may have another
  beast::ssl_stream<beast::tcp_stream> stream_;
  asio::steady_timer silence_;  // of the handler
  Core::Limits limits_;
  beast::flat_buffer buffer_{kMaxHeader + kMaxBody};
  std::optional<beast::http::request_parser<beast::http::string_body>> parser_;
  std::optional<beast::http::response<beast::http::string_body>> answer_;
  std::uint64_t turn_ = 0;
  bool head_only_ = false;
  bool keep_ = false;
  bool closed_ = false;
};

}  // namespace

struct Server::Impl {
  Impl(ServerOptions o, ServerHandler handler)
      : options(std::move(o)),
        certificate(options),
        core(std::make_shared<Core>(std::move(handler), options)) {}

  // Throws boost::system::system_error.
  void Listen() {
    const tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
    port = acceptor.local_endpoint().port();
    Accept();
    thread = std::thread([this] { core->context.run(); });
  }

  void Accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
      if (!acceptor.is_open()) return;
      if (error) {  // no descriptor left, for one: not at full speed again
        pause.expires_after(100ms);
        pause.async_wait([this](error_code stopped) {
          if (!stopped) Accept();
        });
        return;
      }
      // At the limit a new connection is closed at once.
      if (core->connections.size() < static_cast<std::size_t>(options.max_connections))
        Welcome(std::move(socket));
      Accept();
    });
  }

  void Welcome(tcp::socket socket) {
    const auto connection =
        std::make_shared<Connection>(core, *core, std::move(socket), certificate.Current());
    core->connections.insert(connection);
    connection->Start();
  }

  const ServerOptions options;
  CertificateSource certificate;
  std::shared_ptr<Core> core;
  tcp::acceptor acceptor{core->context};
  asio::steady_timer pause{core->context};
  std::uint16_t port = 0;
  std::thread thread;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  asio::post(impl_->core->context, [this] {
    error_code error;
    if (impl_->acceptor.close(error)) log::Warn("closing the listener", {{"error", error.message()}});
    impl_->pause.cancel();
    for (const auto& connection : std::set(impl_->core->connections)) connection->Close();
  });
  impl_->thread.join();  // the context runs out of work
}

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, ServerHandler handler) {
  std::unique_ptr<Impl> impl;
  try {
    impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  } catch (const std::exception& e) {
    return Fail(ErrorKind::kInvalid, std::string("server certificate: ") + e.what());
  }
  try {
    impl->Listen();
  } catch (const std::exception& e) {
    const std::string where = impl->options.address + " port " + std::to_string(impl->options.port);
    return Fail(ErrorKind::kUnavailable, "cannot listen on " + where + ": " + e.what());
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const {
  return impl_->port;
}

}  // namespace marea::http
