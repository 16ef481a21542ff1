#include "kube/delete_options.hpp"

#include <cstdint>

#include "json/encode.hpp"
#include "json/fields.hpp"

namespace marea::kube {

namespace {

struct PreconditionsJson {
  std::string uid, resource_version;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"uid", &PreconditionsJson::uid},
                      json::Field{"resourceVersion", &PreconditionsJson::resource_version});
  }
};

struct DeleteOptions {
  std::string api_version = "v1";
  std::string kind = "DeleteOptions";
  std::optional<std::int64_t> grace_seconds;
  PreconditionsJson preconditions;
  std::string propagation_policy = "Background";
  static constexpr auto Fields() {
    return std::tuple(json::Field{"apiVersion", &DeleteOptions::api_version},
                      json::Field{"kind", &DeleteOptions::kind},
                      json::Field{"gracePeriodSeconds", &DeleteOptions::grace_seconds},
                      json::Field{"preconditions", &DeleteOptions::preconditions},
                      json::Field{"propagationPolicy", &DeleteOptions::propagation_policy});
  }
};

}  // namespace

std::string DeleteOptionsJson(const Preconditions& preconditions, std::optional<int> grace_seconds) {
  DeleteOptions options;
  options.grace_seconds = grace_seconds;
  options.preconditions = {preconditions.uid, preconditions.resource_version};
  return json::Encode(options);
}

}  // namespace marea::kube
