// How the command ends; the numbers are documented and stay as they are.
#pragma once

#include "base/result.hpp"

namespace marea::cli {

struct Exit {
  static constexpr int kDone = 0;
  static constexpr int kRefused = 1;      // it cannot be done, as said
  static constexpr int kUsage = 2;        // the command line or the kubeconfig is wrong
  static constexpr int kNotFound = 3;     // no such session, class or context; or Marea is not installed
  static constexpr int kForbidden = 4;    // or not logged in
  static constexpr int kUnreachable = 5;  // the API server does not answer
  static constexpr int kTimeout = 6;      // what was waited for did not come in time
  static constexpr int kWillNotCome = 7;  // what was waited for needs a person, or has failed
};

// Of an answer of the API server.
constexpr int ExitCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotFound:
      return Exit::kNotFound;
    case ErrorKind::kForbidden:
      return Exit::kForbidden;
    case ErrorKind::kUnavailable:
    case ErrorKind::kTimeout:
    case ErrorKind::kThrottled:
      return Exit::kUnreachable;
    default:
      return Exit::kRefused;
  }
}

}  // namespace marea::cli
