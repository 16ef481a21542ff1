// What the fake API server knows of a kind before it has seen an object of it.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace marea::testing::fake {

using Json = nlohmann::json;

class Schema;

struct Kind {
  std::string group = {};  // empty: core
  std::string version = {}, plural = {}, kind = {};
  bool namespaced = true;
  bool status = false;                             // has the status subresource
  bool generations = false;                        // counts metadata.generation
  bool unconditional_updates = true;               // a PUT without resourceVersion overwrites
  bool returns_deleted = false;                    // DELETE answers with the last object instead of a Status
  std::vector<std::string> fields = {};            // selectable besides metadata.name and metadata.namespace
  std::shared_ptr<const Schema> schema = nullptr;  // of a custom kind

  bool custom() const { return schema != nullptr; }
  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
};

}  // namespace marea::testing::fake
