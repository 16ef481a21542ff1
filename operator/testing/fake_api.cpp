#include "testing/fake_api.hpp"

#include <deque>

#include "kube/resource.hpp"

#include "testing/fake_crds.hpp"
#include "testing/fake_kinds.hpp"
#include "testing/fake_reads.hpp"
#include "testing/fake_request.hpp"
#include "testing/fake_status.hpp"
#include "testing/fake_store.hpp"
#include "testing/fake_watch.hpp"
#include "testing/fake_writes.hpp"

namespace marea::testing {

using fake::Answer;
using fake::Collection;
using fake::Refuse;
using fake::Target;

namespace {

constexpr std::size_t kLargestBody = 3 * 1024 * 1024;

const char* TypeName(fake::Commit::Type type) {
  switch (type) {
    case fake::Commit::Type::kAdded:
      return "ADDED";
    case fake::Commit::Type::kModified:
      return "MODIFIED";
    case fake::Commit::Type::kDeleted:
      return "DELETED";
  }
  return "";
}

std::shared_ptr<const nlohmann::json> ObjectOf(const fake::VersionPtr& version) {
  if (version == nullptr) return nullptr;
  return {version, &version->object()};
}

fake::Refusal NoSuchMethod() {
  return {405, "MethodNotAllowed", "the server does not allow this method on the requested resource",
          nlohmann::json::object()};
}

}  // namespace

struct FakeApi::Impl {
  explicit Impl(std::function<Time()> now) : writes(store, std::move(now)) {
    for (fake::Kind& kind : fake::BuiltinKinds()) store.Add(std::move(kind));
    store.on_commit = [this](Collection& collection, const fake::Commit& commit) {
      untold.emplace_back(&collection, commit);
    };
  }

  // Listeners and watches hear of commits in order, also of those that their own requests make.
  void Tell() {
    if (telling) return;
    telling = true;
    for (; !untold.empty(); untold.pop_front()) {
      const auto& [collection, commit] = untold.front();
      const Change change{TypeName(commit.type),  collection->kind.plural, commit.key,
                          commit.after->number(), ObjectOf(commit.before), ObjectOf(commit.after)};
      for (std::size_t i = 0; i < listeners.size(); ++i) listeners[i](change);
      watches.Tell(*collection, commit);
    }
    telling = false;
  }

  Answer<Collection*> Find(const Target& target) {
    Collection* found = store.Find(target.group, target.version, target.plural);
    const bool object = !target.key.name.empty();
    const bool misplaced = found != nullptr && (found->kind.namespaced ? object && target.key.ns.empty()
                                                                       : !target.key.ns.empty());
    if (found != nullptr && !misplaced) return found;
    return Refuse(fake::NoSuchPath(target.group.empty()));
  }

