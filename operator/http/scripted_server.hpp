// A server for tests that does exactly what its script says, byte by byte: plain or TLS, one thread a
// connection, blocking. Over sockets and OpenSSL (scripted_server.cpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/self_signed.hpp"

namespace marea::http {

// One connection, as the script of the server sees it. Everything blocks; at the server's end it all fails.
class Peer {
 public:
  virtual ~Peer() = default;

  virtual std::string ReadRequest() = 0;  // head and body; empty when the client closed
  virtual bool Write(std::string_view bytes) = 0;
  virtual void WaitForClose() = 0;              // until the client has closed
  virtual void FinishWriting() = 0;             // says goodbye; what the client sends can still be read
  virtual void Reset() = 0;                     // ends the connection with a RST
  virtual std::string ClientCertificate() = 0;  // PEM; empty without one
  virtual std::string ServerName() = 0;         // as the client asked for it (SNI)

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
  using Script =
      std::function<void(Peer&)>;  // called for each connection, on its thread; closed when it returns

  ScriptedServer(ScriptedServerOptions options, Script script);
  ~ScriptedServer();  // breaks all connections and joins their threads

  std::uint16_t port() const;
  std::string url() const;
  int connections() const;  // so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace marea::http
