#include "runtime/executor.hpp"

#include "base/log.hpp"
#include "kube/codec.hpp"
#include "runtime/event.hpp"
#include "runtime/patch_body.hpp"

namespace marea::runtime {

namespace {

tl::unexpected<Error> NoAnswer(const kube::ResourceType& type, std::string_view body) {
  return Fail(ErrorKind::kUnavailable, std::string(type.plural) +
                                           ": the answer is no object, whether it was done is not known: " +
                                           Quoted(body.substr(0, 100)));
}

}  // namespace

Executor::Executor(Loop& loop, const kube::Client& client, const Gate& gate, std::string component)
    : loop_(loop),
      client_(client.Fenced([&gate] { return gate.MayWrite(); })),
      gate_(gate),
      component_(std::move(component)) {}

void Executor::Execute(const Action& action, Done done) {
  if (!std::holds_alternative<ReadFresh>(action) && !gate_.MayWrite()) {
    return Finish(std::move(done), Fail(ErrorKind::kForbidden,
                                        Describe(action) + ": not sent, this process may not write now"));
  }
  std::visit([&](const auto& asked) { Send(asked, std::move(done)); }, action);
}

void Executor::Send(const Create& create, Done done) {
  client_.Create(*create.type, create.key.ns, create.body, IntoCache(*create.type, std::move(done)));
}

void Executor::Send(const Patch& patch, Done done) {
  if (patch.resource_version.empty()) {
    return Finish(std::move(done),
                  Fail(ErrorKind::kInvalid, Describe(patch) + ": without a resourceVersion"));
  }
  auto body = WithResourceVersion(patch.body, patch.resource_version);
  if (!body) return Finish(std::move(done), tl::unexpected(std::move(body.error())));
  client_.MergePatch(*patch.type, patch.key, patch.subresource, std::move(*body),
                     IntoCache(*patch.type, std::move(done)));
}

void Executor::Send(const ReadFresh& read, Done done) {
  client_.Get(*read.type, read.key, IntoCache(*read.type, std::move(done)));
}

void Executor::Send(const Emit& emit, Done done) {
  EventObject event = EventFor(emit, loop_.Now(), component_);
  client_.Create(kube::kEvents, event.ns, std::move(event.body),
                 [this, done = std::move(done)](Result<std::string> answer) mutable {
                   const bool there = answer || answer.error().kind == ErrorKind::kAlreadyExists;
                   Finish(std::move(done),
                          there ? Result<void>{} : tl::unexpected(std::move(answer.error())));
                 });
}

void Executor::Send(const Delete& gone, Done done) {
  Sink* sink = SinkOf(*gone.type);
  auto answered = [this, sink, type = gone.type, key = gone.key, uid = gone.uid,
                   done = std::move(done)](Result<std::string> answer) mutable {
    std::function<void()> apply;
    if (answer && !kube::DecodeDeleteAnswer(*answer)) answer = NoAnswer(*type, *answer);
    if (sink != nullptr && answer) {
      const auto meaning = kube::DecodeDeleteAnswer(*answer);
      if (meaning && meaning->gone) {
        apply = [sink, key, gone_uid = meaning->uid.empty() ? uid : meaning->uid] {
          sink->Erase(key, gone_uid);
        };
      } else if (auto decoded = sink->Decode(*answer)) {  // it waits for its finalizers or its grace
        apply = std::move(*decoded);
      }
    } else if (sink != nullptr && answer.error().kind == ErrorKind::kNotFound && !uid.empty()) {
      apply = [sink, key, uid] { sink->Erase(key, uid); };  // a uid never comes back
    }
    Result<void> result = answer ? Result<void>{} : tl::unexpected(std::move(answer.error()));
    loop_.Post([apply = std::move(apply), done = std::move(done), result = std::move(result)] {
      if (apply) apply();
      done(result);
    });
  };
  client_.Delete(*gone.type, gone.key, {gone.uid, gone.resource_version}, gone.grace_seconds,
                 std::move(answered));
}

void Executor::Finish(Done done, Result<void> result) {
  loop_.Post([done = std::move(done), result = std::move(result)] { done(result); });
}

// An object that we cannot read was written all the same: the watch will tell, and counts what it cannot
// read. What is no object at all, a proxy's page say, proves nothing.
std::function<void(Result<std::string>)> Executor::IntoCache(const kube::ResourceType& type, Done done) {
  return [this, sink = SinkOf(type), &type, done = std::move(done)](Result<std::string> answer) mutable {
    if (!answer) return Finish(std::move(done), tl::unexpected(std::move(answer.error())));
    if (!kube::IsObject(*answer)) return Finish(std::move(done), NoAnswer(type, *answer));
    if (sink == nullptr) return Finish(std::move(done), {});
    auto apply = sink->Decode(*answer);
    if (!apply) {
      log::Warn("an answer that cannot be read",
                {{"type", std::string(type.plural)}, {"error", apply.error().message}});
      return Finish(std::move(done), {});
    }
    loop_.Post([apply = std::move(*apply), done = std::move(done)] {
      apply();
      done({});
    });
  };
}

Sink* Executor::SinkOf(const kube::ResourceType& type) const {
  const auto found = sinks_.find(&type);
  return found == sinks_.end() ? nullptr : found->second;
}

}  // namespace marea::runtime
