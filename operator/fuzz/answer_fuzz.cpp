// What the API server, or a proxy before it, answers: errors of any status, Retry-After, deletes.
#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"
#include "kube/codec.hpp"

namespace {

using namespace marea;
using namespace marea::fuzz;

constexpr std::string_view kWhat = "get pods team-a/ada";

void CheckError(int status, std::string_view body, std::string_view retry_after) {
  const Error error = Bounded(body.size() + retry_after.size(),
                              [&] { return kube::ErrorFromStatus(status, body, retry_after, kWhat); });
  Require(error.message.starts_with(kWhat), "an error says what was asked");
  Require(error.message.size() > kWhat.size() + 2, "an error says what is wrong");
  Require(error.retry_after >= std::chrono::seconds(0), "nobody waits into the past");
  Require(error.retry_after <= std::chrono::hours(1), "nobody sends us away for longer than an hour");
  const bool gone = error.kind == ErrorKind::kGone;  // which a cause in the body may say too
  if (status == 404) Require(gone || error.kind == ErrorKind::kNotFound, "404 is NotFound");
  if (status == 410) Require(gone, "410 is Gone");
  if (status == 429) Require(gone || error.kind == ErrorKind::kThrottled, "429 is Throttled");
  if (status == 503) Require(gone || error.kind == ErrorKind::kUnavailable, "503 is Unavailable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr int kStatuses[] = {400, 401, 403, 404, 409, 410, 422, 429,
                                      500, 502, 503, 504, 302, 999, -1,  0};
  Bytes bytes(data, size);
  const int status = kStatuses[(bytes.Byte() - 'a') & 15];
  const std::string_view retry_after = bytes.Line(), body = bytes.Rest();
  CheckError(status, body, retry_after);
  const auto answer = Bounded(body.size(), [&] { return kube::DecodeDeleteAnswer(body); });
  if (answer) return 0;
  Require(answer.error().kind == ErrorKind::kInvalid, "what cannot be read is invalid");
  Require(!answer.error().message.empty(), "an error says what is wrong");
  return 0;
}
