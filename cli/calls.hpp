// Calls to the API server for a command that has nothing else to do: each waits for its answer. Lists that
// are begun together travel together.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "cli/objects.hpp"
#include "http/transport.hpp"
#include "kube/codec.hpp"

namespace marea::cli {

// What else waits than the network.
struct Clock {
  std::function<Time()> now;
  std::function<void(Duration)> sleep;
};

class Calls {
 public:
  // Must outlive the calls under way; `transport` outlives it.
  explicit Calls(http::Transport& transport, std::chrono::milliseconds timeout = std::chrono::seconds(15))
      : transport_(transport), timeout_(timeout) {}

  using Answer = std::future<Result<std::string>>;

  Answer Get(const kube::ResourceType& type, const Key& key);
  // One page; `selector` is a fieldSelector, `next` continues an earlier page.
  Answer List(const kube::ResourceType& type, std::string_view ns, std::string_view selector,
              std::string_view next);
  Answer MergePatch(const kube::ResourceType& type, const Key& key, std::string patch);

  template <class T>
  Result<T> Read(const Key& key) {
    auto body = Get(T::kType, key).get();
    if (!body) return tl::unexpected(std::move(body.error()));
    return kube::DecodeObject<T>(*body);
  }

 private:
  Answer Send(http::Request request, std::string what);

  http::Transport& transport_;
  std::chrono::milliseconds timeout_;
};

// A list under way: its first page is asked for at once, the others when it is finished.
template <class T>
class Listing {
 public:
  Listing(Calls& calls, std::string ns, std::string selector = {})
      : calls_(calls), ns_(std::move(ns)), selector_(std::move(selector)), page_(Ask({})) {}

  Seen<T> Finish() {
    Seen<T> seen;
    int left = kMostPages;
    for (;;) {
      auto body = page_.get();
      // The snapshot behind the pages is gone: from the start, on a new one.
      const bool gone = !body && body.error().kind == ErrorKind::kGone;
      if (gone && left-- > 0) {
        seen = {};
        page_ = Ask({});
        continue;
      }
      auto page = body ? kube::DecodeList<T>(*body) : tl::unexpected(std::move(body.error()));
      if (!page) {
        seen.error = std::move(page.error());
        seen.items.clear();
        return seen;
      }
      std::ranges::move(page->items, std::back_inserter(seen.items));
      for (const auto& bad : page->undecodable)
        seen.left_out.push_back(std::string(T::kType.kind) + " " + ToString(bad.key) +
                                " cannot be read: " + bad.error.message);
      if (page->next.empty()) return seen;
      if (left-- == 0) {
        seen.items.clear();
        seen.error = {
            ErrorKind::kInternal, "the list of " + std::string(T::kType.plural) + " does not end", {}};
        return seen;
      }
      page_ = Ask(page->next);
    }
  }

 private:
  static constexpr int kMostPages = 1000;

  Calls::Answer Ask(std::string_view next) { return calls_.List(T::kType, ns_, selector_, next); }

  Calls& calls_;
  std::string ns_, selector_;
  Calls::Answer page_;
};

}  // namespace marea::cli
