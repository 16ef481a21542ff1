#include "fuzz/fill.hpp"

#include <string>

#include "base/utf8.hpp"

namespace marea::fuzz {

namespace {

constexpr int kMostElements = 4;

Time WritableTime(std::int64_t number) {
  using namespace std::chrono;
  constexpr Time kFirst = sys_days(year(0) / 1 / 1), kEnd = sys_days(year(10000) / 1 / 1);
  const std::int64_t range = (kEnd - kFirst).count();
  const Time time = kFirst + Duration((number % range + range) % range);
  return number % 2 == 0 ? time : floor<seconds>(time);
}

std::string Key(std::string_view text) {
  std::string key;
  while (!text.empty()) {
    const Utf8Char c = FirstUtf8(text);
    key += c.valid ? text.substr(0, c.size) : "?";
    text.remove_prefix(c.size);
  }
  return key;
}

}  // namespace

void FillAs(const json::Type& type, void* object, Bytes& bytes) {
  using json::Shape;
  switch (type.shape) {
    case Shape::kString:
      *static_cast<std::string*>(object) = bytes.Text(bytes.Byte() % 32);
      return;
    case Shape::kBool:
      *static_cast<bool*>(object) = bytes.Byte() % 2 == 1;
      return;
    case Shape::kInteger:
      *static_cast<std::int64_t*>(object) = bytes.Number();
      return;
    case Shape::kTime:
      *static_cast<Time*>(object) = WritableTime(bytes.Number());
      return;
    case Shape::kQuantity:
      *static_cast<Quantity*>(object) = Quantity::FromMilli(bytes.Number());
      return;
    case Shape::kEnum:
      type.select(object, bytes.Byte() % type.names.size());
      return;
    case Shape::kStruct:
      for (const json::Member& member : type.members) {
        if (bytes.Byte() % 2 == 1) FillAs(member.type(), member.in(object), bytes);
      }
      return;
    case Shape::kOptional:
      FillAs(type.element(), type.add(object, {}), bytes);
      return;
    case Shape::kList:
    case Shape::kResults:
    case Shape::kMap:
      for (int left = bytes.Byte() % (kMostElements + 1); left > 0; --left) {
        const bool map = type.shape == Shape::kMap;
        void* element = type.add(object, map ? Key(bytes.Text(bytes.Byte() % 8)) : std::string());
        if (element != nullptr) FillAs(type.element(), element, bytes);
      }
      return;
  }
}

}  // namespace marea::fuzz
