#include "runtime/patch_body.hpp"

#include <nlohmann/json.hpp>

namespace marea::runtime {

Result<std::string> WithResourceVersion(const std::string& body, const std::string& resource_version) {
  auto patch = nlohmann::ordered_json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!patch.is_object()) return Fail(ErrorKind::kInvalid, "a merge patch that is no JSON object");
  auto& metadata = patch["metadata"];
  if (!metadata.is_object() && !metadata.is_null()) {
    return Fail(ErrorKind::kInvalid, "a merge patch whose metadata is no object");
  }
  metadata["resourceVersion"] = resource_version;
  return patch.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace marea::runtime
