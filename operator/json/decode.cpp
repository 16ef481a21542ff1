#include "json/decode.hpp"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/names.hpp"

namespace marea::json {
namespace {

namespace od = simdjson::ondemand;

constexpr int kMaxDepth = 64;

// A few characters can ask for a whole struct, as "{}," in a list of pods does: elements may take so many
// bytes for each byte of text. Real objects take a tenth of it. A list that grows holds its elements three
// times. (The keys of a map differ, so that they are text enough.)
constexpr std::size_t kElementBytesPerByte = 20, kSmallText = 4096;
constexpr std::size_t kErrorBytes = 96;  // of a message in an element's place

// Where in the document we are: a chain on the stack, spelled out only for an error.
struct Place {
  const Place* parent;
  std::string_view name;  // of a member
  std::string_view key;   // of a map's element
  std::size_t index = 0;  // of a list's element
  enum { kMember, kKey, kIndex } kind = kMember;
  int depth = parent == nullptr ? 0 : parent->depth + 1;
};

std::string Path(const Place* place) {
  if (place == nullptr) return "";
  std::string path = Path(place->parent);
  if (place->kind == Place::kIndex) return path + "[" + std::to_string(place->index) + "]";
  if (place->kind == Place::kKey) return path + "[" + Quoted(place->key) + "]";
  return (path.empty() ? "" : path + ".") + std::string(place->name);
}

// What becomes of one document.
struct Trouble {
  std::string message;
  bool broken = false;   // the text is not JSON or too much of it: what follows cannot be told
  std::size_t left = 0;  // bytes that elements may still take
};

bool Refuse(const Place* place, const std::string& what, Trouble& trouble) {
  const std::string path = Path(place);
  trouble.message = path.empty() ? what : path + ": " + what;
  return false;
}

bool Broken(const Place* place, simdjson::error_code code, Trouble& trouble) {
  trouble.broken = true;
  return Refuse(place, std::string("not JSON: ") + simdjson::error_message(code), trouble);
}

bool TakeElement(const Type& element, const Place* place, Trouble& trouble) {
  const std::size_t size = element.size + kErrorBytes;
  if (size <= trouble.left) {
    trouble.left -= size;
    return true;
  }
  trouble.broken = true;
  return Refuse(place, "too many elements for so short a text", trouble);
}

std::string_view Token(od::value& value) {
  std::string_view token = value.raw_json_token();
  return token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
}

std::string Describe(od::value& value) {
  const auto type = value.type();
  if (type.error()) return Quoted(Token(value));
  switch (type.value_unsafe()) {
    case od::json_type::object:
      return "an object";
    case od::json_type::array:
      return "a list";
    case od::json_type::string: {
      std::string_view text;
      return value.get_string().get(text) ? "a broken string" : Quoted(text);
    }
    default: {
      const std::string token = Quoted(Token(value));
      return token.substr(1, token.size() - 2);
    }
  }
}

bool Unexpected(const char* wanted, od::value& value, const Place* place, Trouble& trouble) {
  return Refuse(place, std::string("expected ") + wanted + ", got " + Describe(value), trouble);
}

bool IsNull(od::value& value) {
  bool null = false;
  return !value.is_null().get(null) && null;
}

template <class T>
bool Take(Result<T> parsed, void* into, const Place* place, Trouble& trouble) {
  if (!parsed) return Refuse(place, parsed.error().message, trouble);
  *static_cast<T*>(into) = *parsed;
  return true;
}

bool ReadQuantity(od::value& value, void* into, const Place* place, Trouble& trouble) {
  std::string_view text;
  if (!value.get_string().get(text)) return Take(Quantity::Parse(text), into, place, trouble);
  const auto type = value.type();
  const bool is_number = !type.error() && type.value_unsafe() == od::json_type::number;
  if (!is_number) return Unexpected("a quantity", value, place, trouble);
  return Take(Quantity::Parse(Token(value)), into, place, trouble);
}

bool ReadEnum(const Type& type, od::value& value, void* into, const Place* place, Trouble& trouble) {
  std::string_view text;
  const bool is_text = !value.get_string().get(text);
  const auto found = std::ranges::find(type.names, text);
  if (is_text && found != type.names.end()) {
    type.select(into, static_cast<std::size_t>(found - type.names.begin()));
    return true;
  }
  std::string wanted = "one of";
  for (const std::string_view name : type.names) {
    if (!name.empty()) wanted += " " + std::string(name);
  }
  const std::string got = is_text ? Quoted(text) : Describe(value);
  return Refuse(place, "expected " + wanted + ", got " + got, trouble);
}

bool Read(const Type& type, od::value value, void* into, const Place* place, Trouble& trouble);

// The members of an object usually come in the order of the table: look first behind the last one found.
const Member* Find(std::span<const Member> members, std::string_view name, std::size_t& next) {
  for (std::size_t i = 0; i < members.size(); ++i, ++next) {
    if (next >= members.size()) next = 0;
    if (members[next].name == name) return &members[next++];
  }
  return nullptr;
}

bool ReadStruct(const Type& type, od::value& value, void* into, const Place* parent, Trouble& trouble) {
  od::object object;
  if (value.get_object().get(object)) return Unexpected("an object", value, parent, trouble);
  std::uint64_t seen = 0;
  std::size_t next = 0;
  for (auto field : object) {
    std::string_view name;
    if (const auto error = field.unescaped_key().get(name)) return Broken(parent, error, trouble);
    const Member* member = Find(type.members, name, next);
    if (member == nullptr) continue;
    const Place place{.parent = parent, .name = member->name, .key = {}};
    const std::uint64_t bit = std::uint64_t{1} << (member - type.members.data());
    if ((seen & bit) != 0) return Refuse(&place, "given twice", trouble);
    seen |= bit;
    od::value inner = field.value().value_unsafe();
    if (!IsNull(inner) && !Read(member->type(), inner, member->in(into), &place, trouble)) return false;
  }
  return true;
}

bool ReadList(const Type& type, od::value& value, void* into, const Place* parent, Trouble& trouble) {
  od::array array;
  if (value.get_array().get(array)) return Unexpected("a list", value, parent, trouble);
  Place place{.parent = parent, .name = {}, .key = {}, .kind = Place::kIndex};
  for (auto item : array) {
    od::value inner;
    if (const auto error = item.get(inner)) return Broken(&place, error, trouble);
    if (!IsNull(inner) && !(TakeElement(type.element(), &place, trouble) &&
                            Read(type.element(), inner, type.add(into, {}), &place, trouble))) {
      if (type.shape != Shape::kResults || trouble.broken) return false;
      // The iterator knows its depth: leaving the element half way, it skips the rest of it.
      type.fail(into, Error{ErrorKind::kInvalid, std::exchange(trouble.message, {}), {}});
    }
    ++place.index;
  }
  if (type.fit != nullptr) type.fit(into);
  return true;
}

bool ReadMap(const Type& type, od::value& value, void* into, const Place* parent, Trouble& trouble) {
  od::object object;
  if (value.get_object().get(object)) return Unexpected("an object", value, parent, trouble);
  for (auto field : object) {
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) return Broken(parent, error, trouble);
    od::value inner = field.value().value_unsafe();
    if (IsNull(inner)) continue;
    const Place place{.parent = parent, .name = {}, .key = key, .kind = Place::kKey};
    void* element = type.add(into, std::string(key));
    if (element == nullptr) return Refuse(&place, "given twice", trouble);
    if (!Read(type.element(), inner, element, &place, trouble)) return false;
  }
  return true;
}

bool Read(const Type& type, od::value value, void* into, const Place* place, Trouble& trouble) {
  if (place != nullptr && place->depth > kMaxDepth) return Refuse(place, "nested too deep", trouble);
  std::string_view text;
  switch (type.shape) {
    case Shape::kString:
      if (value.get_string().get(text)) return Unexpected("a string", value, place, trouble);
      *static_cast<std::string*>(into) = text;
      return true;
    case Shape::kBool:
      return !value.get_bool().get(*static_cast<bool*>(into)) ||
             Unexpected("true or false", value, place, trouble);
    case Shape::kInteger:
      return !value.get_int64().get(*static_cast<std::int64_t*>(into)) ||
             Unexpected("a 64-bit integer", value, place, trouble);
    case Shape::kTime:
      if (value.get_string().get(text)) return Unexpected("a time", value, place, trouble);
      return Take(ParseTime(text), into, place, trouble);
    case Shape::kQuantity:
      return ReadQuantity(value, into, place, trouble);
    case Shape::kEnum:
      return ReadEnum(type, value, into, place, trouble);
    case Shape::kStruct:
      return ReadStruct(type, value, into, place, trouble);
    case Shape::kOptional:
      return Read(type.element(), value, type.add(into, {}), place, trouble);
    case Shape::kList:
    case Shape::kResults:
      return ReadList(type, value, into, place, trouble);
    case Shape::kMap:
      return ReadMap(type, value, into, place, trouble);
  }
  return false;
}

// Calls `read` with the document's value, and sees to it that nothing follows.
template <class ReadRoot>
Result<void> WithRoot(std::string_view text, ReadRoot read) {
  const simdjson::padded_string padded(text);
  od::parser parser;
  od::document document;
  od::value root;
  Trouble trouble{.message = {}, .left = kElementBytesPerByte * std::max(text.size(), kSmallText)};
  auto error = parser.iterate(padded).get(document);
  if (!error) error = document.get_value().get(root);
  if (error == simdjson::SCALAR_DOCUMENT_AS_VALUE) {
    return Fail(ErrorKind::kInvalid, "expected an object or a list, got " + Quoted(text));
  }
  if (error) {
    Broken(nullptr, error, trouble);
  } else if (read(root, trouble) && document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    Broken(nullptr, simdjson::TRAILING_CONTENT, trouble);
  }
  if (!trouble.message.empty()) return Fail(ErrorKind::kInvalid, std::move(trouble.message));
  return {};
}

Result<void> DecodeAt(const Place* place, std::string_view text, Target target) {
  return WithRoot(text, [&](od::value& root, Trouble& trouble) {
    return Read(*target.type, root, target.object, place, trouble);
  });
}

}  // namespace

