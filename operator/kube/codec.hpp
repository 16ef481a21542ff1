// From the API server's bytes to typed objects: single objects, lists, watch lines. Light to include: each
// type's decoders are instantiated in one source with MAREA_INSTANTIATE_CODEC (codec_impl.hpp).
//
// T has a field table (json/fields.hpp) with a `metadata` of type ObjectMeta.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/names.hpp"
#include "base/result.hpp"

namespace marea::kube {

// Errors: kInvalid with the path of what has the wrong type.
template <class T>
Result<T> DecodeObject(std::string_view json);

// An object that is there but cannot be read as a T, however much of its metadata can be.
struct Undecodable {
  Key key;
  std::string resource_version;
  Error error;
};

template <class T>
struct List {
  std::string resource_version;
  std::string next;  // metadata.continue; empty on the last page
  std::vector<T> items;
  std::vector<Undecodable> undecodable;  // one bad object does not cost the others
};
template <class T>
Result<List<T>> DecodeList(std::string_view json);

template <class T>
struct Changed {  // ADDED or MODIFIED
  T object;
};
template <class T>
struct Deleted {  // of an undecodable object: its name, namespace, uid and resourceVersion alone
  T object;
};
struct Bookmark {
  std::string resource_version;
};
struct StreamError {  // an ERROR line; 410 is kGone
  Error error;
};
template <class T>
using WatchEvent = std::variant<Changed<T>, Deleted<T>, Bookmark, StreamError, Undecodable>;

// One line of a watch. Errors: kInvalid when it is no watch event at all.
template <class T>
Result<WatchEvent<T>> DecodeWatchLine(std::string_view line);

// The Error an answer of the API server means: from the status code, the Status object in the body when there
// is one (its reason, message and details.retryAfterSeconds) and Retry-After. `what` names the request for
// the message. A resourceVersion that the server does not know yet (504, ResourceVersionTooLarge) is kGone
// too: list again.
Error ErrorFromStatus(int status, std::string_view body, std::string_view retry_after, std::string_view what);

// Whether this is an object with a name, of whatever kind; a proxy's page, half an answer and "null" are not.
bool IsObject(std::string_view json);

// What a successful DELETE answered.
struct DeleteAnswer {
  bool gone =
      false;  // removed for good; otherwise the body is the object, which waits for finalizers or its grace
  std::string uid;
};
Result<DeleteAnswer> DecodeDeleteAnswer(std::string_view body);

}  // namespace marea::kube
