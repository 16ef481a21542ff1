// How requests leave the process. Implementations: CppRestTransport, and scripted or fake servers in tests.
// Callbacks run on an edge thread of the transport, never inside Send or Open, each exactly once where it
// says so; whoever gets them decodes there and posts the result to the loop.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace marea::http {

enum class Method { kGet, kPost, kPut, kPatch, kDelete };

const char* Name(Method method);

struct Request {
  Method method = Method::kGet;
  std::string path;  // with the query, percent-encoded: "/api/v1/pods?limit=500"
  std::string body;
  std::string content_type;                   // of the body; empty without one
  std::chrono::milliseconds timeout{30'000};  // of the whole call, from Send on; of silence, for a stream
  // Asked right before the request leaves, on a thread of the transport; quick, thread-safe, and without
  // exceptions. No: it does not leave, and its end is kForbidden. Empty: it may.
  std::function<bool()> may_send = nullptr;
};

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// What a stream tells its owner, in this order: on_open once (unless it failed before), on_data any number of
// times, on_end once. After Stream's destructor has returned none of them runs any more.
struct StreamEvents {
  // Status and headers; a status >= 400 brings its body and ends.
  std::function<void(Response head)> on_open;
  // Valid during the call only; lines, and characters, may be cut anywhere.
  std::function<void(std::string_view chunk)> on_data;
  // A value: the server ended it; an error: it broke or went silent.
  std::function<void(Result<void> end)> on_end;
};

// Destroying it cancels, in milliseconds, and waits for a callback that is running. One of its own callbacks
// may destroy it, too, and is then the last.
class Stream {
 public:
  virtual ~Stream() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Any status is a value; errors are kUnavailable (not reached, broken, unparsable), kTimeout, and
  // kForbidden for a request that might not leave any more. Redirects are not followed: they would carry the
  // bearer token away. A request may reach the server twice.
  virtual void Send(Request request, std::function<void(Result<Response>)> done) = 0;

  virtual std::unique_ptr<Stream> Open(Request request, StreamEvents events) = 0;
};

}  // namespace marea::http
