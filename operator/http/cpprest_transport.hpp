// The production Transport, over cpprestsdk (which cpprest.cpp alone includes).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/transport.hpp"

namespace marea::http {

// Where a server is and how we prove who we are. The functions are called for each new connection or request,
// so that rotated files take effect without a restart; they must be quick and thread-safe. None may be empty
// unless it says so.
struct Endpoint {
  std::string url;  // "https://127.0.0.1:6443"; no IPv6 address, which cpprestsdk cannot resolve
  std::function<std::string()> ca_pem;  // the only CAs that are trusted; empty function: plain http only
  std::function<std::string()> client_certificate_pem;  // may be empty: no client certificate
  std::function<std::string()> client_key_pem;
  std::function<std::string()> bearer_token;  // may be empty: no Authorization header
  std::string server_name;  // expected in the certificate when not the URL's host; sent as SNI and Host
};

struct CppRestOptions {
  int max_calls = 32;                             // calls in flight; further ones wait their turn
  std::size_t max_body = std::size_t{256} << 20;  // bytes of one answer; larger is kUnavailable
};

// To be called in the first line of main, before any other use of the library or thread: 2 to 4 threads. It
// also points SSL_CERT_FILE at nothing for this process, because no endpoint trusts the system's CAs.
void StartCppRestThreads(int threads = 2) noexcept;

// A call that fails on a kept connection before a byte of its answer came is sent again on another one,
// whatever its method: what it creates must have a fixed name. max_body bounds what is handed on; the library
// itself holds a chunk of any size before we see it, so a server that means harm wants a short time-out as
// well.
class CppRestTransport final : public Transport {
 public:
  CppRestTransport(Endpoint endpoint, CppRestOptions options = {});
  // Cancels what is under way, streams too, and waits for running callbacks; calls without an answer get
  // none. May be called from one of the callbacks.
  ~CppRestTransport() override;

  void Send(Request request, std::function<void(Result<Response>)> done) override;
  std::unique_ptr<Stream> Open(Request request, StreamEvents events) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace marea::http
