#include "bench/replay.hpp"

#include <tuple>
#include <utility>

#include "json/decode.hpp"
#include "json/fields.hpp"

namespace marea::bench {

namespace {

struct Metadata {
  std::string resource_version;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"resourceVersion", &Metadata::resource_version});
  }
};

struct Answer {
  Metadata metadata;
  static constexpr auto Fields() { return std::tuple(json::Field{"metadata", &Answer::metadata}); }
};

// The version that a good answer bears, where somebody wants to know it.
Result<std::string> VersionOf(const Call& call, Result<http::Response> response) {
  const auto what = [&] { return std::string(http::Name(call.method)) + " " + call.path + ": "; };
  if (!response) return Fail(ErrorKind::kUnavailable, what() + response.error().message);
  if (response->status >= 300) {
    return Fail(ErrorKind::kInvalid,
                what() + std::to_string(response->status) + " " + response->body.substr(0, 300));
  }
  if (!call.versioned) return std::string();
  auto answer = json::Decode<Answer>(response->body);
  if (!answer) return tl::unexpected<Error>(std::move(answer.error()));
  return std::move(answer->metadata.resource_version);
}

}  // namespace

struct Replay::Run {
  const Chain& chain;
  std::size_t stage = 0;
  int awaited = 0;
  std::string version;
};

Replay::Replay(Loop& loop, http::Transport& transport, const std::vector<Chain>& chains, int side_by_side,
               std::function<void(const ReplayResult&)> done)
    : loop_(loop),
      transport_(transport),
      chains_(chains),
      side_by_side_(side_by_side),
      done_(std::move(done)) {}

void Replay::Start() {
  BeginMore();
  EndIfDone();
}

void Replay::BeginMore() {
  while (running_ < side_by_side_ && next_ < chains_.size()) {
    ++running_;
    SendStage(std::make_shared<Run>(Run{chains_[next_++], 0, 0, {}}));
  }
}

void Replay::SendStage(const std::shared_ptr<Run>& run) {
  const Stage& stage = run->chain[run->stage];
  for (const Call& call : stage) run->awaited += call.loose ? 0 : 1;
  for (const Call& call : stage) Send(run, call);
}

void Replay::Send(const std::shared_ptr<Run>& run, const Call& call) {
  ++outstanding_;
  transport_.Send(RequestOf(call, run->version), [this, run, &call](Result<http::Response> response) {
    loop_.Post(
        [this, run, &call, version = VersionOf(call, std::move(response))] { Answered(run, call, version); });
  });
}

void Replay::Answered(const std::shared_ptr<Run>& run, const Call& call, const Result<std::string>& version) {
  --outstanding_;
  ++result_.answered;
  if (!version && result_.failed++ == 0) result_.first_failure = version.error().message;
  if (version && call.versioned) run->version = *version;
  if (!call.loose && --run->awaited == 0) {
    if (++run->stage < run->chain.size()) {
      SendStage(run);
    } else {
      --running_;
      BeginMore();
    }
  }
  EndIfDone();
}

void Replay::EndIfDone() {
  if (outstanding_ == 0 && next_ == chains_.size()) done_(result_);
}

}  // namespace marea::bench
