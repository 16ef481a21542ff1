// Who gets which device: a pure, deterministic function from the state of the platform to one proposal per
// waiting session. Integers only; the order of the inputs does not matter.
//
// First those whose project was promised what they ask for, then those who borrow; among either in the order
// of fair share (order.hpp). Nobody waits behind somebody who cannot start: each takes the first of its
// alternatives that it may have and that some node has free, on the fullest such node. Who has waited for
// very long goes first, and the node it needs is kept free for it until it fits.
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/names.hpp"
#include "controllers/api/proposal.hpp"
#include "controllers/placement/capacity.hpp"
#include "controllers/placement/sharing.hpp"

namespace marea::placement {

// From then on a node is kept free for whoever waits. One for each class at a time, for the longest waiting.
inline constexpr std::chrono::seconds kAgeing = std::chrono::hours{6};

struct Waiter {
  const Key* key;
  const api::Request* request;
};
using Waiting = std::vector<Waiter>;  // each key at most once, in any order

// What is kept for those who have waited very long.
struct Kept {
  std::set<std::string> nodes;           // from everybody
  std::set<std::string> from_borrowers;  // nodes, from those who borrow
  std::set<std::string> not_lent;        // classes of which nothing more is lent
  bool operator==(const Kept&) const = default;
};

struct Placed {
  std::vector<std::optional<api::Proposal>>
      proposals;  // of those who wait, in their order; empty: not looked at
  Kept kept;
  std::optional<Time> next;  // when a lesser alternative may be taken that is not yet
};

struct PassLimits {
  // A pass ends after so many admissions: who comes later in the order has no proposal then, and is looked at
  // when those have been taken up. A pass over thousands would hold everything else up.
  std::size_t admits = std::numeric_limits<std::size_t>::max();
  const std::set<Key>* uncounted = nullptr;  // sessions whose admissions do not count
};

// `capacity` and `sharing` are tried on, and are as before when it returns.
Placed Place(Capacity& capacity, Sharing& sharing, const Waiting& waiting, Time now,
             const PassLimits& limits = {});

// For one that came when everybody else had been told to wait: what a pass over all would give it. Empty: a
// pass must say.
std::optional<api::Admit> PlaceArrival(Capacity& capacity, Sharing& sharing, const Kept& kept, const Key& key,
                                       const api::Request& request, Time now);

// What an admission takes of its node and of its project's share.
Use UseOf(const Capacity& capacity, const api::Request& request, const api::Admit& admit);
Charge ChargeOf(const api::Request& request, const api::Admit& admit);

// A place in line as people are told it: exact up to 10, then within the first 20, 50, 100 and so on.
std::int64_t ToldPosition(std::int64_t position);

}  // namespace marea::placement
