#include "base/result.hpp"

#include <catch2/catch.hpp>

using namespace marea;

TEST_CASE("kinds of errors have the names that logs and metrics show", "[result]") {
  const auto [kind, name] = GENERATE(table<ErrorKind, std::string>({
      {ErrorKind::kNotFound, "NotFound"},
      {ErrorKind::kAlreadyExists, "AlreadyExists"},
      {ErrorKind::kConflict, "Conflict"},
      {ErrorKind::kGone, "Gone"},
      {ErrorKind::kInvalid, "Invalid"},
      {ErrorKind::kForbidden, "Forbidden"},
      {ErrorKind::kThrottled, "Throttled"},
      {ErrorKind::kUnavailable, "Unavailable"},
      {ErrorKind::kTimeout, "Timeout"},
      {ErrorKind::kInternal, "Internal"},
  }));
  CHECK(Name(kind) == name);
}

TEST_CASE("a failed result carries its kind and words", "[result]") {
  const Result<int> result = Fail(ErrorKind::kConflict, "the object moved on");
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::kConflict);
  CHECK(result.error().message == "the object moved on");
  CHECK(result.error().retry_after.count() == 0);
}
