// The part of a reflector that knows no types: runs the list+watch machine over two clients and a timer. What
// it reads it gives, on an edge thread, to a Decoder, whose findings it applies on the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/client.hpp"
#include "kube/codec.hpp"
#include "kube/watch.hpp"
#include "loop/loop.hpp"

namespace marea::runtime {

// What one page or chunk of a stream says.
struct Findings {
  std::function<void()> apply;  // puts it into the cache, on the loop
  std::uint64_t objects = 0;    // pages: items; chunks: events
  bool alive = false;           // chunks: there was at least one event or bookmark
  std::vector<kube::Undecodable> undecodable;
  std::string resource_version;  // of the list, or the last one a line carried; may be empty
  std::string next;              // pages: the continue token
  std::optional<Error> error;    // chunks: an ERROR line or garbage, after which nothing was read
};

// Decode on edge threads, concurrently: without state that changes. What they find may be dropped unapplied.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual Result<Findings> Page(std::string_view body) const = 0;
  virtual Findings Lines(const std::vector<std::string_view>& lines) const = 0;
};

class ListWatch {
 public:
  struct Stats {
    std::uint64_t lists = 0, events = 0, undecodable = 0;
    MonotonicTime last_sign{};  // see WatchHealth
    std::string last_error;
  };
  // On the loop. `begin_list` comes before the findings of a list's first page, `finish_list` after those of
  // its last.
  struct Events {
    std::function<void()> begin_list;
    std::function<void(const std::string& resource_version)> finish_list;
  };

  ListWatch(Loop& loop, kube::Client& calls, kube::Client& watches, const kube::ResourceType& type,
            std::shared_ptr<const Decoder> decoder, Events events, kube::WatchOptions options);
  ~ListWatch();

  void Begin();
  void ListAgain();
  Stats GetStats() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Cuts a stream into lines. Not thread-safe: the chunks of one stream come one after the other.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line) : max_line_(max_line) {}

  // The lines that `chunk` completes, without their ends, valid until the next call; empty lines are left
  // out. False: a line is longer than the bound, and nothing more will be read.
  bool Feed(std::string_view chunk, std::vector<std::string_view>& lines);

 private:
  std::size_t max_line_;
  std::string done_, rest_;  // the line that the last chunk completed; the start of the next
  bool broken_ = false;
};

}  // namespace marea::runtime
