// What the simulated platforms are furnished with, as their people would write it.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace marea::simulation {

using Json = nlohmann::json;

// The taints that keep pods without devices from the nodes that have some.
Json DeviceTaints();

// An AcceleratorClass: the GPUs of the nodes that are labelled with this product.
Json DeviceClass(const std::string& name, const std::string& product);

// A Session's spec: so many devices of the first of these classes that has them.
Json Wants(const std::vector<std::string>& classes, int count = 1);

}  // namespace marea::simulation
