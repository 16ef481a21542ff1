#include "testing/fake_deletion.hpp"

#include <algorithm>
#include <charconv>

#include "testing/fake_json.hpp"
#include "testing/fake_kinds.hpp"
#include "testing/fake_metadata.hpp"
#include "testing/fake_patch.hpp"

namespace marea::testing::fake {

namespace {

constexpr const char* kOrphan = "orphan";
constexpr const char* kForeground = "foregroundDeletion";

Answer<void> CheckPreconditions(const Kind& kind, const Json& object, const DeleteOptions& options) {
  const std::string& name = TextAt(object, "metadata", "name");
  const auto refuse = [&](const std::string& what, const std::string& asked, const std::string& have,
                          const std::string& guess) {
    Refusal refusal = Conflict(kind, name);
    refusal.message = "Operation cannot be fulfilled on " + kind.kind +
                      (kind.group.empty() ? "" : "." + kind.group) + " \"" + name + "\": the " + what +
                      " in the precondition (" + asked + ") does not match the " + what + " in record (" +
                      have + "). The object might have been " + guess;
    refusal.details["kind"] = kind.kind;
    return Refuse(std::move(refusal));
  };
  const std::string& uid = TextAt(object, "metadata", "uid");
  const std::string& version = TextAt(object, "metadata", "resourceVersion");
  if (!options.uid.empty() && options.uid != uid) {
    return refuse("UID", options.uid, uid, "deleted and then recreated");
  }
  if (!options.version.empty() && options.version != version) {
    return refuse("ResourceVersion", options.version, version, "modified");
  }
  return {};
}

void HoldFor(const std::string& propagation, Json& metadata) {
  if (propagation.empty()) return;
  Json finalizers = At(metadata, "finalizers");
  if (!finalizers.is_array()) finalizers = Json::array();
  Json kept = Json::array();
  for (const Json& finalizer : finalizers) {
    const bool orphan = finalizer == kOrphan, foreground = finalizer == kForeground;
    if ((orphan && propagation != "Orphan") || (foreground && propagation != "Foreground")) continue;
    kept.push_back(finalizer);
  }
  const auto add = [&](const char* finalizer) {
    if (std::ranges::find(kept, finalizer) == kept.end()) kept.push_back(finalizer);
  };
  if (propagation == "Orphan") add(kOrphan);
  if (propagation == "Foreground") add(kForeground);
  if (kept.empty()) {
    metadata.erase("finalizers");
  } else {
    metadata["finalizers"] = std::move(kept);
  }
}

// Marks it as ending in `grace` seconds, or sooner than it was to end.
void Mark(Json& object, std::int64_t grace, Time now) {
  Json& metadata = object["metadata"];
  const Json& generation = At(metadata, "generation");
  const bool first = !IsTerminating(object);
  if (!first) {
    const std::int64_t had = IntegerAt(metadata, 0, "deletionGracePeriodSeconds");
    if (grace >= had) return;
    const auto end = ParseTime(TextAt(metadata, "deletionTimestamp"));
    if (end) now = *end - std::chrono::seconds(had);
  }
  metadata["deletionTimestamp"] = FormatTime(now + std::chrono::seconds(grace));
  metadata["deletionGracePeriodSeconds"] = grace;
  if (first && generation.is_number_integer()) metadata["generation"] = generation.get<std::int64_t>() + 1;
}

}  // namespace

Answer<DeleteOptions> ReadDeleteOptions(const Target& target, const http::Request& request) {
  Json body = Json::object();
  if (!request.body.empty()) {
    auto parsed = ParseBody(request.body);
    if (!parsed || !parsed->is_object())
      return Refuse(BadRequest("couldn't get version/kind; json parse error"));
    body = std::move(*parsed);
  }
  if (const std::string& kind = TextAt(body, "kind"); !kind.empty() && kind != "DeleteOptions") {
    return Refuse(BadRequest(kind + " cannot be handled as DeleteOptions"));
  }
  DeleteOptions options;
  options.uid = TextAt(body, "preconditions", "uid");
  options.version = TextAt(body, "preconditions", "resourceVersion");
  options.propagation = TextAt(body, "propagationPolicy");
  if (options.propagation.empty()) options.propagation = target.Query("propagationPolicy");
  const Json& grace = At(body, "gracePeriodSeconds");
  if (!grace.is_null() && !grace.is_number_integer()) {
    return Refuse(BadRequest("unable to decode DeleteOptions.gracePeriodSeconds: wrong type"));
  }
  if (grace.is_number_integer()) options.grace_seconds = grace.get<std::int64_t>();
  if (const std::string& text = target.Query("gracePeriodSeconds"); !text.empty() && !options.grace_seconds) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Refuse(BadRequest("strconv.ParseInt: parsing " + Dump(Json(text)) + ": invalid syntax"));
    }
    options.grace_seconds = seconds;
  }
  const auto known = {"", "Orphan", "Background", "Foreground"};
  if (std::ranges::find(known, options.propagation) == known.end()) {
    const Kind kind{
        .group = "meta.k8s.io", .version = "v1", .plural = "deleteoptions", .kind = "DeleteOptions"};
    return Refuse(Invalid(kind, "",
                          {{"FieldValueNotSupported",
                            "Unsupported value: " + Dump(Json(options.propagation)) +
                                ": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"",
                            "propagationPolicy"}}));
  }
  return options;
}

Answer<Ending> Ended(const Kind& kind, const Json& object, const DeleteOptions& options, Time now) {
  if (auto holds = CheckPreconditions(kind, object, options); !holds) return Refuse(holds.error());
  const bool pod = kind.plural == "pods" && kind.group.empty();
  const std::int64_t grace =
      pod ? GraceSeconds(object, options.grace_seconds.value_or(0), options.grace_seconds.has_value()) : 0;
  Ending ending{false, object};
  HoldFor(options.propagation, ending.object["metadata"]);
  if (kind.plural == "namespaces" && kind.group.empty()) {
    // Its content goes first, then spec.finalizers.
    SetDefault(ending.object["metadata"], "deletionTimestamp", FormatTime(now));
    ObjectAt(ending.object, "status")["phase"] = "Terminating";
    return ending;
  }
  const bool held = IsNonEmptyList(At(ending.object, "metadata", "finalizers"));
  if (pod || held) Mark(ending.object, grace, now);
  ending.gone = !held && IntegerAt(ending.object, 0, "metadata", "deletionGracePeriodSeconds") == 0;
  return ending;
}

bool IsFinished(const Json& object) {
  const Json& metadata = At(object, "metadata");
  const bool held = IsNonEmptyList(At(object, "spec", "finalizers")) && TextAt(object, "kind") == "Namespace";
  return !held && !IsNonEmptyList(At(metadata, "finalizers")) &&
         IntegerAt(metadata, 0, "deletionGracePeriodSeconds") == 0;
}

Json DeletedStatus(const Kind& kind, const Json& object) {
  Json details = {{"name", TextAt(object, "metadata", "name")},
                  {"kind", kind.plural},
                  {"uid", TextAt(object, "metadata", "uid")}};
  if (!kind.group.empty()) details["group"] = kind.group;
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", Json::object()},
          {"status", "Success"},
          {"details", details}};
}

}  // namespace marea::testing::fake
