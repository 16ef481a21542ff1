#include "controllers/api/kinds.hpp"

#include <algorithm>

#include "json/encode.hpp"

namespace marea::api {
namespace {

template <class Status>
struct StatusOnly {
  Status status;
  static constexpr auto Fields() { return std::tuple(json::Field{"status", &StatusOnly::status}); }
};

}  // namespace

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

std::string StatusPatch(const SessionStatus& from, const SessionStatus& to) {
  if (from == to) return "";  // nearly always, and much cheaper to find out than by the texts
  return json::MergePatch(StatusOnly<SessionStatus>{from}, StatusOnly<SessionStatus>{to});
}

std::string StatusPatch(const AcceleratorClassStatus& from, const AcceleratorClassStatus& to) {
  return json::MergePatch(StatusOnly<AcceleratorClassStatus>{from}, StatusOnly<AcceleratorClassStatus>{to});
}

std::string StatusPatch(const ProjectStatus& from, const ProjectStatus& to) {
  return json::MergePatch(StatusOnly<ProjectStatus>{from}, StatusOnly<ProjectStatus>{to});
}

}  // namespace marea::api
