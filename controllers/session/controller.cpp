#include "controllers/session/controller.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "controllers/api/names.hpp"
#include "controllers/session/memory.hpp"
#include "controllers/session/plan.hpp"

namespace marea::session {
namespace {

constexpr std::chrono::minutes kNothingDeleted{10};  // after a restore

// Those a session names itself; its class's are told of by the class.
std::vector<Key> ClaimsOf(const api::Session* session) {
  if (session == nullptr || session->status.user.empty()) return {};
  const auto& ns = session->metadata.ns;
  std::vector<Key> claims{{ns, api::HomeClaimName(session->spec, session->status.user)}};
  for (const auto& volume : session->spec.volumes) claims.push_back({ns, volume.claim_name});
  return claims;
}

}  // namespace

SessionController::SessionController(Loop& loop, runtime::Executor& executor, api::World& world,
                                     Settings settings)
    : loop_(loop),
      world_(world),
      settings_(std::move(settings)),
      controller_(
          loop, executor, {.name = "session", .backoff = {}, .max_in_flight = 64},
          [this](const Key& key, const runtime::Context& context) {
            auto decision = Decide(world_, settings_, key, context);
            UpdateRequest(key, context);
            return decision;
          },
          [this](const Key& key, const runtime::Action& action, const Result<void>& result) {
            Observe(key, action, result);
          }),
      placement_(
          loop, world, [this](const Key& key) { return controller_.InFlight(key); },
          [this](const Key& key) { controller_.Changed(key); }) {
  Listen();
}

SessionController::~SessionController() {
  loop_.Cancel(epoch_timer_);
}

void SessionController::Start() {
  const runtime::Context context{loop_.Now(), 0};
  for (const auto& [key, session] : world_.sessions.All()) {
    SessionChanged(key, nullptr, session.get());
    UpdateRequest(key, context);
  }
  controller_.Start();
  placement_.Changed();
}

void SessionController::Listen() {
  const auto new_epoch = [this] { NewEpoch(); };
  world_.sessions.ListenForEpochs(new_epoch);
  world_.session_classes.ListenForEpochs(new_epoch);
  world_.accelerator_classes.ListenForEpochs(new_epoch);
  world_.pods.ListenForEpochs(new_epoch);
  world_.nodes.ListenForEpochs(new_epoch);
  world_.claims.ListenForEpochs(new_epoch);
  world_.services.ListenForEpochs(new_epoch);
  world_.namespaces.ListenForEpochs(new_epoch);
  world_.storage_classes.ListenForEpochs(new_epoch);
  world_.sessions.Listen([this](const Key& key, const auto& before, const auto& after) {
    SessionChanged(key, before.get(), after.get());
  });
  // The pod and the Service bear the session's name; another's object of that name concerns it too.
  const auto same_name = [this](const Key& key, const auto&, const auto&) {
    if (world_.sessions.Get(key)) controller_.Changed(key);
  };
  world_.pods.Listen(same_name);
  world_.services.Listen(same_name);
  world_.claims.Listen([this](const Key& key, const auto&, const auto&) { ClaimChanged(key); });
  world_.session_classes.Listen([this](const Key& changed, const auto&, const auto&) {
    for (const auto& [key, session] : world_.sessions.All()) {
      if (session->spec.class_name == changed.name) controller_.Changed(key);
    }
  });
  world_.accelerator_classes.Listen([this](const Key& changed, const auto& before, const auto& after) {
    if (before && after && before->metadata.generation == after->metadata.generation) return;
    for (const auto& [key, session] : world_.sessions.All()) {
      const auto& admission = session->status.admission;
      if (admission && admission->accelerator_class == changed.name) controller_.Changed(key);
    }
  });
  world_.namespaces.Listen([this](const Key& changed, const auto&, const auto&) {
    const auto& sessions = world_.sessions.All();
    for (auto it = sessions.lower_bound({changed.name, ""});
         it != sessions.end() && it->first.ns == changed.name; ++it) {
      controller_.Changed(it->first);
    }
  });
}

void SessionController::ClaimChanged(const Key& claim) {
  if (const auto named = by_claim_.find(claim); named != by_claim_.end()) {
    for (const auto& session : named->second) controller_.Changed(session);
  }
  const auto& sessions = world_.sessions.All();
  for (auto it = sessions.lower_bound({claim.ns, ""}); it != sessions.end() && it->first.ns == claim.ns;
       ++it) {
    const auto its_class = world_.session_classes.Get({"", it->second->spec.class_name});
    if (!its_class) continue;
    const auto& volumes = its_class->spec.volumes;
    if (std::ranges::find(volumes, claim.name, &api::VolumeMount::claim_name) != volumes.end())
      controller_.Changed(it->first);
  }
}

// What was answered before the restore is no longer known to be true; and records that a person or we wrote
// since the backup are missing, so that what looks as if it had to go may be what is wanted.
void SessionController::NewEpoch() {
  log::Warn("the API server went back in time, nothing is deleted for a while", {});
  world_.memory.clear();
  world_.nothing_deleted_until = std::chrono::floor<std::chrono::seconds>(loop_.Now()) + kNothingDeleted;
  loop_.Cancel(epoch_timer_);
  epoch_timer_ = loop_.After(kNothingDeleted, [this] {
    world_.nothing_deleted_until.reset();
    for (const auto& [key, session] : world_.sessions.All()) controller_.Changed(key);
  });
}

void SessionController::SessionChanged(const Key& key, const api::Session* before,
                                       const api::Session* after) {
  for (const Key& claim : ClaimsOf(before)) {
    auto& mounting = by_claim_[claim];
    mounting.erase(key);
    if (mounting.empty()) by_claim_.erase(claim);
  }
  for (const Key& claim : ClaimsOf(after)) by_claim_[claim].insert(key);

  const bool another = before != nullptr && (after == nullptr || after->metadata.uid != before->metadata.uid);
  if (another) {
    world_.memory.erase(key);
    world_.proposals.erase(key);
    world_.requests.erase(key);
  }
  if (after == nullptr) {
    controller_.Forget(key);
  } else {
    controller_.Changed(key);
  }
}

void SessionController::UpdateRequest(const Key& key, const runtime::Context& context) {
  auto request = RequestOf(world_, settings_, key, context);
  const auto known = world_.requests.find(key);
  const bool same =
      request ? known != world_.requests.end() && known->second == *request : known == world_.requests.end();
  if (same) return;
  if (request) {
    world_.requests.insert_or_assign(key, std::move(*request));
  } else {
    world_.requests.erase(key);
    world_.proposals.erase(key);
  }
  placement_.Changed();
}

void SessionController::Observe(const Key& key, const runtime::Action& action, const Result<void>& result) {
  if (const auto session = world_.sessions.Get(key)) Learn(world_, *session, action, result);
}

}  // namespace marea::session
