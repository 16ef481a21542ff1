// The way from simulated processes to the fake API server: delays, streams, bookmarks, and the faults of a
// plan. Requests and events are numbered as they are sent, over all processes, so that a fault can name one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "http/transport.hpp"
#include "loop/sim_process.hpp"
#include "testing/fake_api.hpp"
#include "testing/fault_plan.hpp"

namespace marea::testing {

// What befalls the n-th write, read or event, asked in their order; nullopt: nothing. `request` is the write
// or read, or the one that opened the watch.
using Striker = std::function<std::optional<Effect>(At, std::uint64_t number, const http::Request& request)>;

// The plural that a request's path names; empty: none.
std::string PluralOf(const std::string& path);

class FakeNetwork {
 public:
  struct Options {
    Duration request_delay = std::chrono::milliseconds{2};  // each way; up to twice that, by the world's seed
    Duration event_delay = std::chrono::milliseconds{3};    // the same; streams keep their order
    std::map<std::string, Duration> lag{};                  // further delay of events, by plural
    std::set<std::string> uncounted{
        "leases"};  // plurals whose requests no fault strikes and no number counts
  };
  // What a harness wants to see. All are called on the world's thread.
  struct Hooks {
    std::function<void(const std::string& line)> log;
    // A write leaves the process; a request has come to the server; the server has acted on it.
    std::function<void(SimProcess&, const http::Request&)> sending;
    std::function<void(SimProcess&, const http::Request&)> arriving;
    std::function<void(SimProcess&, const http::Request&, const http::Response&)> answered;
    std::function<void(SimProcess&)> crash;  // a fault ends this process; it is dead already
    Striker strike;                          // besides the plan
    // What an admission plugin answers in the server's stead; nothing: it lets the request pass.
    std::function<std::optional<http::Response>(const http::Request&)> admission;
  };
  struct Counts {
    std::uint64_t writes = 0, reads = 0, events = 0;
    std::set<std::string> watched{};  // plurals
  };

  FakeNetwork(SimLoop& world, FakeApi& api, FaultPlan plan, Options options, Hooks hooks);
  ~FakeNetwork();

  // A transport of one process, which must outlive it. `name` stands in the log.
  std::unique_ptr<http::Transport> Connect(SimProcess& process, std::string name);

  const Counts& counts() const;
  // How many faults of writes, reads and events struck.
  int struck() const;
  void SetReachable(bool reachable);  // false: connections are refused, and the open streams break
  void BreakStreams();

  struct Impl;  // shared with the transports

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace marea::testing
