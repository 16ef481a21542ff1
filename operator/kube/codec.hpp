// From the API server's bytes to typed objects: single objects, lists, watch lines. Light to include: each type's
// decoders are instantiated in one source with MAREA_INSTANTIATE_CODEC (codec_impl.hpp).
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace marea::kube {

// Errors: kInvalid with the path of what has the wrong type.
template <class T>
Result<T> DecodeObject(std::string_view json);

template <class T>
struct List {
  std::string resource_version;
  std::string next;                // metadata.continue; empty on the last page
  std::vector<Result<T>> items;    // one bad object does not cost the others
};
template <class T>
Result<List<T>> DecodeList(std::string_view json);

template <class T>
struct Added { T object; };
template <class T>
struct Modified { T object; };
template <class T>
struct Deleted { T object; };
struct Bookmark { std::string resource_version; };
struct StreamError { Error error; };  // an ERROR line; 410 is kGone
template <class T>
using WatchEvent = std::variant<Added<T>, Modified<T>, Deleted<T>, Bookmark, StreamError>;

// One line of a watch. Errors: kInvalid when the line or its object cannot be decoded.
template <class T>
Result<WatchEvent<T>> DecodeWatchLine(std::string_view line);

// The Error an answer of the API server means: from the status code, the Status object in the body when there is one
// (its message and details.retryAfterSeconds) and Retry-After. `what` names the request for the message.
Error ErrorFromStatus(int status, std::string_view body, std::string_view retry_after, std::string_view what);

}  // namespace marea::kube
