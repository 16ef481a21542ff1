// A pure machine, (options, state, event, now, random) -> state and effects, with its clock, fed by hand.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace marea::testing {

// `kNext` is the machine; `Bench` is the test's own struct, which derives from this and adds its words.
template <class Bench, auto kNext>
struct MachineBench;

template <class Bench, class Options, class State, class Event, class Step,
          Step (*kNext)(const Options&, State, const Event&, MonotonicTime, std::uint64_t)>
struct MachineBench<Bench, kNext> {
  using Effects = std::remove_cvref_t<decltype(std::declval<Step>().effects)>;

  Options options;
  State state;
  MonotonicTime now{std::chrono::hours{1}};
  std::uint64_t random = 0;
  Effects effects;  // of the last event

  Bench& Do(const Event& event, Duration later = {}) {
    now += later;
    Step step = kNext(options, state, event, now, random);
    state = std::move(step.state);
    effects = std::move(step.effects);
    return static_cast<Bench&>(*this);
  }
  // The first effect of a kind; null: there is none.
  template <class E>
  const E* Find() const {
    for (const auto& effect : effects) {
      if (const auto* found = std::get_if<E>(&effect)) return found;
    }
    return nullptr;
  }
  template <class Where>
  bool In() const {
    return std::holds_alternative<Where>(state.where);
  }
};

}  // namespace marea::testing
