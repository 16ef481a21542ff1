#include "controllers/session/memory.hpp"

#include <string>
#include <variant>

namespace marea::session {
namespace {

constexpr std::chrono::seconds kRefusalPatience{30};  // quotas and policies change by people's hands

// What one answer to a write of ours adds to what is known about a session.
class Lesson {
 public:
  Lesson(const api::World& world, const api::Session& session, api::SessionMemory& memory,
         const Result<void>& result, Time now)
      : world_(world), session_(session), memory_(memory), result_(result), now_(now) {}

  void operator()(const runtime::Patch& patch) {
    const bool unanswered = !result_ && (result_.error().kind == ErrorKind::kTimeout ||
                                         result_.error().kind == ErrorKind::kUnavailable);
    if (patch.type == &api::kSessions && unanswered) memory_.unknown_write = true;
    if (patch.type != &kube::kClaims) return;
    const bool refused = Is(ErrorKind::kForbidden) || Is(ErrorKind::kInvalid);
    memory_.growth_refusal = refused ? result_.error().message : "";
    memory_.growth_refused = refused ? session_.spec.home.size : std::nullopt;
  }

  void operator()(const runtime::ReadFresh& read) {
    if (!result_ && !Is(ErrorKind::kNotFound)) return;
    if (read.type == &kube::kClaims) {
      const auto held = world_.claims.Get(read.key);
      memory_.home_read = session_.status.attempt;
      memory_.home_gone = !result_ && held ? held->metadata.uid : "";
    }
    if (read.type == &api::kSessions && (result_ || Is(ErrorKind::kNotFound))) memory_.unknown_write = false;
  }

  void operator()(const runtime::Create& create) {
    if (result_ || Is(ErrorKind::kAlreadyExists)) {
      if (create.type == &kube::kSecrets) memory_.created.insert(create.key.name);
      if (create.type == &kube::kNetworkPolicies) memory_.has_network_policy = true;
      if (create.type == &kube::kClaims) memory_.home_gone.clear();  // it is there, whatever was read
      if (create.type == &kube::kClaims && result_) memory_.home_read = session_.status.attempt;
      memory_.refusal.reset();
    } else if (Is(ErrorKind::kInvalid) || Is(ErrorKind::kForbidden)) {
      memory_.refusal =
          api::Refusal{result_.error().kind, std::string(create.type->kind) + " " + create.key.name,
                       result_.error().message, now_ + kRefusalPatience};
    }
  }

  void operator()(const runtime::Delete& deletion) {
    if (deletion.type != &kube::kSecrets || !(result_ || Is(ErrorKind::kNotFound))) return;
    memory_.created.erase(deletion.key.name);
    memory_.deleted.insert(deletion.key.name);
  }

  void operator()(const runtime::Emit&) {}

 private:
  bool Is(ErrorKind kind) const { return !result_ && result_.error().kind == kind; }

  const api::World& world_;
  const api::Session& session_;
  api::SessionMemory& memory_;
  const Result<void>& result_;
  Time now_;
};

}  // namespace

void Learn(api::World& world, const api::Session& session, const runtime::Action& action,
           const Result<void>& result, Time now) {
  auto& memory = world.memory[KeyOf(session.metadata)];
  if (memory.uid != session.metadata.uid)
    memory = {.uid = session.metadata.uid, .created = {}, .deleted = {}};
  std::visit(Lesson(world, session, memory, result, now), action);
}

}  // namespace marea::session
