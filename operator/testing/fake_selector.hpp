// labelSelector and fieldSelector of lists and watches.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/fake_kind.hpp"
#include "testing/fake_status.hpp"

namespace marea::testing::fake {

struct LabelRequirement {
  enum class Operation { kExists, kAbsent, kIn, kNotIn, kGreater, kLess };
  std::string key;
  Operation operation;
  std::vector<std::string> values;
};

struct FieldRequirement {
  std::string path;  // "status.phase"
  bool equal;
  std::string value;
};

class Selector {
 public:
  // Empty texts select everything. Errors: 400 with the API server's words.
  static Answer<Selector> Parse(const Kind& kind, std::string_view labels, std::string_view fields);

  bool empty() const { return labels_.empty() && fields_.empty(); }
  bool Matches(const Json& object) const;

 private:
  std::vector<LabelRequirement> labels_;
  std::vector<FieldRequirement> fields_;
};

}  // namespace marea::testing::fake
