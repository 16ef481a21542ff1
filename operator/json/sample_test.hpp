// A struct with every kind of member that a field table can hold, for the tests of this folder.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.hpp"
#include "base/time.hpp"
#include "json/fields.hpp"

namespace marea::json {

enum class Wish { kUnset, kRunning, kStopped };

template <>
struct EnumNames<Wish> {
  static constexpr std::array names{"", "Running", "Stopped"};
};

enum class Color { kRed, kGreen };

template <>
struct EnumNames<Color> {
  static constexpr std::array<std::string_view, 2> names{"Red", "Green"};
};

struct Device {
  std::string class_name;
  std::optional<std::int64_t> count;
  friend bool operator==(const Device&, const Device&) = default;
  static constexpr auto Fields() {
    return std::tuple(Field{"className", &Device::class_name}, Field{"count", &Device::count});
  }
};

struct Tree {
  std::string name;
  std::vector<Tree> children;
  friend bool operator==(const Tree&, const Tree&) = default;
  static constexpr auto Fields() {
    return std::tuple(Field{"name", &Tree::name}, Field{"children", &Tree::children});
  }
};

struct Sample {
  std::string text;
  bool flag = false;
  std::int64_t number = 0;
  Time time{};
  Quantity quantity;
  Wish wish{};
  Color color{};
  Device device;
  std::optional<std::string> maybe_text;
  std::optional<bool> maybe_flag;
  std::optional<Time> maybe_time;
  std::optional<Device> maybe_device;
  std::optional<std::vector<std::string>> maybe_list;
  std::vector<std::string> list;
  std::vector<Device> devices;
  std::vector<std::vector<std::int64_t>> table;
  std::map<std::string, std::string> labels;
  std::map<std::string, Quantity> amounts;
  std::map<std::string, std::vector<Device>> pools;
  std::map<std::string, std::map<std::string, bool>> switches;
  Tree tree;

  friend bool operator==(const Sample&, const Sample&) = default;
  static constexpr auto Fields() {
    return std::tuple(
        Field{"text", &Sample::text}, Field{"flag", &Sample::flag}, Field{"number", &Sample::number},
        Field{"time", &Sample::time}, Field{"quantity", &Sample::quantity}, Field{"wish", &Sample::wish},
        Field{"color", &Sample::color}, Field{"device", &Sample::device},
        Field{"maybeText", &Sample::maybe_text}, Field{"maybeFlag", &Sample::maybe_flag},
        Field{"maybeTime", &Sample::maybe_time}, Field{"maybeDevice", &Sample::maybe_device},
        Field{"maybeList", &Sample::maybe_list}, Field{"list", &Sample::list},
        Field{"devices", &Sample::devices}, Field{"table", &Sample::table}, Field{"labels", &Sample::labels},
        Field{"amounts", &Sample::amounts}, Field{"pools", &Sample::pools},
        Field{"switches", &Sample::switches}, Field{"tree", &Sample::tree});
  }
};

}  // namespace marea::json
