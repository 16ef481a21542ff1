// A small HTTPS server for health and metrics, over Boost.Beast (server.cpp is the only file that includes
// it).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace marea::http {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;        // 0: any free one, see Server::port
  std::string certificate_file;  // PEM chain and key, re-read when they change; both empty: a self-signed
  std::string key_file;          // certificate made at start, for this address and localhost
  int max_connections = 64;      // further ones are closed at once
  std::chrono::milliseconds idle_timeout{30'000};    // for a whole request, from the end of the one before
  std::chrono::milliseconds handler_timeout{5'000};  // for the reply to it
};

struct ServerAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct ServerRequest {       // a GET or HEAD
  std::string path;          // without the query
  std::string bearer_token;  // of the Authorization header; empty: none
};

// Called on the server's thread; must call `reply` once, from any thread. A reply that does not come in time
// is answered for with 503.
using ServerHandler =
    std::function<void(const ServerRequest& request, std::function<void(ServerAnswer)> reply)>;

class Server {
 public:
  // Errors: kInvalid for unreadable certificate files, kUnavailable when the port cannot be had.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, ServerHandler handler);
  ~Server();  // stops accepting, ends open connections, joins its thread

  std::uint16_t port() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace marea::http
