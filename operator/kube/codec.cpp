#include "kube/codec.hpp"

#include <algorithm>
#include <charconv>

#include "kube/codec_impl.hpp"
#include "kube/storage.hpp"

namespace marea::kube {

namespace {

constexpr std::int64_t kLongestRetrySeconds = 3600;  // nobody may send us away for longer

ErrorKind KindOf(int code, std::string_view reason) {
  switch (code) {
    case 401:
    case 403:
      return ErrorKind::kForbidden;
    case 404:
      return ErrorKind::kNotFound;
    case 408:
    case 504:
      return ErrorKind::kTimeout;
    case 409:
      return reason == "AlreadyExists" ? ErrorKind::kAlreadyExists : ErrorKind::kConflict;
    case 410:
      return ErrorKind::kGone;
    case 429:
      return ErrorKind::kThrottled;
    default:
      break;
  }
  if (code >= 500) return ErrorKind::kUnavailable;
  return code >= 400 ? ErrorKind::kInvalid : ErrorKind::kInternal;
}

// Retry-After in seconds; its other form, a date, is not sent by API servers.
std::int64_t SecondsOf(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc{} && end == text.data() + text.size() ? seconds : 0;
}

struct DeletedMeta {
  std::string uid;
  std::int64_t grace_seconds = 0;
  std::vector<std::string> finalizers;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"uid", &DeletedMeta::uid},
                      json::Field{"deletionGracePeriodSeconds", &DeletedMeta::grace_seconds},
                      json::Field{"finalizers", &DeletedMeta::finalizers});
  }
};
struct DeletedObject {
  std::string kind;
  DeletedMeta metadata;
  codec::StatusDetails details;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"kind", &DeletedObject::kind},
                      json::Field{"metadata", &DeletedObject::metadata},
                      json::Field{"details", &DeletedObject::details});
  }
};

}  // namespace

namespace codec {

Error ErrorOf(const Status& status, std::string_view what) {
  Error error;
  error.kind = KindOf(static_cast<int>(status.code), status.reason);
  for (const StatusCause& cause : status.details.causes) {
    if (cause.reason == "ResourceVersionTooLarge") error.kind = ErrorKind::kGone;
  }
  error.message = std::string(what) + ": " + (status.message.empty() ? status.reason : status.message);
  const std::int64_t wait =
      std::clamp<std::int64_t>(status.details.retry_after_seconds, 0, kLongestRetrySeconds);
  error.retry_after = std::chrono::seconds(wait);
  return error;
}

Undecodable UndecodableFrom(Header header, Error error) {
  Identity& identity = header.metadata;
  return {{std::move(identity.ns), std::move(identity.name)},
          std::move(identity.resource_version),
          std::move(error)};
}

Result<ListOf<Header>> DecodeHeaders(std::string_view json) {
  return json::Decode<ListOf<Header>>(json);
}

Result<TaggedHeader> DecodeTaggedHeader(std::string_view line) {
  Header header;
  auto tag = json::DecodeTagged(line, "type", "object", [&](std::string_view) { return json::Into(header); });
  if (!tag) return tl::unexpected<Error>(std::move(tag.error()));
  return TaggedHeader{std::move(*tag), std::move(header)};
}

}  // namespace codec

Error ErrorFromStatus(int status, std::string_view body, std::string_view retry_after,
                      std::string_view what) {
  // A proxy in between answers with pages of its own; what is no Status is left out of the message but for
  // its start.
  auto decoded = json::Decode<codec::Status>(body);
  codec::Status read = decoded ? std::move(*decoded) : codec::Status{};
  if (read.message.empty()) {
    read.message = "status " + std::to_string(status);
    if (!decoded && !body.empty()) read.message += " " + Quoted(body);
  }
  read.code = status;
  read.details.retry_after_seconds = std::max(read.details.retry_after_seconds, SecondsOf(retry_after));
  return codec::ErrorOf(read, what);
}

bool IsObject(std::string_view json) {
  const auto header = json::Decode<codec::Header>(json);
  return header && !header->metadata.name.empty();
}

// Tried on 1.36: ConfigMaps, Secrets, Nodes and Events answer with a Status; Pods, claims and Services with
// the object, gone or not. A pod that goes at once has a deletionTimestamp too, so only finalizers and a
// grace period tell.
Result<DeleteAnswer> DecodeDeleteAnswer(std::string_view body) {
  auto object = json::Decode<DeletedObject>(body);
  if (!object) return tl::unexpected<Error>(std::move(object.error()));
  if (object->kind == "Status") return DeleteAnswer{true, std::move(object->details.uid)};
  const bool gone = object->metadata.finalizers.empty() && object->metadata.grace_seconds == 0;
  return DeleteAnswer{gone, std::move(object->metadata.uid)};
}

}  // namespace marea::kube

MAREA_INSTANTIATE_CODEC(marea::kube::Node)
MAREA_INSTANTIATE_CODEC(marea::kube::Pod)
MAREA_INSTANTIATE_CODEC(marea::kube::PersistentVolumeClaim)
MAREA_INSTANTIATE_CODEC(marea::kube::PersistentVolume)
MAREA_INSTANTIATE_CODEC(marea::kube::Event)
MAREA_INSTANTIATE_CODEC(marea::kube::Ingress)
MAREA_INSTANTIATE_CODEC(marea::kube::HttpRoute)
MAREA_INSTANTIATE_CODEC(marea::kube::Service)
MAREA_INSTANTIATE_CODEC(marea::kube::Namespace)
MAREA_INSTANTIATE_CODEC(marea::kube::StorageClass)
MAREA_INSTANTIATE_CODEC(marea::kube::Lease)
