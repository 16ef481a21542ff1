// Typed-by-descriptor calls to the API server. A Client turns verbs into requests and answers into Results;
// it holds no state, and callbacks run on the transport's edge thread.
// Answers with a status of 400 and above are errors with the server's message (ErrorFromStatus); every
// error's message begins with what was asked: "create pods team-a/ada: …".
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/histogram.hpp"
#include "base/time.hpp"
#include "http/transport.hpp"
#include "kube/resource.hpp"

namespace marea::kube {

struct Preconditions {
  std::string uid;               // empty: none
  std::string resource_version;  // empty: none
};

// What was asked and how it was answered, for metrics. Thread-safe.
class RequestCounts {
 public:
  using Counts = std::map<std::pair<http::Method, int>, std::uint64_t>;  // by method and status; 0: no answer
  using Times = std::map<std::string_view, Histogram>;                   // by verb, in seconds

  // Without a clock (from any thread) no times are kept.
  explicit RequestCounts(std::function<MonotonicTime()> clock = nullptr) : clock_(std::move(clock)) {}

  MonotonicTime Now() const { return clock_ ? clock_() : MonotonicTime{}; }
  // `verb` is a constant.
  void Add(std::string_view verb, http::Method method, int status, MonotonicTime begin);
  Counts Get() const;
  Times GetTimes() const;

 private:
  std::function<MonotonicTime()> clock_;
  mutable std::mutex mutex_;
  Counts counts_;
  Times times_;
};

class Client {
 public:
  using Done = std::function<void(Result<std::string> body)>;  // the object as JSON

  // `counts`, when given, lives longer than the transport.
  explicit Client(http::Transport& transport, RequestCounts* counts = nullptr)
      : transport_(transport), counts_(counts) {}

  // This client, but its calls have this long.
  Client Within(std::chrono::milliseconds timeout) const;
  // This client, but its writes ask right before they leave (http::Request::may_send), and have ten seconds.
  Client Fenced(std::function<bool()> may_send) const;

  void Get(const ResourceType& type, const Key& key, Done done);
  // One page of 500; `next` continues an earlier one.
  void List(const ResourceType& type, std::string_view next, Done done);
  void Create(const ResourceType& type, const std::string& ns, std::string body, Done done);
  // `body` is an RFC 7386 merge patch; the caller puts metadata.resourceVersion in for a precondition.
  void MergePatch(const ResourceType& type, const Key& key, std::string_view subresource, std::string body,
                  Done done);
  void Delete(const ResourceType& type, const Key& key, const Preconditions& preconditions,
              std::optional<int> grace_seconds, Done done);

  // A watch of the whole collection from `resource_version`, with bookmarks; the server ends it after
  // `seconds`. It breaks after 150 s of silence, later than the watch machine wants to know of it: a quiet
  // kind gets no bookmark for minutes where etcd runs without --watch-progress-notify-interval.
  std::unique_ptr<http::Stream> Watch(const ResourceType& type, std::string_view resource_version,
                                      int seconds, http::StreamEvents events);

 private:
  void Send(std::string_view verb, http::Request request, std::string what, Done done);

  http::Transport& transport_;
  RequestCounts* counts_;
  std::optional<std::chrono::milliseconds> timeout_;
  std::function<bool()> may_send_;
};

}  // namespace marea::kube
