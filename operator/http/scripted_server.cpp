#include "http/scripted_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace marea::http {

namespace {

using Context = std::unique_ptr<SSL_CTX, decltype([](SSL_CTX* c) { SSL_CTX_free(c); })>;
using Session = std::unique_ptr<SSL, decltype([](SSL* s) { SSL_free(s); })>;
using Memory = std::unique_ptr<BIO, decltype([](BIO* b) { BIO_free_all(b); })>;
using Certificate = std::unique_ptr<X509, decltype([](X509* c) { X509_free(c); })>;
using Key = std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* k) { EVP_PKEY_free(k); })>;

Memory Reading(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

void Need(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("scripted server: ") + what);
}

Context MakeContext(const ScriptedServerOptions& options) {
  if (options.identity.certificate_pem.empty()) return nullptr;
  Context context(SSL_CTX_new(TLS_server_method()));
  const Certificate own(
      PEM_read_bio_X509(Reading(options.identity.certificate_pem).get(), nullptr, nullptr, nullptr));
  const Key key(PEM_read_bio_PrivateKey(Reading(options.identity.key_pem).get(), nullptr, nullptr, nullptr));
  Need(SSL_CTX_use_certificate(context.get(), own.get()) == 1, "certificate");
  Need(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1, "key");
  if (!options.client_ca.empty()) {
    const Memory text = Reading(options.client_ca);
    while (const Certificate ca{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)}) {
      Need(X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca.get()) == 1, "client CA");
    }
    ERR_clear_error();
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

class SocketPeer : public Peer {
 public:
  SocketPeer(int socket, SSL_CTX* context) : socket_(socket) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (context == nullptr) return;
    session_.reset(SSL_new(context));
    SSL_set_fd(session_.get(), socket);
    if (SSL_is_server(session_.get())) {
      SSL_set_accept_state(session_.get());
    } else {
      SSL_set_connect_state(session_.get());
    }
  }

  bool Handshake() { return !session_ || SSL_do_handshake(session_.get()) == 1; }

  void Goodbye() {
    if (session_) SSL_shutdown(session_.get());
  }

  std::string ReadMessage() override {
    std::size_t head = std::string::npos;
    while ((head = read_.find("\r\n\r\n")) == std::string::npos) {
      if (!Receive()) return {};
    }
    const std::size_t size = head + 4 + BodySize(read_.substr(0, head));
    while (read_.size() < size) {
      if (!Receive()) return {};
    }
    std::string request = read_.substr(0, size);
    read_.erase(0, size);
    return request;
  }

  bool Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const long written = session_ ? SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                    : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  std::string ReadAll() override {
    while (Receive()) {
    }
    return std::exchange(read_, {});
  }

  void WaitForClose() override {
    while (Receive()) read_.clear();
  }

  void FinishWriting() override {
    Goodbye();
    ::shutdown(socket_, SHUT_WR);
  }

  void Reset() override {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    session_.reset();
    reset_ = true;
  }
  bool was_reset() const { return reset_; }
  int socket() const { return socket_; }

  std::string PeerCertificate() override {
    const Certificate theirs(session_ ? SSL_get1_peer_certificate(session_.get()) : nullptr);
    if (!theirs) return {};
    const Memory memory(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(memory.get(), theirs.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
  }

  std::string ServerName() override {
    const char* name = session_ ? SSL_get_servername(session_.get(), TLSEXT_NAMETYPE_host_name) : nullptr;
    return name ? name : "";
  }

 private:
  static std::size_t BodySize(std::string head) {
    std::ranges::transform(head, head.begin(), [](unsigned char c) { return std::tolower(c); });
    const std::size_t at = head.find("content-length:");
    return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 15, nullptr, 10);
  }

  bool Receive() {
    std::array<char, 16384> buffer;
    const long got = session_ ? SSL_read(session_.get(), buffer.data(), buffer.size())
                              : ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    read_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  Session session_;
  std::string read_;
  bool reset_ = false;
};

}  // namespace

