// What one may ask for: images, sizes, times and devices of each class, and what is free of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/objects.hpp"
#include "cli/status_page.hpp"
#include "cli/text.hpp"

namespace marea::cli {

struct OfferedDevice {
  std::string name;
  std::int64_t max_count = 1;
  std::optional<std::int64_t> free, queued;  // absent: nobody has counted, or one may not see it
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"name", &OfferedDevice::name}, json::Field{"maxCount", &OfferedDevice::max_count},
        json::Field{"free", &OfferedDevice::free}, json::Field{"queued", &OfferedDevice::queued});
  }
};

struct OfferedClass {
  std::string name;
  std::vector<std::string> images, image_prefixes;  // the first image is the default
  std::optional<Quantity> cpu, memory, max_cpu, max_memory;
  std::int64_t duration_seconds = 0, max_duration_seconds = 0;
  Quantity home;
  std::vector<OfferedDevice> devices;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"name", &OfferedClass::name}, json::Field{"images", &OfferedClass::images},
        json::Field{"imagePrefixes", &OfferedClass::image_prefixes}, json::Field{"cpu", &OfferedClass::cpu},
        json::Field{"memory", &OfferedClass::memory}, json::Field{"maxCpu", &OfferedClass::max_cpu},
        json::Field{"maxMemory", &OfferedClass::max_memory},
        json::Field{"durationSeconds", &OfferedClass::duration_seconds},
        json::Field{"maxDurationSeconds", &OfferedClass::max_duration_seconds},
        json::Field{"home", &OfferedClass::home}, json::Field{"devices", &OfferedClass::devices});
  }
};

struct ClassesPage {
  std::optional<std::vector<OfferedClass>> classes;
  std::optional<std::vector<DeviceCount>> devices;
  std::vector<std::string> left_out;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"classes", &ClassesPage::classes},
                      json::Field{"devices", &ClassesPage::devices},
                      json::Field{"leftOut", &ClassesPage::left_out});
  }
};

// With `only`, those classes alone and the devices they offer.
ClassesPage MakeClassesPage(const Seen<api::SessionClass>& classes,
                            const Seen<api::AcceleratorClass>& devices, const std::vector<std::string>& only);

std::string ClassesText(const ClassesPage& page, const Paper& paper);

}  // namespace marea::cli
