// How codec.hpp's functions are made for a type. Include it only where MAREA_INSTANTIATE_CODEC stands.
#pragma once

#include <optional>
#include <utility>

#include "json/decode.hpp"
#include "kube/codec.hpp"
#include "kube/types.hpp"

namespace marea::kube {

namespace codec {

struct ListMeta {
  std::string resource_version, next;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"resourceVersion", &ListMeta::resource_version},
                      json::Field{"continue", &ListMeta::next});
  }
};

template <class T>
struct ListOf {
  ListMeta metadata;
  std::vector<Result<T>> items;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &ListOf::metadata}, json::Field{"items", &ListOf::items});
  }
};

// What tells which object it is, when the rest of it cannot be read.
struct Identity {
  std::string name, ns, uid, resource_version;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"name", &Identity::name}, json::Field{"namespace", &Identity::ns},
                      json::Field{"uid", &Identity::uid},
                      json::Field{"resourceVersion", &Identity::resource_version});
  }
};
struct Header {
  Identity metadata;
  static constexpr auto Fields() { return std::tuple(json::Field{"metadata", &Header::metadata}); }
};

struct StatusCause {
  std::string reason;
  static constexpr auto Fields() { return std::tuple(json::Field{"reason", &StatusCause::reason}); }
};
struct StatusDetails {
  std::int64_t retry_after_seconds = 0;
  std::string uid;
  std::vector<StatusCause> causes;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"retryAfterSeconds", &StatusDetails::retry_after_seconds},
                      json::Field{"uid", &StatusDetails::uid}, json::Field{"causes", &StatusDetails::causes});
  }
};
struct Status {
  std::string message, reason;
  std::int64_t code = 0;
  StatusDetails details;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"message", &Status::message}, json::Field{"reason", &Status::reason},
                      json::Field{"code", &Status::code}, json::Field{"details", &Status::details});
  }
};

Error ErrorOf(const Status& status, std::string_view what);
Undecodable UndecodableFrom(Header header, Error error);

// The identities of a list whose items could not all be read, in its order.
Result<ListOf<Header>> DecodeHeaders(std::string_view json);

// The tag of a watch line with the identity of its object.
struct TaggedHeader {
  std::string tag;
  Header header;
};
Result<TaggedHeader> DecodeTaggedHeader(std::string_view line);

}  // namespace codec

template <class T>
Result<T> DecodeObject(std::string_view json) {
  return json::Decode<T>(json);
}

template <class T>
Result<List<T>> DecodeList(std::string_view json) {
  auto decoded = json::Decode<codec::ListOf<T>>(json);
  if (!decoded) return tl::unexpected<Error>(std::move(decoded.error()));
  List<T> list{std::move(decoded->metadata.resource_version), std::move(decoded->metadata.next), {}, {}};
  list.items.reserve(decoded->items.size());
  std::optional<Result<codec::ListOf<codec::Header>>> headers;  // read only when one is needed
  for (std::size_t i = 0; i < decoded->items.size(); ++i) {
    auto& item = decoded->items[i];
    if (item) {
      list.items.push_back(std::move(*item));
      continue;
    }
    if (!headers) headers = codec::DecodeHeaders(json);
    const bool known = *headers && i < (*headers)->items.size() && (*headers)->items[i];
    list.undecodable.push_back(
        codec::UndecodableFrom(known ? *(*headers)->items[i] : codec::Header{}, std::move(item.error())));
  }
  return list;
}

template <class T>
Result<WatchEvent<T>> DecodeWatchLine(std::string_view line) {
  T object{};
  codec::Status status;
  auto tag = json::DecodeTagged(line, "type", "object", [&](std::string_view type) {
    return type == "ERROR" ? json::Into(status) : json::Into(object);
  });
  if (!tag) {
    auto known = codec::DecodeTaggedHeader(line);
    if (!known) return tl::unexpected<Error>(std::move(tag.error()));
    if (known->tag != "DELETED")
      return codec::UndecodableFrom(std::move(known->header), std::move(tag.error()));
    auto& identity = known->header.metadata;
    object = T{};
    object.metadata.name = std::move(identity.name);
    object.metadata.ns = std::move(identity.ns);
    object.metadata.uid = std::move(identity.uid);
    object.metadata.resource_version = std::move(identity.resource_version);
    return Deleted<T>{std::move(object)};
  }
  if (*tag == "ADDED" || *tag == "MODIFIED") return Changed<T>{std::move(object)};
  if (*tag == "DELETED") return Deleted<T>{std::move(object)};
  if (*tag == "BOOKMARK") return Bookmark{std::move(object.metadata.resource_version)};
  if (*tag == "ERROR") return StreamError{codec::ErrorOf(status, "watch")};
  return Fail(ErrorKind::kInvalid, "a watch event of unknown type " + Quoted(*tag));
}

}  // namespace marea::kube

// Outside of any namespace, with the fully qualified type.
// NOLINTBEGIN(bugprone-macro-parentheses): a type cannot stand in them
#define MAREA_INSTANTIATE_CODEC(T)                                                           \
  template marea::Result<T> marea::kube::DecodeObject<T>(std::string_view);                  \
  template marea::Result<marea::kube::List<T>> marea::kube::DecodeList<T>(std::string_view); \
  template marea::Result<marea::kube::WatchEvent<T>> marea::kube::DecodeWatchLine<T>(std::string_view);
// NOLINTEND(bugprone-macro-parentheses)
