// Field tables: one declaration per struct, from which decoding, encoding and the list of paths follow.
//
//   struct Port {
//     std::string name;
//     std::optional<std::int64_t> port;
//     static constexpr auto Fields() {
//       return std::tuple(json::Field{"name", &Port::name}, json::Field{"port", &Port::port});
//     }
//   };
//
// Member types: std::string, bool, std::int64_t, Time, Quantity, an enum with EnumNames, another struct with
// Fields(), and of those std::optional, std::vector, std::map<std::string, …>; std::vector<Result<T>> where
// one bad element must not cost the others. At most 64 fields a struct; a struct may contain itself in a list
// or map; no optional stands directly in another optional, a list or a map.
//
// Decoding: unknown names are skipped, null is absent, a wrong type is kInvalid with the path.
//
// Encoding leaves out what is empty: "", {}, [], nullopt, and a plain struct all of whose fields are left
// out; plain bool, int64, Time and Quantity are always written, an engaged optional always is, even as {}.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

namespace marea::json {

template <class Class, class Member>
struct Field {
  std::string_view name;
  Member Class::* member;
};
template <class Class, class Member>
Field(const char*, Member Class::*) -> Field<Class, Member>;

template <class T>
concept Struct = requires { T::Fields(); };

// Specialise with `static constexpr std::array names` in the order of the enumerators, which count from 0.
// An empty name stands for "absent".
template <class Enum>
struct EnumNames;

template <class T>
concept NamedEnum = requires { EnumNames<T>::names; };

template <NamedEnum E>
constexpr std::string_view Name(E value) {
  return EnumNames<E>::names[static_cast<std::size_t>(value)];
}

}  // namespace marea::json
