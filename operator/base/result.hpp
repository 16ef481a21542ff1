// What every fallible call returns: a value, or an Error that says what kind of
// trouble it is (so that code can act) and in which words (so that a person can).
#pragma once

#include <chrono>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace marea {

enum class ErrorKind {
  kNotFound,
  kAlreadyExists,
  kConflict,     // the object moved on: decide again on its new state
  kGone,         // the resourceVersion asked for is too old: list again
  kInvalid,      // the input will not be accepted as it is
  kForbidden,    // 401 and 403
  kThrottled,    // asked to come back after `retry_after`
  kUnavailable,  // not reached, or a 5xx: the effect is unknown
  kTimeout,      // no answer in time: the effect is unknown
  kInternal,
};

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;                       // for the person who must act; never holds a secret
  std::chrono::milliseconds retry_after{0};  // as the other side asked; zero when it did not
};

// "NotFound", "Conflict", ...: for logs and metric labels.
const char* Name(ErrorKind kind);

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> Fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message), {}});
}

}  // namespace marea
