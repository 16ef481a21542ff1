#include "controllers/session/memory.hpp"

#include <string>
#include <variant>

namespace marea::session {
namespace {

// What one answer to a write of ours adds to what is known about a session.
class Lesson {
 public:
  Lesson(const api::World& world, const api::Session& session, api::SessionMemory& memory,
         const Result<void>& result)
      : world_(world), session_(session), memory_(memory), result_(result) {}

  void operator()(const runtime::Patch& patch) {
    const bool unanswered = !result_ && (result_.error().kind == ErrorKind::kTimeout ||
                                         result_.error().kind == ErrorKind::kUnavailable);
    if (patch.type == &api::kSessions && unanswered) memory_.unknown_write = true;
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
      if (create.type == &kube::kClaims) memory_.home_gone.clear();  // it is there, whatever was read
      memory_.refusal.clear();
    } else if (Is(ErrorKind::kInvalid) || Is(ErrorKind::kForbidden)) {
      memory_.refusal = "The API server refuses the " + std::string(create.type->kind) + " " +
                        create.key.name + ": " + result_.error().message;
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
};

}  // namespace

void Learn(api::World& world, const api::Session& session, const runtime::Action& action,
           const Result<void>& result) {
  auto& memory = world.memory[KeyOf(session.metadata)];
  if (memory.uid != session.metadata.uid)
    memory = {.uid = session.metadata.uid, .created = {}, .deleted = {}, .refusal = {}};
  std::visit(Lesson(world, session, memory, result), action);
}

}  // namespace marea::session
