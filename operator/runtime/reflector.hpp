// Keeps a Cache<T> equal to the API server: runs the list+watch machine (kube/watch.hpp) over a Client, decoding on
// the transport's edge threads and applying on the loop.
#pragma once

#include <memory>
#include <string>

#include "kube/client.hpp"
#include "kube/watch.hpp"
#include "loop/loop.hpp"
#include "runtime/cache.hpp"
#include "runtime/executor.hpp"

namespace marea::runtime {

// What /livez, /readyz and metrics want to know about a watch.
struct WatchHealth {
  const kube::ResourceType* type;
  bool synced;
  MonotonicTime last_sign;        // of life: a page, an event, a bookmark
  std::uint64_t lists, events, undecodable;
};

class AnyReflector : public Sink {
 public:
  virtual void Start() = 0;
  virtual WatchHealth Health() const = 0;
};

// `watches` may be another client than `calls`: quiet streams want other time-outs. T needs MAREA_INSTANTIATE_CODEC.
template <class T>
std::unique_ptr<AnyReflector> MakeReflector(Loop& loop, kube::Client& calls, kube::Client& watches, Cache<T>& cache,
                                            kube::WatchOptions options = {});

}  // namespace marea::runtime
