#include "testing/fake_writes.hpp"

#include <algorithm>

#include "testing/fake_body.hpp"
#include "testing/fake_deletion.hpp"
#include "testing/fake_json.hpp"
#include "testing/fake_metadata.hpp"
#include "testing/fake_patch.hpp"
#include "testing/fake_reads.hpp"
#include "testing/fake_schema.hpp"
#include "testing/fake_selector.hpp"

namespace marea::testing::fake {

namespace {

std::string Uid(std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 12 - std::min<std::size_t>(digits.size(), 12), '0');
  return "00000000-0000-4000-8000-" + digits;
}

Answer<void> Validate(const Kind& kind, const Json& object, std::vector<Cause> causes) {
  for (Cause& cause : ValidateMetadata(kind, object)) causes.push_back(std::move(cause));
  if (kind.custom()) kind.schema->Validate(object, causes);
  if (causes.empty()) return {};
  return Refuse(Invalid(kind, TextAt(object, "metadata", "name"), causes));
}

Answer<http::Response> Warned(Answer<http::Response> answer, const std::string& warnings) {
  if (warnings.empty()) return answer;
  if (answer) {
    answer->headers["warning"] = warnings;
  } else {
    answer.error().warning = warnings;
  }
  return answer;
}

// Everything that counts for the generation: not metadata, not status.
bool SameDesire(const Kind& kind, const Json& before, const Json& after) {
  const auto relevant = [&](const std::string& name) {
    return name != "metadata" && (name != "status" || !kind.status);
  };
  for (const auto& [name, value] : after.items()) {
    if (relevant(name) && At(before, name.c_str()) != value) return false;
  }
  for (const auto& [name, value] : before.items()) {
    if (relevant(name) && At(after, name.c_str()) != value) return false;
  }
  return true;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The resourceVersion is a precondition; without one some kinds are overwritten, others refused.
Answer<void> CheckVersion(const Kind& kind, const Json& before, Json& object) {
  const std::string& name = TextAt(object, "metadata", "name");
  const std::string& have = TextAt(before, "metadata", "resourceVersion");
  const std::string& asked = TextAt(object, "metadata", "resourceVersion");
  if (!asked.empty() && !IsNumber(asked)) {
    return Refuse({500, "", "strconv.ParseUint: parsing " + Dump(Json(asked)) + ": invalid syntax"});
  }
  if (!asked.empty() && asked != "0") {
    if (asked != have) return Refuse(Conflict(kind, name));
    return {};
  }
  if (!kind.unconditional_updates) {
    Kind resource = kind;
    resource.kind = kind.plural;
    return Refuse(Invalid(resource, name,
                          {InvalidValue("metadata.resourceVersion", 0, "must be specified for an update")}));
  }
  object["metadata"]["resourceVersion"] = have;
  return {};
}

// A PUT that names a uid means that very object.
Answer<void> CheckUid(const Kind& kind, const Json& before, const Json& object) {
  const std::string& asked = TextAt(object, "metadata", "uid");
  const std::string& have = TextAt(before, "metadata", "uid");
  if (asked.empty() || asked == have) return {};
  Refusal refusal = Conflict(kind, TextAt(object, "metadata", "name"));
  refusal.message = refusal.message.substr(0, refusal.message.find(": ") + 2) +
                    "Precondition failed: UID in precondition: " + asked + ", UID in object meta: " + have;
  return Refuse(std::move(refusal));
}

}  // namespace

Surroundings Writes::Around() {
  return {store_, now_(), addresses_};
}

Answer<void> Writes::CheckNamespace(const Kind& kind, const Target& target, const Json& object) const {
  if (!kind.namespaced) return {};
  const Collection& namespaces = *store_.Find("namespaces");
  const auto found = namespaces.versions.find({"", target.key.ns});
  if (found == namespaces.versions.end()) return Refuse(NotFound(namespaces.kind, target.key.ns));
  if (!IsTerminating(found->second->object())) return {};
  Refusal refusal = Forbidden(
      kind, TextAt(object, "metadata", "name"),
      "unable to create new content in namespace " + target.key.ns + " because it is being terminated");
  refusal.details["causes"] =
      Json::array({{{"reason", "NamespaceTerminating"},
                    {"message", "namespace " + target.key.ns + " is being terminated"},
                    {"field", "metadata.namespace"}}});
  return Refuse(std::move(refusal));
}

Answer<http::Response> Writes::Commit(Collection& collection, const Key& key, Json object,
                                      const Target& target, int code) {
  if (!target.Query("dryRun").empty())
    return JsonResponse(code, Version(collection.kind, std::move(object)).Text());
  return JsonResponse(code, store_.Put(collection, key, std::move(object))->Text());
}

Answer<http::Response> Writes::Create(Collection& collection, const Target& target,
                                      const http::Request& request) {
  const Kind& kind = collection.kind;
  auto body = ReadObject(kind, request);
  if (!body) return Refuse(body.error());
  if (auto fits = CheckApiVersion(kind, *body); !fits) return Refuse(fits.error());
  const auto warnings = Read(kind, target, *body, request.method);
  if (!warnings) return Refuse(warnings.error());
  return Warned(Insert(collection, target, std::move(*body)), *warnings);
}

Answer<http::Response> Writes::Insert(Collection& collection, const Target& target, Json object) {
  const Kind& kind = collection.kind;
  Json& metadata = object["metadata"];
  if (!TextAt(metadata, "resourceVersion").empty()) {
    return Refuse({500, "", "resourceVersion should not be set on objects to be created"});
  }
  if (TextAt(metadata, "name").empty() && !TextAt(metadata, "generateName").empty()) {
    metadata["name"] = TextAt(metadata, "generateName") + std::to_string(10'000 + ++suffixes_);
  }
  if (auto exists = CheckNamespace(kind, target, object); !exists) return Refuse(exists.error());
  if (auto fits = CheckKind(kind, object); !fits) return Refuse(fits.error());
  StampNew(kind, object, Uid(++uids_), now_());
  if (kind.custom()) {
    if (kind.status) object.erase("status");
    kind.schema->SetDefaults(object);
  }
  Surroundings surroundings = Around();
  if (auto admitted = AdmitNew(surroundings, kind, object); !admitted) return Refuse(admitted.error());
  addresses_ = surroundings.addresses;
  if (auto valid = Validate(kind, object, {}); !valid) return Refuse(valid.error());
  const Key key{TextAt(metadata, "namespace"), TextAt(metadata, "name")};
  if (const auto found = collection.versions.find(key); found != collection.versions.end()) {
    return Refuse(AlreadyExists(kind, key.name, IsTerminating(found->second->object())));
  }
  return Commit(collection, key, std::move(object), target, 201);
}

Answer<void> Writes::FinishUpdate(const Kind& kind, const Target& target, const Json& before, Json& object) {
  if (auto current = CheckVersion(kind, before, object); !current) return current;
  const bool status = target.subresource == "status";
  if (kind.custom()) {
    kind.schema->SetDefaults(object);
    if (!status && kind.status) {
      object.erase("status");
      if (const Json& old = At(before, "status"); !old.is_null()) object["status"] = old;
    }
  }
  if (status) KeepAllButStatus(kind, before, object);
  std::vector<Cause> causes = CarryOver(before, object);
  if (kind.custom()) {
    const std::vector<Cause> again = causes;  // the real server checks metadata of custom objects twice
    causes.insert(causes.end(), again.begin(), again.end());
  }
  if (!status) {
    Surroundings surroundings = Around();
    if (auto admitted = AdmitChange(surroundings, kind, before, object); !admitted) return admitted;
    if (kind.generations && !SameDesire(kind, before, object)) {
      object["metadata"]["generation"] = IntegerAt(before, 0, "metadata", "generation") + 1;
    }
  }
  return Validate(kind, object, std::move(causes));
}

Answer<http::Response> Writes::Update(Collection& collection, const Target& target,
                                      const http::Request& request) {
  const Kind& kind = collection.kind;
  const auto found = collection.versions.find(target.key);
  const bool patch = request.method == http::Method::kPatch;
  if (found == collection.versions.end() && patch) return Refuse(NotFound(kind, target.key.name));
  auto body = patch ? Patched(found->second->object(), request.body, request.content_type)
                    : ReadObject(kind, request);
  if (!body) return Refuse(body.error());
  if (!patch) {
    if (auto fits = CheckApiVersion(kind, *body); !fits) return Refuse(fits.error());
  }
  const auto warnings = Read(kind, target, *body, request.method);
  if (!warnings) return Refuse(warnings.error());
  return Warned(Replace(collection, target, std::move(*body), patch), *warnings);
}

Answer<http::Response> Writes::Replace(Collection& collection, const Target& target, Json object,
                                       bool patch) {
  const Kind& kind = collection.kind;
  if (const std::string& name = TextAt(object, "metadata", "name"); name != target.key.name) {
    return Refuse(BadRequest("the name of the object (" + name + ") does not match the name on the URL (" +
                             target.key.name + ")"));
  }
  const auto found = collection.versions.find(target.key);
  if (found == collection.versions.end()) return Refuse(NotFound(kind, target.key.name));
  const VersionPtr before = found->second;
  if (!patch) {
    if (auto same = CheckUid(kind, before->object(), object); !same) return Refuse(same.error());
  }
  if (auto fits = CheckKind(kind, object); !fits) return Refuse(fits.error());
  if (auto finished = FinishUpdate(kind, target, before->object(), object); !finished) {
    return Refuse(finished.error());
  }
  if (object == before->object()) return JsonResponse(200, before->Text());
  if (IsTerminating(object) && IsFinished(object)) {
    const Version last(kind, std::move(object));
    if (target.Query("dryRun").empty()) store_.Remove(collection, target.key);
    return JsonResponse(200, last.Text());
  }
  return Commit(collection, target.key, std::move(object), target, 200);
}

Answer<http::Response> Writes::Bind(Collection& pods, const Target& target, const http::Request& request) {
  const auto binding = ParseBody(request.body);
  if (!binding || !binding->is_object()) return Refuse(BadRequest("the object provided is unrecognized"));
  const auto found = pods.versions.find(target.key);
  if (found == pods.versions.end()) return Refuse(NotFound(pods.kind, target.key.name));
  auto bound = Bound(Around(), pods.kind, found->second->object(), *binding);
  if (!bound) return Refuse(bound.error());
  store_.Put(pods, target.key, std::move(*bound));
  return JsonResponse(201,
                      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})");
}

Answer<http::Response> Writes::Delete(Collection& collection, const Target& target,
                                      const http::Request& request) {
  const auto found = collection.versions.find(target.key);
  const auto options = ReadDeleteOptions(target, request);
  if (!options) return Refuse(options.error());
  if (found == collection.versions.end()) return Refuse(NotFound(collection.kind, target.key.name));
  const VersionPtr before = found->second;
  auto ending = Ended(collection.kind, before->object(), *options, now_());
  if (!ending) return Refuse(ending.error());
  const bool changed = ending->object != before->object();
  if (!ending->gone) {
    if (!changed) return JsonResponse(200, before->Text());
    return Commit(collection, target.key, std::move(ending->object), target, 200);
  }
  const bool returned = collection.kind.returns_deleted;
  if (!target.Query("dryRun").empty()) {
    return JsonResponse(200,
                        returned ? before->Text() : Dump(DeletedStatus(collection.kind, before->object())));
  }
  // A pod's last moment without grace is a version of its own.
  if (changed) store_.Put(collection, target.key, std::move(ending->object));
  const VersionPtr last = store_.Remove(collection, target.key);
  return JsonResponse(200, returned ? last->Text() : Dump(DeletedStatus(collection.kind, last->object())));
}

Answer<http::Response> Writes::DeleteAll(Collection& collection, const Target& target,
                                         const http::Request& request) {
  const auto selector =
      Selector::Parse(collection.kind, target.Query("labelSelector"), target.Query("fieldSelector"));
  if (!selector) return Refuse(selector.error());
  auto list = List(store_, collection, target);
  if (!list) return list;
  const Snapshot objects = collection.versions;
  for (const auto& [key, version] : objects) {
    if (!target.key.ns.empty() && target.key.ns != key.ns) continue;
    if (!selector->Matches(version->object())) continue;
    Target one = target;
    one.key = key;
    if (auto gone = Delete(collection, one, request); !gone && gone.error().code != 404) return gone;
  }
  return list;
}

}  // namespace marea::testing::fake
