#include "testing/fake_body.hpp"

#include "testing/fake_json.hpp"
#include "testing/fake_metadata.hpp"
#include "testing/fake_patch.hpp"
#include "testing/fake_schema.hpp"

namespace marea::testing::fake {

namespace {

// The types in its metadata, its version, and the namespace of the URL. Returns unknown fields of metadata.
Answer<std::vector<std::string>> CheckIdentity(const Kind& kind, const Target& target, Json& object) {
  auto unknown = ReadMetadata(object);
  if (!unknown) return unknown;
  Json& metadata = object["metadata"];
  if (!kind.namespaced) {
    metadata.erase("namespace");
    return unknown;
  }
  SetDefault(metadata, "namespace", target.key.ns);
  if (metadata["namespace"] == target.key.ns) return unknown;
  return Refuse(
      BadRequest("the namespace of the provided object does not match the namespace sent on the request"));
}

// What to do about unknown fields: "Warn" (the default), "Strict" or "Ignore".
Answer<std::string> FieldValidation(const Target& target, http::Method method) {
  const std::string& asked = target.Query("fieldValidation");
  if (asked.empty()) return std::string("Warn");
  if (asked == "Warn" || asked == "Strict" || asked == "Ignore") return asked;
  const Kind options{.group = "meta.k8s.io",
                     .kind = method == http::Method::kPost    ? "CreateOptions"
                             : method == http::Method::kPatch ? "PatchOptions"
                                                              : "UpdateOptions"};
  return Refuse(Invalid(options, "",
                        {{"FieldValueNotSupported",
                          "Unsupported value: " + Dump(Json(asked)) +
                              ": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
                          "fieldValidation"}}));
}

std::string WarningsOf(const std::vector<std::string>& unknown) {
  std::string warnings;
  for (const std::string& field : unknown) {
    const std::string text = "unknown field " + Dump(Json(field));
    warnings += (warnings.empty() ? "299 - " : ", 299 - ") + Dump(Json(text));
  }
  return warnings;
}

Refusal StrictlyRefused(const Kind& kind, const Json& object, const std::vector<std::string>& unknown,
                        http::Method method) {
  std::string error = "strict decoding error: ";
  for (const std::string& field : unknown) {
    error += (&field == &unknown.front() ? "" : ", ") + std::string("unknown field ") + Dump(Json(field));
  }
  if (method == http::Method::kPatch) {
    Refusal refusal =
        Invalid(kind, TextAt(object, "metadata", "name"), {InvalidValue("patch", object, error)});
    refusal.details = {{"causes", refusal.details["causes"]}};
    return refusal;
  }
  return BadRequest(kind.kind + " in version " + Dump(Json(kind.version)) + " cannot be handled as a " +
                    kind.kind + ": " + error);
}

// Of core kinds no more is known than that these are objects.
Answer<std::string> ReadParts(const Kind& kind, Json& object) {
  for (const char* part : {"spec", "status"}) {
    if (At(object, part).is_null()) {
      object.erase(part);
    } else if (!object[part].is_object()) {
      return Refuse(BadRequest("unable to decode " + kind.kind + "." + part + ": wrong type"));
    }
  }
  return std::string();
}

}  // namespace

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

Answer<void> CheckApiVersion(const Kind& kind, const Json& object) {
  const std::string& version = TextAt(object, "apiVersion");
  if (version == kind.api_version()) return {};
  return Refuse(BadRequest("the API version in the data (" + version +
                           ") does not match the expected API version (" + kind.api_version() + ")"));
}

Answer<void> CheckKind(const Kind& kind, const Json& object) {
  const std::string& said = TextAt(object, "kind");
  const std::string& version = TextAt(object, "apiVersion");
  if (!kind.custom()) {
    if (said == kind.kind && version == kind.api_version()) return {};
    return Refuse(BadRequest(said + " in version " + Dump(Json(kind.version)) + " cannot be handled as a " +
                             kind.kind));
  }
  std::vector<Cause> causes;
  if (said != kind.kind) causes.push_back(InvalidValue("kind", said, "must be " + kind.kind));
  if (version != kind.api_version()) {
    causes.push_back(InvalidValue("apiVersion", version, "must be " + kind.api_version()));
  }
  if (causes.empty()) return {};
  Kind claimed = kind;
  claimed.kind = said;
  return Refuse(Invalid(claimed, TextAt(object, "metadata", "name"), causes));
}

Answer<std::string> Read(const Kind& kind, const Target& target, Json& object, http::Method method) {
  auto validation = FieldValidation(target, method);
  if (!validation) return validation;
  const auto foreign = CheckIdentity(kind, target, object);
  if (!foreign) return Refuse(foreign.error());
  if (!kind.custom()) return ReadParts(kind, object);
  std::vector<std::string> unknown = kind.schema->Prune(object);
  unknown.insert(unknown.end(), foreign->begin(), foreign->end());
  if (unknown.empty() || *validation == "Ignore") return std::string();
  if (*validation == "Strict") return Refuse(StrictlyRefused(kind, object, unknown, method));
  return WarningsOf(unknown);
}

}  // namespace marea::testing::fake
