// All that Marea knows of cpprestsdk: its pool of threads, and one request with its answer on their way
// through it. cpprest.cpp is the only file that includes the library.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "http/cpprest_transport.hpp"

namespace marea::http {

// Runs on a thread of the pool, soon.
void PostToPool(std::function<void()> work);

// Calls back on the pool, once, unless it is cancelled before. Any thread.
class PoolTimer {
 public:
  PoolTimer();
  ~PoolTimer();
  void Start(std::chrono::milliseconds span, std::function<void()> elapsed);
  void Cancel();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Makes the clients and messages for one endpoint. Any thread.
class Connector;
std::shared_ptr<Connector> MakeConnector(Endpoint endpoint);

// One request and its answer. A call and a stream make different things of it.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Request request, std::shared_ptr<Connector> connector);
  virtual ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Request& request() const { return request_; }
  void Cancel();
  virtual void Abandon() = 0;  // cancels; its owner is called back no more

 protected:
  // What follows happens on the pool. With `silence` on a connection of its own, which ends when nothing has
  // come for so long; without, on one of those that all calls share, and without any limit.
  void Begin(std::optional<std::chrono::milliseconds> silence);

  // One after the other. An error that comes back cancels the exchange and becomes its end. OnEnd comes once,
  // last.
  virtual Result<void> OnHead(Response head, std::uint64_t length) = 0;  // length 0: not told
  virtual Result<void> OnPiece(std::string_view piece) = 0;
  virtual void OnEnd(Result<void> end) = 0;

  tl::unexpected<Error> Trouble(ErrorKind kind, const std::string& why) const;

 private:
  struct Way;
  void Read();
  Result<void> HandOut();
  void Stop(Result<void> why);
  tl::unexpected<Error> Explain(const std::exception_ptr& broken) const;

  Request request_;
  std::string what_;  // for messages
  std::shared_ptr<Connector> connector_;
  std::unique_ptr<Way> way_;
};

}  // namespace marea::http