  Answer<http::Response> Dispatch(const http::Request& request) {
    const auto target = fake::ParseTarget(request.path);
    if (!target) return Refuse(target.error());
    const auto found = Find(*target);
    if (!found) return Refuse(found.error());
    if (request.body.size() > kLargestBody) {
      return Refuse({413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728"});
    }
    Collection& collection = **found;
    if (!target->subresource.empty()) return DispatchSubresource(collection, *target, request);
    if (target->key.name.empty()) return DispatchCollection(collection, *target, request);
    switch (request.method) {
      case http::Method::kGet:
        return fake::Get(store, collection, *target);
      case http::Method::kPut:
      case http::Method::kPatch:
        return writes.Update(collection, *target, request);
      case http::Method::kDelete:
        return writes.Delete(collection, *target, request);
      case http::Method::kPost:
        break;
    }
    // Custom kinds do not look at the name in the URL of a POST.
    return collection.kind.custom() ? writes.Create(collection, *target, request) : Refuse(NoSuchMethod());
  }

  Answer<http::Response> DispatchCollection(Collection& collection, const Target& target,
                                            const http::Request& request) {
    const bool everywhere = collection.kind.namespaced && target.key.ns.empty();
    const bool custom = collection.kind.custom();
    if (request.method == http::Method::kGet) return fake::List(store, collection, target);
    if (everywhere) return Refuse(custom ? fake::NoSuchPath(false) : NoSuchMethod());
    if (request.method == http::Method::kPost) return writes.Create(collection, target, request);
    if (request.method == http::Method::kDelete) return writes.DeleteAll(collection, target, request);
    return Refuse(custom ? fake::BadRequest("name must be provided") : NoSuchMethod());
  }

  Answer<http::Response> DispatchSubresource(Collection& collection, const Target& target,
                                             const http::Request& request) {
    if (target.subresource == "binding" && collection.kind.plural == "pods") {
      return request.method == http::Method::kPost ? writes.Bind(collection, target, request)
                                                   : Refuse(NoSuchMethod());
    }
    if (target.subresource != "status" || !collection.kind.status) {
      return Refuse(collection.kind.custom() ? fake::NotFound(collection.kind, target.key.name)
                                             : fake::NoSuchPath(true));
    }
    if (request.method == http::Method::kGet) return fake::Get(store, collection, target);
    const bool writes_it = request.method == http::Method::kPut || request.method == http::Method::kPatch;
    return writes_it ? writes.Update(collection, target, request) : Refuse(NoSuchMethod());
  }

  fake::Store store;
  fake::Watches watches;
  fake::Writes writes;
  std::vector<std::function<void(const Change&)>> listeners;
  std::deque<std::pair<Collection*, fake::Commit>> untold;
  bool telling = false;
};

struct FakeApi::Backup {
  fake::Store::Backup store;
};

FakeApi::FakeApi(std::function<Time()> now) : impl_(std::make_unique<Impl>(std::move(now))) {}

FakeApi::~FakeApi() = default;

void FakeApi::InstallCrds(const std::string& folder) {
  for (fake::Kind& kind : fake::LoadCrds(folder)) impl_->store.Add(std::move(kind));
}

void FakeApi::InstallCrd(const Json& definition) {
  for (fake::Kind& kind : fake::KindsOf(definition)) impl_->store.Add(std::move(kind));
}

http::Response FakeApi::Handle(const http::Request& request) {
  auto answer = impl_->Dispatch(request);
  impl_->Tell();
  return answer ? std::move(*answer) : fake::ToResponse(answer.error());
}

std::variant<http::Response, FakeApi::WatchId> FakeApi::Open(
    const http::Request& request, std::function<void(const std::string& line)> on_line) {
  const auto target = fake::ParseTarget(request.path);
  if (!target) return fake::ToResponse(target.error());
  const auto found = impl_->Find(*target);
  if (!found) return fake::ToResponse(found.error());
  auto wanted = fake::ReadWatch(**found, *target);
  if (!wanted) return fake::ToResponse(wanted.error());
  const std::uint64_t from = wanted->watch.from, forgotten = (*found)->forgotten;
  if (!wanted->initial && from < forgotten) {
    on_line(fake::ErrorLine(fake::Expired("too old resource version: " + std::to_string(from) + " (" +
                                          std::to_string(forgotten) + ")")));
    wanted->watch.mute = true;
  }
  wanted->watch.on_line = std::move(on_line);
  const bool outermost = !impl_->telling;
  impl_->telling = true;  // what is told now comes before what it leads to
  const WatchId id =
      impl_->watches.Open(std::move(wanted->watch), impl_->store, wanted->initial, wanted->initial_end);
  if (outermost) {
    impl_->telling = false;
    impl_->Tell();
  }
  return id;
}

void FakeApi::Close(WatchId watch) {
  impl_->watches.Close(watch);
}

std::string FakeApi::Bookmark(WatchId watch) const {
  return impl_->watches.Bookmark(watch, impl_->store.version());
}

std::vector<std::string> FakeApi::Plurals() const {
  std::vector<std::string> plurals;
  for (const auto& [plural, collection] : impl_->store.all()) plurals.push_back(plural);
  return plurals;
}

std::string FakeApi::Path(std::string_view plural, const Key& key) const {
  const Collection* found = impl_->store.Find(plural);
  if (found == nullptr) return {};
  const fake::Kind& kind = found->kind;
  return kube::ObjectPath({kind.group, kind.version, kind.plural, kind.kind, kind.namespaced}, key);
}

const FakeApi::Objects& FakeApi::All(std::string_view plural) const {
  static const Objects kNone;
  const Collection* found = impl_->store.Find(plural);
  return found == nullptr ? kNone : found->objects;
}

std::shared_ptr<const FakeApi::Json> FakeApi::Get(std::string_view plural, const Key& key) const {
  const Objects& objects = All(plural);
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : found->second;
}

void FakeApi::Listen(std::function<void(const Change&)> listener) {
  impl_->listeners.push_back(std::move(listener));
}

std::uint64_t FakeApi::Version() const {
  return impl_->store.version();
}

void FakeApi::Compact() {
  impl_->store.Compact();
}

std::shared_ptr<const FakeApi::Backup> FakeApi::Save() const {
  return std::make_shared<const Backup>(Backup{impl_->store.Save()});
}

void FakeApi::Restore(const Backup& backup) {
  impl_->store.Restore(backup.store);
  impl_->watches.MuteAll();
}

}  // namespace marea::testing
