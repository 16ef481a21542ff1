// The production Transport, over cpprestsdk (cpprest_transport.cpp is the only file that includes it).
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
  std::string url;                      // "https://127.0.0.1:6443"
  std::function<std::string()> ca_pem;  // the only CAs that are trusted; empty function: plain http only
  std::function<std::string()> client_certificate_pem;  // may be empty: no client certificate
  std::function<std::string()> client_key_pem;
  std::function<std::string()> bearer_token;  // may be empty: no Authorization header
  std::string server_name;                    // expected in the certificate when not the URL's host
};

struct CppRestOptions {
  int max_calls = 32;                             // calls in flight; further ones wait their turn
  std::size_t max_body = std::size_t{256} << 20;  // bytes of one answer; larger is kUnavailable
};

// To be called in the first line of main, before any other use of the library or thread: 2 to 4 threads. It
// also points SSL_CERT_FILE at nothing for this process, because no endpoint trusts the system's CAs.
void StartCppRestThreads(int threads = 2) noexcept;

class CppRestTransport final : public Transport {
 public:
  CppRestTransport(Endpoint endpoint, CppRestOptions options = {});
  ~CppRestTransport() override;  // cancels what is under way and waits for running callbacks

  void Send(Request request, std::function<void(Result<Response>)> done) override;
  std::unique_ptr<Stream> Open(Request request, StreamEvents events) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace marea::http
