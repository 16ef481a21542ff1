#include "simulation/furniture.hpp"

namespace marea::simulation {

Json DeviceTaints() {
  return Json::array({{{"key", "nvidia.com/gpu"}, {"value", "present"}, {"effect", "NoSchedule"}}});
}

Json DeviceClass(const std::string& name, const std::string& product) {
  return {{"metadata", {{"name", name}}},
          {"spec",
           {{"device", {{"extendedResource", {{"name", "nvidia.com/gpu"}}}}},
            {"nodeSelector", {{"nvidia.com/gpu.product", product}}},
            {"tolerations", Json::array({{{"key", "nvidia.com/gpu"}, {"operator", "Exists"}}})}}}};
}

Json Wants(const std::vector<std::string>& classes, int count) {
  Json alternatives = Json::array();
  for (const auto& name : classes) alternatives.push_back({{"className", name}, {"count", count}});
  return {{"accelerator", {{"alternatives", alternatives}}}};
}

}  // namespace marea::simulation