bool Peer::Answer(int status, std::string_view body, std::string_view headers) {
  return Write("HTTP/1.1 " + std::to_string(status) + " Because\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" + std::string(body));
}

bool Peer::BeginChunked(int status) {
  return Write("HTTP/1.1 " + std::to_string(status) + " Because\r\nTransfer-Encoding: chunked\r\n\r\n");
}

bool Peer::Chunk(std::string_view data) {
  std::array<char, 20> size;
  std::snprintf(size.data(), size.size(), "%zx\r\n", data.size());
  return Write(size.data() + std::string(data) + "\r\n");
}

struct ScriptedServer::Impl {
  Impl(const ScriptedServerOptions& options, Script s)
      : script(std::move(s)), context(MakeContext(options)), address(options.address) {
    // SSL_write writes to the socket without MSG_NOSIGNAL.
    std::signal(SIGPIPE, SIG_IGN);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    Need(inet_pton(AF_INET, options.address.c_str(), &where.sin_addr) == 1, "address");
    listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    Need(::bind(listener, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0, "bind");
    Need(::listen(listener, 512) == 0, "listen");
    socklen_t size = sizeof where;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&where), &size);
    port = ntohs(where.sin_port);
    acceptor = std::thread([this] { AcceptAll(); });
  }

  ~Impl() {
    stopping = true;
    ::shutdown(listener, SHUT_RDWR);  // wakes the accept
    acceptor.join();
    ::close(listener);
    {
      const std::lock_guard lock(mutex);
      for (const int socket : sockets) ::shutdown(socket, SHUT_RDWR);
    }
    for (std::thread& thread : threads) thread.join();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void AcceptAll() {
    while (!stopping) {
      const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      ++accepted;
      const std::lock_guard lock(mutex);
      sockets.push_back(socket);
      threads.emplace_back([this, socket] { Serve(socket); });
    }
  }

  void Serve(int socket) {
    {
      SocketPeer peer(socket, context.get());
      if (peer.Handshake()) script(peer);
      if (!peer.was_reset()) peer.Goodbye();
      ERR_clear_error();
    }
    const std::lock_guard lock(mutex);
    sockets.remove(socket);
    ::close(socket);
  }

  const Script script;
  const Context context;
  const std::string address;
  int listener = -1;
  std::uint16_t port = 0;
  std::atomic<bool> stopping{false};
  std::atomic<int> accepted{0};
  std::mutex mutex;
  std::list<int> sockets;
  std::list<std::thread> threads;
  std::thread acceptor;
};

ScriptedServer::ScriptedServer(ScriptedServerOptions options, Script script)
    : impl_(std::make_unique<Impl>(options, std::move(script))) {}

ScriptedServer::~ScriptedServer() = default;

namespace {

class ClientPeer final : public SocketPeer {
 public:
  ClientPeer(int socket, Context context) : SocketPeer(socket, context.get()), owned_(socket) {}
  ~ClientPeer() override { ::close(owned_); }
  ClientPeer(const ClientPeer&) = delete;
  ClientPeer& operator=(const ClientPeer&) = delete;

 private:
  int owned_;
};

}  // namespace

std::unique_ptr<Peer> Connect(std::uint16_t port, bool tls) {
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(port);
  auto peer = std::make_unique<ClientPeer>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                                           tls ? Context(SSL_CTX_new(TLS_client_method())) : Context());
  if (::connect(peer->socket(), reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) return nullptr;
  if (!peer->Handshake()) return nullptr;
  return peer;
}

std::uint16_t ScriptedServer::port() const {
  return impl_->port;
}

std::string ScriptedServer::url() const {
  return (impl_->context ? "https://" : "http://") + impl_->address + ":" + std::to_string(impl_->port);
}

int ScriptedServer::connections() const {
  return impl_->accepted;
}

}  // namespace marea::http
