// Keeps a Cache<T> equal to the API server: runs the list+watch machine (kube/watch.hpp) over a Client,
// decoding on the transport's edge threads and applying on the loop, in order, one post per chunk of a
// stream.
//
// An object that cannot be decoded is counted and logged once per version, and otherwise left as it was: the
// cache keeps what it held of it, and only the object's deletion removes that. A line of more than 4 MiB
// breaks the stream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kube/client.hpp"
#include "kube/codec.hpp"
#include "kube/watch.hpp"
#include "loop/loop.hpp"
#include "runtime/cache.hpp"
#include "runtime/executor.hpp"

namespace marea::runtime {

// What /livez, /readyz and metrics want to know about a watch.
struct WatchHealth {
  const kube::ResourceType* type;
  bool synced;
  MonotonicTime
      last_sign;  // of life: a page, an event, a bookmark; before the first one, when it was started
  std::uint64_t lists, events, undecodable;
  std::uint64_t objects, epochs;  // that are held; that were noticed here
  std::string last_error;         // why it waits, if it does
};

class AnyReflector : public Sink {
 public:
  virtual void Start() = 0;
  virtual WatchHealth Health() const = 0;
  // What is known may have been overtaken: lists anew at once, ahead of any back-off. It is done when
  // Health().lists has grown; what an earlier list still brings counts for nothing.
  virtual void ListAnew() = 0;
  // Another kind has noticed that the API server went back in time: lists anew, and what is listed wins.
  virtual void BeginEpoch() = 0;
};

// Drops what nobody reads of an object before it is kept. On an edge thread.
template <class T>
using Pruning = void (*)(T&);

// `watches` may be another client than `calls`: quiet streams want other time-outs. T needs
// MAREA_INSTANTIATE_CODEC. Loop thread only, construction and destruction too. Destruction cancels the stream
// and drops what is still to come; loop, clients and cache outlive it, and the loop outlives the transport.
template <class T>
std::unique_ptr<AnyReflector> MakeReflector(
    Loop& loop, kube::Client& calls, kube::Client& watches, Cache<T>& cache, Pruning<T> prune = [](T&) {},
    kube::WatchOptions options = {});

}  // namespace marea::runtime

#include "runtime/reflector_impl.hpp"
