#include "runtime/leader.hpp"

#include <cassert>
#include <utility>

#include "base/log.hpp"
#include "json/encode.hpp"
#include "kube/codec.hpp"
#include "kube/types.hpp"

namespace marea::runtime {

using namespace electing;

namespace {

constexpr std::chrono::seconds kTimeout{3};

// A Lease as it is sent: of the metadata no more than must be.
struct SentMeta {
  std::string name, ns, resource_version;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"name", &SentMeta::name}, json::Field{"namespace", &SentMeta::ns},
                      json::Field{"resourceVersion", &SentMeta::resource_version});
  }
};
struct SentLease {
  std::string api_version = kube::ApiVersion(kube::kLeases);
  std::string kind{kube::kLeases.kind};
  SentMeta metadata;
  kube::LeaseSpec spec;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"apiVersion", &SentLease::api_version},
                      json::Field{"kind", &SentLease::kind}, json::Field{"metadata", &SentLease::metadata},
                      json::Field{"spec", &SentLease::spec});
  }
};

std::string BodyOf(const SendWrite& write, const Key& lease, Time now) {
  SentLease sent;
  if (write.to.resource_version.empty()) {
    sent.metadata = {lease.name, lease.ns, {}};
  } else {
    sent.metadata.resource_version = write.to.resource_version;
  }
  sent.spec.holder_identity = write.to.holder;
  sent.spec.lease_duration_seconds = write.to.seconds;
  sent.spec.lease_transitions = write.to.transitions;
  sent.spec.renew_time = FormatMicroTime(now);
  if (write.taken) sent.spec.acquire_time = FormatMicroTime(now);
  return json::Encode(sent);
}

Result<Record> RecordOf(const Result<std::string>& body) {
  if (!body) return tl::unexpected(body.error());
  auto lease = kube::DecodeObject<kube::Lease>(*body);
  if (!lease) return tl::unexpected(std::move(lease.error()));
  // Without one it could only be written blindly.
  if (lease->metadata.resource_version.empty()) {
    return Fail(ErrorKind::kInvalid, "a Lease without a resourceVersion");
  }
  return Record{.resource_version = std::move(lease->metadata.resource_version),
                .holder = lease->spec.holder_identity.value_or(""),
                .seconds = lease->spec.lease_duration_seconds.value_or(0),
                .transitions = lease->spec.lease_transitions.value_or(0)};
}

}  // namespace

Leader::Leader(Loop& loop, const kube::Client& client, Key lease, ElectionOptions options, Events events)
    : loop_(loop),
      client_(client.Within(kTimeout)),
      lease_(std::move(lease)),
      options_(std::move(options)),
      events_(std::move(events)) {
  assert(!options_.identity.empty());
}

Leader::~Leader() {
  loop_.Cancel(timer_);
}

void Leader::Start() {
  log::Info("standing for election", {{"lease", ToString(lease_)}, {"identity", options_.identity}});
  Feed(electing::Start{});
}

void Leader::Release(std::function<void()> done) {
  released_ = std::move(done);
  Feed(electing::Release{});
}

bool Leader::MayWrite() const {
  return loop_.Monotonic() < may_write_until_.load();
}

void Leader::Feed(const Event& event) {
  Step step = Next(options_, std::move(state_), event, loop_.Monotonic(), loop_.Random());
  state_ = std::move(step.state);
  may_write_until_ = MayWriteUntil(options_, state_).value_or(MonotonicTime::min());
  for (const Effect& effect : step.effects) std::visit([this](const auto& e) { Do(e); }, effect);
  const bool over =
      std::holds_alternative<Released>(state_.where) || std::holds_alternative<Lost>(state_.where);
  if (over && released_) Post(std::exchange(released_, nullptr));
}

void Leader::Do(const SendRead&) {
  client_.Get(kube::kLeases, lease_, IntoEvent());
}

void Leader::Do(const SendWrite& write) {
  std::string body = BodyOf(write, lease_, loop_.Now());
  if (write.to.resource_version.empty()) {
    client_.Create(kube::kLeases, lease_.ns, std::move(body), IntoEvent());
  } else {
    client_.MergePatch(kube::kLeases, lease_, {}, std::move(body), IntoEvent());
  }
}

void Leader::Do(const SetTimer& set) {
  loop_.Cancel(timer_);
  timer_ = loop_.After(set.delay, [this] { Feed(TimerFired{}); });
}

void Leader::Do(const Lead&) {
  log::Info("leading", {{"lease", ToString(lease_)}, {"identity", options_.identity}});
  Post(events_.on_leading);
}

void Leader::Do(const Lose& lose) {
  Post([on_lost = events_.on_lost, why = lose.why] { on_lost(why); });
}

void Leader::Do(const Finish&) {
  log::Info("the lease is free for the next", {{"lease", ToString(lease_)}});
}

// On an edge thread, where nothing of the leader may be touched.
kube::Client::Done Leader::IntoEvent() {
  return [this, &loop = loop_, alive = std::weak_ptr(alive_)](const Result<std::string>& body) {
    loop.Post([this, alive, record = RecordOf(body)] {
      if (!alive.expired()) OnAnswer(record);
    });
  };
}

void Leader::OnAnswer(Result<Record> answer) {
  Tell(answer);
  Feed(Answered{std::move(answer)});
}

// Once for each trouble and for each other holder, not once for each request.
void Leader::Tell(const Result<Record>& answer) {
  std::string now;
  if (answer) {
    const bool waits = !answer->holder.empty() && answer->holder != options_.identity;
    if (waits) now = "the lease is held by " + Quoted(answer->holder);
  } else if (answer.error().kind != ErrorKind::kNotFound) {
    now = answer.error().message;
  }
  if (now == std::exchange(told_, now) || now.empty()) return;
  log::Write(answer ? log::Level::kInfo : log::Level::kWarn, "election",
             {{"lease", ToString(lease_)}, {"seen", now}});
}

void Leader::Post(std::function<void()> callback) {
  loop_.Post([callback = std::move(callback), alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) callback();
  });
}

}  // namespace marea::runtime
