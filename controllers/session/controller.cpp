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

}  // namespace

SessionController::SessionController(Loop& loop, runtime::Executor& executor, api::World& world,
                                     Settings settings)
    : loop_(loop),
      world_(world),
      settings_(std::move(settings)),
      claim_index_(world),
      controller_(
          loop, executor, {.name = "session", .backoff = {}, .max_in_flight = 32},
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
  world_.gateway_api = settings_.gateway_api;
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
  placement_.Start();
}

void SessionController::Listen() {
  api::World::ForEachCache(world_, [this](auto& cache) { cache.ListenForEpochs([this] { NewEpoch(); }); });
  world_.sessions.Listen([this](const Key& key, const auto& before, const auto& after) {
    SessionChanged(key, before.get(), after.get());
  });
  // The pod and the Service bear the session's name; another's object of that name concerns it too.
  const auto same_name = [this](const Key& key, const auto&, const auto&) {
    if (world_.sessions.Get(key)) controller_.Changed(key);
  };
  world_.pods.Listen(same_name);
  world_.services.Listen(same_name);
  world_.ingresses.Listen(same_name);
  world_.http_routes.Listen(same_name);
  world_.warnings.Listen([this](const Key&, const auto& before, const auto& after) {
    const auto& about = (after ? after : before)->involved;
    if (about.kind == "Pod" && world_.sessions.Get({about.ns, about.name}))
      controller_.Changed({about.ns, about.name});
    if (about.kind == "PersistentVolumeClaim") ClaimChanged({about.ns, about.name});
  });
  world_.claims.Listen([this](const Key& key, const auto&, const auto&) { ClaimChanged(key); });
  world_.pods.Listen([this](const Key& key, const auto& before, const auto& after) {
    const auto place = [](const auto& pod) {
      return pod ? pod->spec.node_name + " " + pod->status.phase : "";
    };
    if (place(before) != place(after)) PlaceChanged(key, after ? *after : *before);
  });
  world_.nodes.Listen([this](const Key& changed, const auto& before, const auto& after) {
    if (before && after && kube::IsReady(*before) == kube::IsReady(*after)) return;
    for (const auto& [key, session] : world_.sessions.All()) {
      const auto& admission = session->status.admission;
      if (admission && admission->node_name == changed.name) controller_.Changed(key);
    }
  });
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
  // Who is charged to one that has gone, or could not be to one that is there now.
  world_.projects.Listen([this](const Key&, const auto& before, const auto& after) {
    if (before && after && before->metadata.generation == after->metadata.generation) return;
    for (const auto& [key, session] : world_.sessions.All()) {
      const auto& status = session->status;
      if (!status.admission && !status.stop) controller_.Changed(key);
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

// Where a claim is mounted decides where others that mount it may stand.
void SessionController::PlaceChanged(const Key& key, const kube::Pod& pod) {
  for (const auto& volume : pod.spec.volumes) {
    if (volume.claim) SharersChanged({pod.metadata.ns, volume.claim->claim_name}, key);
  }
}

void SessionController::SharersChanged(const Key& claim, const Key& but) {
  const auto users = world_.claim_users.find(claim);
  if (users == world_.claim_users.end()) return;
  for (const auto& session : users->second.sessions) {
    if (session != but) controller_.Changed(session);
  }
}

void SessionController::ClaimChanged(const Key& claim) {
  SharersChanged(claim, {});
  const auto mounts_it = [&](const auto& session_class) {
    const auto& volumes = session_class.second->spec.volumes;
    return std::ranges::find(volumes, claim.name, &api::VolumeMount::claim_name) != volumes.end();
  };
  // Homes are nobody's but their session's: not all sessions need be looked at for each.
  if (std::ranges::none_of(world_.session_classes.All(), mounts_it)) return;
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
  const auto node = [](const api::Session* s) {
    return s != nullptr && s->status.admission ? s->status.admission->node_name : "";
  };
  if (node(before) != node(after)) {
    for (const Key& claim : NamedClaims(*(after != nullptr ? after : before))) SharersChanged(claim, key);
  }
  const bool another = before != nullptr && (after == nullptr || after->metadata.uid != before->metadata.uid);
  if (another) {
    world_.memory.erase(key);
    placement_.Ask(key, std::nullopt);
  }
  if (after == nullptr) {
    controller_.Forget(key);
  } else {
    controller_.Changed(key);
  }
}

void SessionController::UpdateRequest(const Key& key, const runtime::Context& context) {
  placement_.Ask(key, RequestOf(world_, settings_, key, context));
}

void SessionController::Observe(const Key& key, const runtime::Action& action, const Result<void>& result) {
  if (const auto session = world_.sessions.Get(key)) Learn(world_, *session, action, result, loop_.Now());
}

}  // namespace marea::session
