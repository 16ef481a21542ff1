// Carries out actions against the API server, behind one Gate, and brings what the answers say into the caches.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kube/client.hpp"
#include "loop/loop.hpp"
#include "runtime/action.hpp"

namespace marea::runtime {

// The one place every write passes at the moment of sending. Here stands the fence of leader election.
class Gate {
 public:
  virtual ~Gate() = default;
  virtual bool MayWrite() const = 0;
};

class OpenGate final : public Gate {
 public:
  bool MayWrite() const override { return true; }
};

// The way into a cache of some type, for those who do not know the type.
class Sink {
 public:
  virtual ~Sink() = default;
  // On an edge thread: decodes an object; the function that comes back, run on the loop, puts it into the cache.
  virtual Result<std::function<void()>> Decode(std::string_view body) const = 0;
  // On the loop: our DELETE was answered without an object that still exists.
  virtual void Erase(const Key& key, const std::string& uid) = 0;
};

class Executor {
 public:
  // A value: the action had its effect (AlreadyExists on a create and NotFound on a delete are errors all the same;
  // who decided knows what they mean). Runs on the loop.
  using Done = std::function<void(Result<void>)>;

  Executor(Loop& loop, kube::Client& client, const Gate& gate, std::string component);

  void Register(const kube::ResourceType& type, Sink& sink) { sinks_[&type] = &sink; }

  // Errors besides the server's: kForbidden without sending when the gate is shut.
  void Execute(const Action& action, Done done);

 private:
  Loop& loop_;
  kube::Client& client_;
  const Gate& gate_;
  std::string component_;  // reportingComponent of events: "marea-session"
  std::map<const kube::ResourceType*, Sink*> sinks_;
};

}  // namespace marea::runtime
