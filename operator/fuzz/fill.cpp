#include "fuzz/fill.hpp"

#include <algorithm>
#include <vector>

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

struct Element {
  std::string key;
  const void* value;
};

std::vector<Element> ElementsOf(const json::Type& type, const void* container) {
  std::vector<Element> elements;
  type.each(container,
            [&](std::string_view key, const void* value) { elements.push_back({std::string(key), value}); });
  return elements;
}

template <class T>
bool Equal(const void* one, const void* other) {
  return *static_cast<const T*>(one) == *static_cast<const T*>(other);
}

}  // namespace

std::string Repaired(std::string_view text) {
  std::string repaired;
  while (!text.empty()) {
    const Utf8Char c = FirstUtf8(text);
    repaired += c.valid ? text.substr(0, c.size) : kReplacementCharacter;
    text.remove_prefix(c.size);
  }
  return repaired;
}

bool SameAs(const json::Type& type, const void* sent, const void* read) {
  using json::Shape;
  switch (type.shape) {
    case Shape::kString:
      return Repaired(*static_cast<const std::string*>(sent)) == *static_cast<const std::string*>(read);
    case Shape::kBool:
      return Equal<bool>(sent, read);
    case Shape::kInteger:
      return Equal<std::int64_t>(sent, read);
    case Shape::kTime:
      return Equal<Time>(sent, read);
    case Shape::kQuantity:
      return Equal<Quantity>(sent, read);
    case Shape::kEnum:
      return type.index(sent) == type.index(read);
    case Shape::kStruct:
      return std::ranges::all_of(type.members, [&](const json::Member& member) {
        return SameAs(member.type(), member.in(const_cast<void*>(sent)), member.in(const_cast<void*>(read)));
      });
    case Shape::kOptional:
    case Shape::kList:
    case Shape::kResults:
    case Shape::kMap:
      return std::ranges::equal(ElementsOf(type, sent), ElementsOf(type, read),
                                [&](const Element& a, const Element& b) {
                                  return a.key == b.key && SameAs(type.element(), a.value, b.value);
                                });
  }
  return false;
}

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
        void* element = type.add(object, map ? Repaired(bytes.Text(bytes.Byte() % 8)) : std::string());
        if (element != nullptr) FillAs(type.element(), element, bytes);
      }
      return;
  }
}

}  // namespace marea::fuzz
