#include "testing/fake_writes.hpp"

#include <algorithm>
#include <charconv>

#include "testing/fake_deletion.hpp"
#include "testing/fake_json.hpp"
#include "testing/fake_metadata.hpp"
#include "testing/fake_patch.hpp"
#include "testing/fake_schema.hpp"
#include "testing/fake_selector.hpp"

namespace marea::testing::fake {

namespace {

std::string Uid(std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 12 - std::min<std::size_t>(digits.size(), 12), '0');
  return "00000000-0000-4000-8000-" + digits;
}

Answer<Json> ReadObject(const Kind& kind, const http::Request& request) {
  const std::string type = request.content_type.substr(0, request.content_type.find(';'));
  if (!type.empty() && type != "application/json") {
    return Refuse({415, "UnsupportedMediaType",
                   "the body of the request was in an unknown format - accepted media types include: "
                   "application/json, application/yaml, application/vnd.kubernetes.protobuf"});
  }
  auto body = ParseBody(request.body);
  const std::string must = "the object provided is unrecognized (must be of type " + kind.kind + "): ";
  if (!body || !body->is_object())
    return Refuse(BadRequest(must + "couldn't get version/kind; json parse error"));
  Json& object = *body;
  for (const char* field : {"apiVersion", "kind"}) {
    if (!At(object, field).is_null() && !At(object, field).is_string()) {
      return Refuse(BadRequest(must + "couldn't get version/kind; json parse error"));
    }
  }
  if (kind.custom() && TextAt(object, "kind").empty()) {
    return Refuse(BadRequest(must + "Object 'Kind' is missing"));
  }
  if (kind.custom() && TextAt(object, "apiVersion").empty()) {
    return Refuse(BadRequest(must + "Object 'apiVersion' is missing"));
  }
  SetDefault(object, "apiVersion", kind.api_version());
  SetDefault(object, "kind", kind.kind);
  return std::move(object);
}

// Its type and the types in its metadata; the name and namespace of the URL.
Answer<void> CheckIdentity(const Kind& kind, const Target& target, Json& object) {
  if (auto read = ReadMetadata(object); !read) return read;
  if (TextAt(object, "apiVersion") != kind.api_version()) {
    return Refuse(BadRequest("the API version in the data (" + TextAt(object, "apiVersion") +
                             ") does not match the expected API version (" + kind.api_version() + ")"));
  }
  Json& metadata = object["metadata"];
  if (kind.namespaced) {
    SetDefault(metadata, "namespace", target.key.ns);
    if (metadata["namespace"] != target.key.ns) {
      return Refuse(BadRequest(
          "the namespace of the provided object does not match the namespace sent on the request"));
    }
  } else {
    metadata.erase("namespace");
  }
  return {};
}

// Unknown fields, as fieldValidation asks: refused, told of in warnings, or dropped in silence.
Answer<std::string> Prune(const Kind& kind, const Target& target, Json& object) {
  if (!kind.custom()) return std::string();
  const auto unknown = kind.schema->Prune(object);
  if (unknown.empty() || target.Query("fieldValidation") == "Ignore") return std::string();
  std::string list, warnings;
  for (const std::string& field : unknown) {
    list += (list.empty() ? "" : ", ") + std::string("unknown field ") + Dump(Json(field));
    warnings += (warnings.empty() ? "" : ", ") + std::string("299 - \"unknown field \\\"") + field + "\\\"\"";
  }
  if (target.Query("fieldValidation") == "Strict") {
    return Refuse(BadRequest(kind.kind + " in version " + Dump(Json(kind.version)) +
                             " cannot be handled as a " + kind.kind + ": strict decoding error: " + list));
  }
  return warnings;
}

Answer<void> Validate(const Kind& kind, const Json& object, std::vector<Cause> causes) {
  for (Cause& cause : ValidateMetadata(kind, object)) causes.push_back(std::move(cause));
  if (kind.custom()) {
    for (Cause& cause : kind.schema->Validate(object)) causes.push_back(std::move(cause));
  }
  if (causes.empty()) return {};
  return Refuse(Invalid(kind, TextAt(object, "metadata", "name"), causes));
}

Answer<http::Response> Warned(Answer<http::Response> answer, const std::string& warnings) {
  if (answer && !warnings.empty()) answer->headers["warning"] = warnings;
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

Answer<void> CheckVersion(const Kind& kind, const Json& before, Json& object) {
  const std::string& name = TextAt(object, "metadata", "name");
  const std::string& have = TextAt(before, "metadata", "resourceVersion");
  const std::string& asked = TextAt(object, "metadata", "resourceVersion");
  if (asked.empty() || asked == "0") {
    if (!kind.unconditional_updates) {
      return Refuse(Invalid(
          kind, name, {InvalidValue("metadata.resourceVersion", 0, "must be specified for an update")}));
    }
    object["metadata"]["resourceVersion"] = have;
    return {};
  }
  if (asked != have) return Refuse(Conflict(kind, name));
  return {};
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
  if (!target.Query("dryRun").empty()) {
    const std::uint64_t version = code == 201 ? 0 : store_.version();
    return JsonResponse(code, Version(collection.kind, std::move(object), version).Text());
  }
  return JsonResponse(code, store_.Put(collection, key, std::move(object))->Text());
}

Answer<http::Response> Writes::Create(Collection& collection, const Target& target,
                                      const http::Request& request) {
  const Kind& kind = collection.kind;
  auto body = ReadObject(kind, request);
  if (!body) return Refuse(body.error());
  Json& object = *body;
  if (auto fits = CheckIdentity(kind, target, object); !fits) return Refuse(fits.error());
  auto warnings = Prune(kind, target, object);
  if (!warnings) return Refuse(warnings.error());
  Json& metadata = object["metadata"];
  if (!TextAt(metadata, "resourceVersion").empty()) {
    return Refuse({500, "", "resourceVersion should not be set on objects to be created"});
  }
  if (TextAt(metadata, "name").empty() && !TextAt(metadata, "generateName").empty()) {
    std::string suffix = std::to_string(10'000 + ++suffixes_);
    metadata["name"] = TextAt(metadata, "generateName") + suffix;
  }
  if (auto exists = CheckNamespace(kind, target, object); !exists) return Refuse(exists.error());
  StampNew(kind, object, Uid(++uids_), now_());
  if (kind.custom()) {
    if (kind.status) object.erase("status");
    kind.schema->SetDefaults(object);
    if (object["kind"] != kind.kind) {
      return Refuse(Invalid({.group = kind.group,
                             .version = kind.version,
                             .plural = kind.plural,
                             .kind = TextAt(object, "kind")},
                            TextAt(metadata, "name"),
                            {InvalidValue("kind", object["kind"], "must be " + kind.kind)}));
    }
  } else if (object["kind"] != kind.kind) {
    return Refuse(BadRequest(TextAt(object, "kind") + " in version " + Dump(Json(kind.version)) +
                             " cannot be handled as a " + kind.kind));
  }
  Surroundings surroundings = Around();
  if (auto admitted = AdmitNew(surroundings, kind, object); !admitted) return Refuse(admitted.error());
  addresses_ = surroundings.addresses;
  if (auto valid = Validate(kind, object, {}); !valid) return Refuse(valid.error());
  const Key key{TextAt(metadata, "namespace"), TextAt(metadata, "name")};
  if (const auto found = collection.versions.find(key); found != collection.versions.end()) {
    return Refuse(AlreadyExists(kind, key.name, IsTerminating(found->second->object())));
  }
  return Warned(Commit(collection, key, std::move(object), target, 201), *warnings);
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
  const bool patch = request.method == http::Method::kPatch;
  Answer<Json> body = Json();
  if (!patch) body = ReadObject(kind, request);
  if (!body) return Refuse(body.error());
  const auto found = collection.versions.find(target.key);
  if (patch) {
    // A patch nobody understands is refused before anybody looks for the object.
    const VersionPtr current = found == collection.versions.end() ? nullptr : found->second;
    body = Patched(current == nullptr ? kNull : current->object(), request.body, request.content_type);
    if (!body && (current != nullptr || body.error().code != 422)) return Refuse(body.error());
  }
  if (found == collection.versions.end() && patch) return Refuse(NotFound(kind, target.key.name));
  Json& object = *body;
  if (auto fits = CheckIdentity(kind, target, object); !fits) return Refuse(fits.error());
  if (const std::string& name = TextAt(object, "metadata", "name"); name != target.key.name) {
    return Refuse(BadRequest("the name of the object (" + name + ") does not match the name on the URL (" +
                             target.key.name + ")"));
  }
  auto warnings = Prune(kind, target, object);
  if (!warnings) return Refuse(warnings.error());
  if (found == collection.versions.end()) return Refuse(NotFound(kind, target.key.name));
  const VersionPtr before = found->second;
  if (auto finished = FinishUpdate(kind, target, before->object(), object); !finished) {
    return Refuse(finished.error());
  }
  if (object == before->object()) return Warned(JsonResponse(200, before->Text()), *warnings);
  if (IsTerminating(object) && IsFinished(object)) {
    Version last(kind, std::move(object), before->number());
    if (target.Query("dryRun").empty()) store_.Remove(collection, target.key);
    return Warned(JsonResponse(200, last.Text()), *warnings);
  }
  return Warned(Commit(collection, target.key, std::move(object), target, 200), *warnings);
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
  if (!ending->gone) {
    if (ending->object == before->object()) return JsonResponse(200, before->Text());
    return Commit(collection, target.key, std::move(ending->object), target, 200);
  }
  const Version last(collection.kind, std::move(ending->object), before->number());
  if (target.Query("dryRun").empty()) store_.Remove(collection, target.key);
  if (collection.kind.returns_deleted) return JsonResponse(200, last.Text());
  return JsonResponse(200, Dump(DeletedStatus(collection.kind, last.object())));
}

Answer<http::Response> Writes::DeleteAll(Collection& collection, const Target& target,
                                         const http::Request& request) {
  const auto selector =
      Selector::Parse(collection.kind, target.Query("labelSelector"), target.Query("fieldSelector"));
  if (!selector) return Refuse(selector.error());
  const Snapshot objects = collection.versions;
  for (const auto& [key, version] : objects) {
    if (!target.key.ns.empty() && target.key.ns != key.ns) continue;
    if (!selector->Matches(version->object())) continue;
    Target one = target;
    one.key = key;
    if (auto gone = Delete(collection, one, request); !gone && gone.error().code != 404) return gone;
  }
  return JsonResponse(
      200,
      Dump({{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Json::object()}, {"status", "Success"}}));
}

}  // namespace marea::testing::fake
