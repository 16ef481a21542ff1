#include "json/encode.hpp"

#include <cassert>
#include <cstdio>

#include "base/utf8.hpp"

namespace marea::json {
namespace {

void WriteString(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const Utf8Char c = FirstUtf8(text);
    switch (c.code) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (!c.valid) {
          out += kReplacementCharacter;
        } else if (c.code < 0x20) {
          char escape[8];
          std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c.code));
          out += escape;
        } else {
          out += text.substr(0, c.size);
        }
    }
    text.remove_prefix(c.size);
  }
  out += '"';
}

void Write(const Type& type, const void* from, std::string& out);

// A member that says nothing is left out. Only an engaged optional may say "nothing" aloud.
void WriteStruct(const Type& type, const void* from, std::string& out) {
  const std::size_t start = out.size();
  out += '{';
  for (const Member& member : type.members) {
    const std::size_t before = out.size();
    if (before > start + 1) out += ',';
    WriteString(member.name, out);
    out += ':';
    const std::size_t at = out.size();
    const Type& inner = member.type();
    Write(inner, member.in(const_cast<void*>(from)), out);
    const std::string_view written = std::string_view(out).substr(at);
    const bool nothing = inner.shape == Shape::kOptional
                             ? written.empty()
                             : written == "{}" || written == "[]" || written == "\"\"";
    if (nothing) out.resize(before);
  }
  out += '}';
}

void WriteElements(const Type& type, const void* from, std::string_view brackets, std::string& out) {
  out += brackets[0];
  const std::size_t start = out.size();
  type.each(from, [&](std::string_view key, const void* element) {
    if (out.size() > start) out += ',';
    if (type.shape == Shape::kMap) {
      WriteString(key, out);
      out += ':';
    }
    Write(type.element(), element, out);
  });
  out += brackets[1];
}

void Write(const Type& type, const void* from, std::string& out) {
  switch (type.shape) {
    case Shape::kString:
      return WriteString(*static_cast<const std::string*>(from), out);
    case Shape::kBool:
      out += *static_cast<const bool*>(from) ? "true" : "false";
      return;
    case Shape::kInteger:
      out += std::to_string(*static_cast<const std::int64_t*>(from));
      return;
    case Shape::kTime: {
      const Time time = *static_cast<const Time*>(from);
      const bool whole = time == std::chrono::floor<std::chrono::seconds>(time);
      return WriteString(whole ? FormatTime(time) : FormatMicroTime(time), out);
    }
    case Shape::kQuantity:
      return WriteString(static_cast<const Quantity*>(from)->ToString(), out);
    case Shape::kEnum: {
      const std::size_t index = type.index(from);
      assert(index < type.names.size());
      return WriteString(type.names[index], out);
    }
    case Shape::kStruct:
      return WriteStruct(type, from, out);
    case Shape::kOptional:
      return type.each(from, [&](std::string_view, const void* value) { Write(type.element(), value, out); });
    case Shape::kList:
    case Shape::kResults:
      return WriteElements(type, from, "[]", out);
    case Shape::kMap:
      return WriteElements(type, from, "{}", out);
  }
}

}  // namespace

std::string EncodeFrom(const Type& type, const void* object) {
  std::string out;
  Write(type, object, out);
  return out;
}

}  // namespace marea::json
