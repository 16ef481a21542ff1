// A server for tests that does exactly what its script says, byte by byte: plain or TLS, one thread a
// connection, blocking; and a client of the same kind. Over sockets and OpenSSL (scripted_server.cpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/self_signed.hpp"

namespace marea::http {

// One connection, as one end of it sees it. Everything blocks; when the server goes it all fails.
class Peer {
 public:
  virtual ~Peer() = default;

  virtual std::string ReadMessage() = 0;  // head and body (by Content-Length); empty: the other end closed
  virtual std::string ReadAll() = 0;      // what comes until the other end closes
  virtual bool Write(std::string_view bytes) = 0;
  virtual void WaitForClose() = 0;            // until the other end has closed
  virtual void FinishWriting() = 0;           // says goodbye; what the other end sends can still be read
  virtual void Reset() = 0;                   // ends the connection with a RST
  virtual std::string PeerCertificate() = 0;  // PEM; empty without one
  virtual std::string ServerName() = 0;       // as the client asked for it (SNI)

  // An answer with a Content-Length.
  bool Answer(int status, std::string_view body, std::string_view headers = {});
  bool BeginChunked(int status = 200);
  bool Chunk(std::string_view data);
  bool EndChunked() { return Write("0\r\n\r\n"); }
};

struct ScriptedServerOptions {
  std::string address = "127.0.0.1";
  CertificateAndKey identity;  // empty: plain http
  std::string client_ca;       // PEM, one or more; not empty: a client certificate of theirs is demanded
};

class ScriptedServer {
 public:
  // Called for each connection, on its thread. The connection is closed when it returns.
  using Script = std::function<void(Peer&)>;

  ScriptedServer(ScriptedServerOptions options, Script script);
  ~ScriptedServer();  // breaks all connections and joins their threads

  std::uint16_t port() const;
  std::string url() const;
  int connections() const;  // so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Connects to a port of 127.0.0.1, trusting whoever is there; closes when it goes. Null: refused.
std::unique_ptr<Peer> Connect(std::uint16_t port, bool tls = true);

}  // namespace marea::http
