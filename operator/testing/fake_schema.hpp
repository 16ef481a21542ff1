// Structural schemas of CustomResourceDefinitions: pruning, defaults, validation. Rules in CEL are left out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "testing/fake_kind.hpp"
#include "testing/fake_status.hpp"

namespace marea::testing::fake {

struct SchemaNode;

class Schema {
 public:
  // From openAPIV3Schema; what it does not say is not checked. Null when one of its patterns is none.
  static std::shared_ptr<const Schema> Compile(const Json& schema);
  ~Schema();

  // Removes what the schema does not name and nulls that mean nothing; returns the paths of the unknown
  // fields ("spec.colour"). apiVersion, kind and metadata are left alone.
  std::vector<std::string> Prune(Json& object) const;
  void SetDefaults(Json& object) const;
  // Adds what is wrong to `causes`, which hold what is wrong already.
  void Validate(const Json& object, std::vector<Cause>& causes) const;

 private:
  explicit Schema(std::unique_ptr<SchemaNode> root);

  std::unique_ptr<SchemaNode> root_;
};

}  // namespace marea::testing::fake
