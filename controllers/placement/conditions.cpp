#include "controllers/placement/conditions.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace marea::placement {

void SetCondition(std::vector<api::Condition>& conditions, api::Condition condition, std::int64_t generation,
                  Time now) {
  auto held = std::ranges::find(conditions, condition.type, &api::Condition::type);
  if (held == conditions.end())
    held = conditions.insert(
        held,
        {.type = condition.type, .status = {}, .reason = {}, .message = {}, .last_transition_time = {}});
  const bool turned = held->status != condition.status || !held->last_transition_time;
  condition.last_transition_time =
      turned ? std::chrono::floor<std::chrono::seconds>(now) : *held->last_transition_time;
  condition.observed_generation = generation;
  *held = std::move(condition);
}

}  // namespace marea::placement