Result<void> DecodeInto(std::string_view text, Target target) {
  return DecodeAt(nullptr, text, target);
}

Result<std::string> DecodeTagged(std::string_view text, std::string_view tag, std::string_view body,
                                 const std::function<Target(std::string_view)>& choose) {
  const Place tag_place{.parent = nullptr, .name = tag, .key = {}};
  const Place body_place{.parent = nullptr, .name = body, .key = {}};
  std::optional<std::string> found;
  std::optional<std::string> waiting;  // the body, when it comes before the tag
  bool filled = false;
  auto done = WithRoot(text, [&](od::value& root, Trouble& trouble) {
    od::object object;
    if (root.get_object().get(object)) return Unexpected("an object", root, nullptr, trouble);
    for (auto field : object) {
      std::string_view name;
      if (const auto error = field.unescaped_key().get(name)) return Broken(nullptr, error, trouble);
      od::value value = field.value().value_unsafe();
      if (name == tag) {
        if (found) return Refuse(&tag_place, "given twice", trouble);
        if (!Read(TypeOf<std::string>(), value, &found.emplace(), &tag_place, trouble)) return false;
      } else if (name == body) {
        if (filled || waiting) return Refuse(&body_place, "given twice", trouble);
        if (found) {
          const Target target = choose(*found);
          if (!Read(*target.type, value, target.object, &body_place, trouble)) return false;
          filled = true;
        } else {
          std::string_view raw;
          if (const auto error = simdjson::to_json_string(value).get(raw))
            return Broken(&body_place, error, trouble);
          waiting.emplace(raw);
        }
      }
    }
    if (!found) return Refuse(&tag_place, "missing", trouble);
    return filled || waiting || Refuse(&body_place, "missing", trouble);
  });
  if (done && waiting) done = DecodeAt(&body_place, *waiting, choose(*found));
  if (!done) return tl::unexpected<Error>(std::move(done.error()));
  return std::move(*found);
}

}  // namespace marea::json
