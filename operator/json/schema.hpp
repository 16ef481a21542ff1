// What a field table says, without its C++ types: one constant Type per type, made at compile time. Decoding,
// encoding and the list of paths walk it at run time, so that their libraries stay in one source each and the
// users of field tables compile none of them.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/quantity.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "json/fields.hpp"

namespace marea::json {

enum class Shape {
  kString,
  kBool,
  kInteger,
  kTime,
  kQuantity,
  kEnum,
  kStruct,
  kOptional,
  kList,
  kResults,
  kMap
};

struct Type;
using LazyType = const Type& (*)();  // a function, so that a type may contain itself

struct Member {
  std::string_view name;
  LazyType type;
  void* (*in)(void* object);  // the address of this member in an object
};

// Called with each element's key (maps only) and address, in order.
using Visit = std::function<void(std::string_view key, const void* element)>;

// The functions take the addresses of objects of the described type.
struct Type {
  Shape shape;
  std::size_t size = 0;                                      // of an object, in bytes
  std::span<const Member> members = {};                      // kStruct
  std::span<const std::string_view> names = {};              // kEnum
  std::size_t (*index)(const void* value) = nullptr;         // kEnum
  void (*select)(void* value, std::size_t index) = nullptr;  // kEnum
  LazyType element = nullptr;                                // kOptional, kList, kResults, kMap
  void* (*add)(void* container, std::string key) = nullptr;  // a new element; null when the key is taken
  void (*fit)(void* container) = nullptr;  // kList: no element follows, gives back the room for more
  void (*fail)(void* container, Error error) = nullptr;  // kResults: puts it in place of the last element
  void (*each)(const void* container, const Visit&) = nullptr;  // kResults: those that are no errors
};

template <class T>
const Type& TypeOf();

namespace schema {

template <class T>
constexpr bool kIsOptional = false;
template <class T>
constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
struct Container {};

template <class T>
struct Container<std::optional<T>> {
  using Element = T;
  static constexpr Shape kShape = Shape::kOptional;
  static void* Add(std::optional<T>& optional, std::string) { return &optional.emplace(); }
  static void Each(const std::optional<T>& optional, const Visit& visit) {
    if (optional) visit({}, &*optional);
  }
};

template <class T>
struct Container<std::vector<T>> {
  static_assert(!std::same_as<T, bool>, "the elements of a vector<bool> have no address");
  using Element = T;
  static constexpr Shape kShape = Shape::kList;
  static void* Add(std::vector<T>& list, std::string) { return &list.emplace_back(); }
  static void Each(const std::vector<T>& list, const Visit& visit) {
    for (const T& element : list) visit({}, &element);
  }
  static void Fit(std::vector<T>& list) { list.shrink_to_fit(); }
};

template <class T>
struct Container<std::vector<Result<T>>> {
  using Element = T;
  static constexpr Shape kShape = Shape::kResults;
  static void* Add(std::vector<Result<T>>& list, std::string) { return &*list.emplace_back(); }
  static void Each(const std::vector<Result<T>>& list, const Visit& visit) {
    for (const Result<T>& element : list) {
      if (element) visit({}, &*element);
    }
  }
};

template <class T>
struct Container<std::map<std::string, T>> {
  using Element = T;
  static constexpr Shape kShape = Shape::kMap;
  static void* Add(std::map<std::string, T>& map, std::string key) {
    const auto [at, added] = map.try_emplace(std::move(key));
    return added ? &at->second : nullptr;
  }
  static void Each(const std::map<std::string, T>& map, const Visit& visit) {
    for (const auto& [key, element] : map) visit(key, &element);
  }
};

template <class T>
constexpr Type DescribeContainer() {
  using C = Container<T>;
  static_assert(!kIsOptional<typename C::Element>, "JSON has no place for an absent element");
  Type type{.shape = C::kShape, .element = &TypeOf<typename C::Element>};
  type.add = [](void* container, std::string key) {
    return C::Add(*static_cast<T*>(container), std::move(key));
  };
  type.each = [](const void* container, const Visit& visit) {
    C::Each(*static_cast<const T*>(container), visit);
  };
  if constexpr (C::kShape == Shape::kList) {
    type.fit = [](void* container) { C::Fit(*static_cast<T*>(container)); };
  }
  if constexpr (C::kShape == Shape::kResults) {
    type.fail = [](void* container, Error error) {
      static_cast<T*>(container)->back() = tl::unexpected<Error>(std::move(error));
    };
  }
  return type;
}

template <class T, std::size_t I>
constexpr Member DescribeMember() {
  constexpr auto kField = std::get<I>(T::Fields());
  using Value = std::remove_reference_t<decltype(std::declval<T&>().*kField.member)>;
  return {kField.name, &TypeOf<Value>,
          [](void* object) -> void* { return &(static_cast<T*>(object)->*std::get<I>(T::Fields()).member); }};
}

template <Struct T>
inline constexpr auto kMembers = []<std::size_t... I>(std::index_sequence<I...>) {
  static_assert(sizeof...(I) <= 64, "decoding keeps the names it has seen in 64 bits");
  return std::array<Member, sizeof...(I)>{DescribeMember<T, I>()...};
}(std::make_index_sequence<std::tuple_size_v<decltype(T::Fields())>>());

template <NamedEnum T>
inline constexpr auto kNames = [] {
  std::array<std::string_view, EnumNames<T>::names.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = EnumNames<T>::names[i];
  return names;
}();

template <class T>
constexpr Type Describe() {
  if constexpr (std::same_as<T, std::string>) {
    return {.shape = Shape::kString};
  } else if constexpr (std::same_as<T, bool>) {
    return {.shape = Shape::kBool};
  } else if constexpr (std::same_as<T, std::int64_t>) {
    return {.shape = Shape::kInteger};
  } else if constexpr (std::same_as<T, Time>) {
    return {.shape = Shape::kTime};
  } else if constexpr (std::same_as<T, Quantity>) {
    return {.shape = Shape::kQuantity};
  } else if constexpr (NamedEnum<T>) {
    Type type{.shape = Shape::kEnum, .names = kNames<T>};
    type.index = [](const void* value) { return static_cast<std::size_t>(*static_cast<const T*>(value)); };
    type.select = [](void* value, std::size_t index) { *static_cast<T*>(value) = static_cast<T>(index); };
    return type;
  } else if constexpr (Struct<T>) {
    return {.shape = Shape::kStruct, .members = kMembers<T>};
  } else {
    static_assert(
        requires { Container<T>::kShape; }, "not a type that a field table can hold: see fields.hpp");
    return DescribeContainer<T>();
  }
}

}  // namespace schema

template <class T>
const Type& TypeOf() {
  static constexpr Type kType = [] {
    Type type = schema::Describe<T>();
    type.size = sizeof(T);
    return type;
  }();
  return kType;
}

}  // namespace marea::json
