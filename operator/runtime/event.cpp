#include "runtime/event.hpp"

#include <cstdint>

#include "base/crypto.hpp"
#include "base/utf8.hpp"
#include "json/encode.hpp"
#include "json/fields.hpp"

namespace marea::runtime {

namespace {

constexpr std::size_t kMaxName = 253, kMaxMessage = 1024, kMaxReason = 128, kHashDigits = 16;

struct Metadata {
  std::string name, ns;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"name", &Metadata::name}, json::Field{"namespace", &Metadata::ns});
  }
};

struct Involved {
  std::string api_version, kind, ns, name, uid;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"apiVersion", &Involved::api_version}, json::Field{"kind", &Involved::kind},
                      json::Field{"namespace", &Involved::ns}, json::Field{"name", &Involved::name},
                      json::Field{"uid", &Involved::uid});
  }
};

struct Source {
  std::string component;
  static constexpr auto Fields() { return std::tuple(json::Field{"component", &Source::component}); }
};

struct Event {
  std::string api_version = "v1", kind = "Event";
  Metadata metadata;
  Involved involved;
  std::string reason, message, type;
  Time first_time{}, last_time{};
  std::int64_t count = 1;
  Source source;
  std::string component, instance;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"apiVersion", &Event::api_version}, json::Field{"kind", &Event::kind},
        json::Field{"metadata", &Event::metadata}, json::Field{"involvedObject", &Event::involved},
        json::Field{"reason", &Event::reason}, json::Field{"message", &Event::message},
        json::Field{"type", &Event::type}, json::Field{"firstTimestamp", &Event::first_time},
        json::Field{"lastTimestamp", &Event::last_time}, json::Field{"count", &Event::count},
        json::Field{"source", &Event::source}, json::Field{"reportingComponent", &Event::component},
        json::Field{"reportingInstance", &Event::instance});
  }
};

// The longest start of `text` that takes at most `max` bytes once broken UTF-8 has been replaced.
std::string_view Start(std::string_view text, std::size_t max) {
  std::size_t length = 0, written = 0;
  while (length < text.size()) {
    const Utf8Char next = FirstUtf8(text.substr(length));
    written += next.valid ? next.size : kReplacementCharacter.size();
    if (written > max) break;
    length += next.size;
  }
  return text.substr(0, length);
}

}  // namespace

EventObject EventFor(const Emit& emit, Time now, std::string_view component) {
  const std::string occurrence = emit.regarding_uid + '\n' + emit.reason + '\n' + emit.once;
  const std::string suffix = "." + Sha256Hex(occurrence).substr(0, kHashDigits);
  std::string stem = emit.regarding.name.substr(0, kMaxName - suffix.size());
  while (!stem.empty() && (stem.back() == '.' || stem.back() == '-'))
    stem.pop_back();  // "a-." is no valid name

  Event event;
  event.metadata = {stem + suffix, emit.regarding.ns.empty() ? "default" : emit.regarding.ns};
  event.involved = {kube::ApiVersion(*emit.regarding_type), std::string(emit.regarding_type->kind),
                    emit.regarding.ns, emit.regarding.name, emit.regarding_uid};
  event.reason = Start(emit.reason, kMaxReason);
  event.message = Start(emit.message, kMaxMessage);
  event.type = emit.warning ? "Warning" : "Normal";
  event.first_time = event.last_time =
      std::chrono::floor<std::chrono::seconds>(now);  // metav1.Time has no fraction
  event.source.component = event.component = event.instance = component;
  return {event.metadata.ns, event.metadata.name, json::Encode(event)};
}

}  // namespace marea::runtime
