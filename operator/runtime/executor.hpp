// Carries out actions against the API server, behind one Gate, and brings what the answers say into the
// caches.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kube/client.hpp"
#include "loop/loop.hpp"
#include "runtime/action.hpp"

namespace marea::runtime {

// The one place every write passes, when it is handed over and again at the moment of sending. The fence of
// leader election (leader.hpp) stands here.
class Gate {
 public:
  virtual ~Gate() = default;
  virtual bool MayWrite() const = 0;  // from any thread
};

class OpenGate final : public Gate {
 public:
  bool MayWrite() const override { return true; }
};

// The way into a cache of some type, for those who do not know the type.
class Sink {
 public:
  virtual ~Sink() = default;
  // On an edge thread: decodes an object; the function that comes back, run on the loop, puts it into the
  // cache.
  virtual Result<std::function<void()>> Decode(std::string_view body) const = 0;
  // On the loop: our DELETE was answered, and the object is gone.
  virtual void Erase(const Key& key, const std::string& uid) = 0;
};

// Loop thread only. Answers decode on the transport's edge threads, and the gate is asked there: the loop,
// the gate, the sinks and the executor live longer than the transport.
class Executor {
 public:
  // A value: the action had its effect, and its answer is in the cache (AlreadyExists on a create and
  // NotFound on a delete are errors all the same; who decided knows what they mean). Runs on the loop, never
  // inside Execute.
  using Done = std::function<void(Result<void>)>;

  // `component` is the reportingComponent of events: "marea-session".
  Executor(Loop& loop, const kube::Client& client, const Gate& gate, std::string component);

  // The answers about objects of this type go to `sink`; those of other types (Secrets) are dropped unread.
  void Register(const kube::ResourceType& type, Sink& sink) { sinks_[&type] = &sink; }

  // Errors besides the server's: kForbidden without sending when the gate is shut, or shuts while a write
  // waits, kInvalid for a patch without resource_version or whose body is no JSON object.
  void Execute(const Action& action, Done done);

 private:
  void Send(const Create& create, Done done);
  void Send(const Patch& patch, Done done);
  void Send(const Delete& gone, Done done);
  void Send(const ReadFresh& read, Done done);
  void Send(const Emit& emit, Done done);

  void Finish(Done done, Result<void> result);  // from any thread
  std::function<void(Result<std::string>)> IntoCache(const kube::ResourceType& type, Done done);
  Sink* SinkOf(const kube::ResourceType& type) const;

  Loop& loop_;
  kube::Client client_;
  const Gate& gate_;
  std::string component_;
  std::map<const kube::ResourceType*, Sink*> sinks_;
};

}  // namespace marea::runtime
