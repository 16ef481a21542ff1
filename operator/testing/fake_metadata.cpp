#include "testing/fake_metadata.hpp"

#include <algorithm>
#include <array>

#include "base/names.hpp"
#include "testing/fake_json.hpp"

namespace marea::testing::fake {

namespace {

constexpr std::array kTexts = {"name", "generateName",    "namespace",         "selfLink",
                               "uid",  "resourceVersion", "creationTimestamp", "deletionTimestamp"};
constexpr std::array kNumbers = {"generation", "deletionGracePeriodSeconds"};
constexpr std::array kMaps = {"labels", "annotations"};
constexpr std::array kLists = {"ownerReferences", "finalizers"};

tl::unexpected<Refusal> WrongType(const std::string& field) {
  return Refuse(BadRequest("unable to decode ObjectMeta." + field + ": wrong type"));
}

bool AllText(const Json& container) {
  return std::ranges::all_of(container, [](const Json& value) { return value.is_string(); });
}

bool IsOwner(const Json& owner) {
  const auto flag = [&](const char* key) { return At(owner, key).is_null() || At(owner, key).is_boolean(); };
  const auto text = [&](const char* key) { return At(owner, key).is_null() || At(owner, key).is_string(); };
  return owner.is_object() && text("apiVersion") && text("kind") && text("name") && text("uid") &&
         flag("controller") && flag("blockOwnerDeletion");
}

template <std::size_t N>
bool Names(const std::array<const char*, N>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// --- Shapes of names -----------------------------------------------------------------------------

bool IsLower(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool IsDnsSubdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool edge = i == 0 || i + 1 == text.size() || text[i - 1] == '.' || text[i + 1] == '.';
    if (!IsLower(text[i]) && (edge || (text[i] != '-' && text[i] != '.'))) return false;
  }
  return true;
}

bool IsQualifiedPart(std::string_view text) {
  const auto alphanumeric = [](char c) { return IsLower(c) || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && text.size() <= 63 && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         std::ranges::all_of(text,
                             [&](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool IsQualifiedName(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return IsQualifiedPart(text);
  return IsDnsSubdomain(text.substr(0, slash)) && IsQualifiedPart(text.substr(slash + 1));
}

constexpr const char* kLabelRule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and "
    "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr const char* kSubdomainRule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr const char* kQualifiedRule =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr const char* kValueRule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const char* BrokenNameRule(const Kind& kind, const std::string& name) {
  if (kind.plural == "namespaces" || kind.plural == "services") {
    if (name.find('.') != std::string::npos) return "must not contain dots";
    return IsDnsLabel(name) ? nullptr : kLabelRule;
  }
  return IsDnsSubdomain(name) ? nullptr : kSubdomainRule;
}

void CheckName(const Kind& kind, const Json& metadata, std::vector<Cause>& causes) {
  const std::string& name = TextAt(metadata, "name");
  if (name.empty()) {
    causes.push_back(Required("metadata.name", "name or generateName is required"));
  } else if (const char* rule = BrokenNameRule(kind, name)) {
    causes.push_back(InvalidValue("metadata.name", name, rule));
  }
}

void CheckLabels(const Json& metadata, std::vector<Cause>& causes) {
  for (const auto& [key, value] : At(metadata, "labels").items()) {
    if (!IsQualifiedName(key)) causes.push_back(InvalidValue("metadata.labels", key, kQualifiedRule));
    const std::string text = value.is_string() ? value.get<std::string>() : std::string();
    if (!text.empty() && !IsQualifiedPart(text)) {
      causes.push_back(InvalidValue("metadata.labels", text, kValueRule));
    }
  }
  for (const auto& [key, value] : At(metadata, "annotations").items()) {
    std::string lower = key;
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    if (!IsQualifiedName(lower)) causes.push_back(InvalidValue("metadata.annotations", key, kQualifiedRule));
  }
}

void CheckFinalizers(const Kind& kind, const Json& metadata, std::vector<Cause>& causes) {
  for (const Json& finalizer : At(metadata, "finalizers")) {
    const std::string text = finalizer.is_string() ? finalizer.get<std::string>() : std::string();
    if (!IsQualifiedName(text)) {
      causes.push_back(InvalidValue("metadata.finalizers", text, kQualifiedRule));
    } else if (!kind.custom() && text.find('/') == std::string::npos && text != "orphan" &&
               text != "foregroundDeletion" && text != "kubernetes") {
      causes.push_back(InvalidValue("metadata.finalizers", text,
                                    "name is neither a standard finalizer name nor is it fully qualified"));
    }
  }
}

void CheckOwners(const Json& metadata, std::vector<Cause>& causes) {
  const Json& owners = At(metadata, "ownerReferences");
  int controllers = 0;
  for (const Json& owner : owners) {
    for (const char* field : {"apiVersion", "kind", "name", "uid"}) {
      if (!TextAt(owner, field).empty()) continue;
      causes.push_back(
          InvalidValue(std::string("metadata.ownerReferences.") + field, "", "must not be empty"));
    }
    if (At(owner, "controller") == true) ++controllers;
  }
  if (controllers > 1) {
    causes.push_back(InvalidValue("metadata.ownerReferences", owners,
                                  "Only one reference can have Controller set to true"));
  }
}

}  // namespace

Answer<std::vector<std::string>> ReadMetadata(Json& object) {
  std::vector<std::string> unknown;
  Json& metadata = object["metadata"];
  if (metadata.is_null()) metadata = Json::object();
  if (!metadata.is_object()) return WrongType("metadata");
  for (auto member = metadata.begin(); member != metadata.end();) {
    const std::string& name = member.key();
    const bool text = Names(kTexts, name), number = Names(kNumbers, name);
    const bool map = Names(kMaps, name), list = Names(kLists, name);
    if ((!text && !number && !map && !list) || member->is_null()) {
      if (!member->is_null() && name != "managedFields") unknown.push_back("metadata." + name);
      member = metadata.erase(member);
      continue;
    }
    const bool fits =
        (text && member->is_string()) || (number && member->is_number_integer()) ||
        (map && member->is_object() && AllText(*member)) ||
        (name == "finalizers" && member->is_array() && AllText(*member)) ||
        (name == "ownerReferences" && member->is_array() && std::ranges::all_of(*member, IsOwner));
    if (!fits) return WrongType(name);
    const bool timestamp = name == "creationTimestamp" || name == "deletionTimestamp";
    if (timestamp && !ParseTime(member->get_ref<const std::string&>())) return WrongType(name);
    // Empty texts, maps and lists are not stored.
    const bool empty = text ? member->get_ref<const std::string&>().empty() : !number && member->empty();
    member = empty ? metadata.erase(member) : std::next(member);
  }
  return unknown;
}

void StampNew(const Kind& kind, Json& object, const std::string& uid, Time now) {
  Json& metadata = object["metadata"];
  for (const char* field :
       {"selfLink", "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"}) {
    metadata.erase(field);
  }
  metadata["uid"] = uid;
  metadata["creationTimestamp"] = FormatTime(now);
  if (kind.generations) metadata["generation"] = 1;
}

std::vector<Cause> CarryOver(const Json& before, Json& object) {
  std::vector<Cause> causes;
  Json& metadata = object["metadata"];
  const Json& old = At(before, "metadata");
  metadata.erase("selfLink");
  for (const char* field : {"uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
    const Json& was = At(old, field);
    if (!metadata.contains(field)) {
      if (!was.is_null()) metadata[field] = was;
    } else if (metadata[field] != was) {
      // creationTimestamp is simply put back.
      if (std::string_view(field) == "creationTimestamp") {
        metadata[field] = was;
      } else {
        causes.push_back(
            InvalidValue(std::string("metadata.") + field, metadata[field], "field is immutable"));
      }
    }
  }
  const Json& generation = At(old, "generation");
  if (generation.is_null()) {
    metadata.erase("generation");
  } else {
    metadata["generation"] = generation;
  }
  if (IsTerminating(before)) {
    std::string added;
    for (const Json& finalizer : At(metadata, "finalizers")) {
      const Json& known = At(old, "finalizers");
      if (std::ranges::find(known, finalizer) == known.end()) {
        added += (added.empty() ? "" : ", ") + Dump(finalizer);
      }
    }
    if (!added.empty()) {
      causes.push_back(ForbiddenField("metadata.finalizers",
                                      "no new finalizers can be added if the object is being deleted, found "
                                      "new finalizers []string{" +
                                          added + "}"));
    }
  }
  return causes;
}

std::vector<Cause> ValidateMetadata(const Kind& kind, const Json& object) {
  const Json& metadata = At(object, "metadata");
  std::vector<Cause> causes;
  CheckName(kind, metadata, causes);
  CheckLabels(metadata, causes);
  CheckFinalizers(kind, metadata, causes);
  CheckOwners(metadata, causes);
  return causes;
}

bool IsTerminating(const Json& object) {
  return !At(object, "metadata", "deletionTimestamp").is_null();
}

}  // namespace marea::testing::fake
