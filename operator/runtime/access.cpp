#include "runtime/access.hpp"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "json/decode.hpp"
#include "json/encode.hpp"

namespace marea::runtime {

namespace {

using namespace std::chrono_literals;

constexpr Duration kAllowedFor = 60s, kRefusedFor = 10s;
constexpr std::size_t kMostKnown = 256;
constexpr int kMostAsking = 8;  // who guesses tokens costs the API server no more than this at once
constexpr std::size_t kLongestToken = 8 << 10;
constexpr std::chrono::milliseconds kPatience = 2s;  // for each of the two answers; the server's is 5 s

struct Asker {  // as the API server names them
  std::string username, uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"username", &Asker::username}, json::Field{"uid", &Asker::uid},
                      json::Field{"groups", &Asker::groups}, json::Field{"extra", &Asker::extra});
  }
};

struct TokenReviewSpec {
  std::string token;
  static constexpr auto Fields() { return std::tuple(json::Field{"token", &TokenReviewSpec::token}); }
};

struct TokenReviewStatus {
  bool authenticated = false;
  Asker user;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"authenticated", &TokenReviewStatus::authenticated},
                      json::Field{"user", &TokenReviewStatus::user});
  }
};

struct TokenReview {
  std::string api_version = "authentication.k8s.io/v1", kind = "TokenReview";
  TokenReviewSpec spec;
  std::optional<TokenReviewStatus> status;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"apiVersion", &TokenReview::api_version},
                      json::Field{"kind", &TokenReview::kind}, json::Field{"spec", &TokenReview::spec},
                      json::Field{"status", &TokenReview::status});
  }
};

struct NonResource {
  std::string path, verb;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"path", &NonResource::path}, json::Field{"verb", &NonResource::verb});
  }
};

struct AccessReviewSpec {
  NonResource what;
  std::string user, uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"nonResourceAttributes", &AccessReviewSpec::what},
        json::Field{"user", &AccessReviewSpec::user}, json::Field{"uid", &AccessReviewSpec::uid},
        json::Field{"groups", &AccessReviewSpec::groups}, json::Field{"extra", &AccessReviewSpec::extra});
  }
};

struct AccessReviewStatus {
  bool allowed = false;
  static constexpr auto Fields() { return std::tuple(json::Field{"allowed", &AccessReviewStatus::allowed}); }
};

struct AccessReview {
  std::string api_version = "authorization.k8s.io/v1", kind = "SubjectAccessReview";
  AccessReviewSpec spec;
  std::optional<AccessReviewStatus> status;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"apiVersion", &AccessReview::api_version},
                      json::Field{"kind", &AccessReview::kind}, json::Field{"spec", &AccessReview::spec},
                      json::Field{"status", &AccessReview::status});
  }
};

Verdict Unanswered(const Error& error) {
  log::Warn("the API server does not say who may read", {{"error", error.message}});
  return Verdict::kUnknown;
}

}  // namespace

Access::Access(Loop& loop, const kube::Client& client) : loop_(loop), client_(client.Within(kPatience)) {}

void Access::MayGet(const std::string& path, const std::string& bearer_token,
                    std::function<void(Verdict)> done) {
  if (bearer_token.empty() || bearer_token.size() > kLongestToken) return done(Verdict::kNobody);
  const std::string who = Sha256Hex(path + "\n" + bearer_token);
  if (const auto known = known_.find(who); known != known_.end() && loop_.Monotonic() < known->second.until)
    return done(known->second.verdict);
  if (asking_ >= kMostAsking) return done(Verdict::kUnknown);
  ++asking_;

  // Runs on an edge thread; what it does to us waits for the loop.
  auto finish = [this, alive = std::weak_ptr(alive_), &loop = loop_, who,
                 done = std::move(done)](Verdict verdict) {
    loop.Post([this, alive, who, done, verdict] {
      if (alive.expired()) return;
      --asking_;
      Learn(who, verdict);
      done(verdict);
    });
  };
  auto ask_what = [client = client_, path, finish](Asker asker) mutable {
    const AccessReview review{.spec = {.what = {path, "get"},
                                       .user = std::move(asker.username),
                                       .uid = std::move(asker.uid),
                                       .groups = std::move(asker.groups),
                                       .extra = std::move(asker.extra)},
                              .status = {}};
    client.Create(kube::kSubjectAccessReviews, "", json::Encode(review), [finish](Result<std::string> body) {
      if (!body) return finish(Unanswered(body.error()));
      const auto answer = json::Decode<AccessReview>(*body);
      if (!answer) return finish(Unanswered(answer.error()));
      finish(answer->status && answer->status->allowed ? Verdict::kAllowed : Verdict::kForbidden);
    });
  };
  const TokenReview review{.spec = {bearer_token}, .status = {}};
  client_.Create(kube::kTokenReviews, "", json::Encode(review),
                 [finish, ask_what](Result<std::string> body) mutable {
                   if (!body) return finish(Unanswered(body.error()));
                   auto answer = json::Decode<TokenReview>(*body);
                   if (!answer) return finish(Unanswered(answer.error()));
                   if (!answer->status || !answer->status->authenticated) return finish(Verdict::kNobody);
                   ask_what(std::move(answer->status->user));
                 });
}

void Access::Learn(const std::string& who, Verdict verdict) {
  if (verdict == Verdict::kUnknown) return;
  const MonotonicTime now = loop_.Monotonic();
  if (known_.size() >= kMostKnown)
    std::erase_if(known_, [&](const auto& k) { return k.second.until <= now; });
  if (known_.size() >= kMostKnown) known_.clear();
  known_.insert_or_assign(who,
                          Known{verdict, now + (verdict == Verdict::kAllowed ? kAllowedFor : kRefusedFor)});
}

}  // namespace marea::runtime
