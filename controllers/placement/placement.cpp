#include "controllers/placement/placement.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controllers/placement/explain.hpp"
#include "controllers/placement/order.hpp"

namespace marea::placement {
namespace {

using Answer = Sharing::Answer;
using Project = Sharing::Project;

// Whether its volumes leave it only some of the nodes.
bool IsTied(const api::Request& request) {
  return std::ranges::any_of(request.claims,
                             [](const auto& need) { return need.reach || !need.node.empty(); });
}

// All that decides where a session that is not tied can stand; the same text for those who ask for the same.
std::string ShapeOf(const api::Request& request) {
  std::string shape = std::to_string(request.cpu.milli()) + " " + std::to_string(request.memory.milli());
  for (const auto& wanted : request.alternatives)
    shape += "\n" + wanted.class_name + " " + std::to_string(wanted.count);
  for (const auto& [label, value] : request.node_selector) shape += "\nlabel " + label + "=" + value;
  for (const auto& t : request.tolerations)
    shape += "\ntolerates " + t.key + "\t" + t.operation + "\t" + t.value + "\t" + t.effect;
  return shape;
}

struct Candidate {
  std::size_t place;  // among those who wait
  const Key* key;
  const api::Request* request;
  Project project = 0;
  std::int64_t priority = 0;
  std::optional<std::size_t> shape = {};  // of those who are not tied
  bool admitted = false;
};

enum class Phase { kGuaranteed, kBorrowed };

// What a pass gives away, taken back at its end: it only tries.
class Trial {
 public:
  Trial(Capacity& capacity, Sharing& sharing) : capacity_(capacity), sharing_(sharing) {}
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial() {
    for (const auto& [use, charge] : given_) {
      capacity_.Remove(use);
      sharing_.Remove(charge);
    }
  }
  void Give(Use use, Charge charge) {
    capacity_.Add(use);
    sharing_.Add(charge);
    given_.emplace_back(std::move(use), std::move(charge));
  }

 private:
  Capacity& capacity_;
  Sharing& sharing_;
  std::vector<std::pair<Use, Charge>> given_;
};

class Pass {
 public:
  Pass(Capacity& capacity, Sharing& sharing, Time now, Kept kept = {})
      : capacity_(capacity),
        sharing_(sharing),
        now_(now),
        trial_(capacity, sharing),
        kept_(std::move(kept)) {}

  Candidate Enter(std::size_t place, const Key& key, const api::Request& request) {
    Candidate candidate{
        .place = place, .key = &key, .request = &request, .project = sharing_.Find(request.project)};
    candidate.priority = std::min(request.priority, sharing_.ViewOf(candidate.project).max_priority);
    if (!IsTied(request))
      candidate.shape = shapes_.try_emplace(ShapeOf(request), shapes_.size()).first->second;
    return candidate;
  }

  std::optional<api::Admit> Try(const Candidate& candidate, Phase phase) {
    const auto held = WithGiven(*candidate.request);
    const api::Request& request = held ? *held : *candidate.request;
    const auto& choices = Choices(request);
    const std::size_t allowed = Allowed(candidate, request, choices.size());
    for (std::size_t i = 0; i < allowed; ++i) {
      const auto& wanted = choices[i];
      const bool cpu_only = wanted.class_name == api::kCpuClass;
      const DeviceClass* device = cpu_only ? nullptr : capacity_.Find(wanted.class_name);
      if (!cpu_only && device == nullptr) continue;
      const auto kind = MayHave(candidate, request, wanted, phase);
      if (kind == api::AdmissionKind::kNone) continue;
      const auto fit = FindFit(candidate, request, i, device, wanted.count, phase);
      if (!fit) continue;
      api::Admit admit{wanted.class_name, wanted.count, fit->node, kind, fit->reclaims};
      Give(candidate, request, admit);
      return admit;
    }
    return {};
  }

  // It has waited for very long and does not fit: what it needs is kept until it does.
  void KeepFor(const Candidate& candidate, Phase phase) {
    const api::Request& request = *candidate.request;
    for (const auto& wanted : Choices(request)) {
      const bool cpu_only = wanted.class_name == api::kCpuClass;
      const DeviceClass* device = cpu_only ? nullptr : capacity_.Find(wanted.class_name);
      if ((!cpu_only && device == nullptr) || kept_for_.contains(wanted.class_name)) continue;
      const auto answer =
          sharing_.Ask(candidate.project, request.user, wanted.class_name, wanted.count, request.preemptible);
      const bool guaranteed = answer == Answer::kGuaranteed && phase == Phase::kGuaranteed;
      const bool borrows = answer == Answer::kBorrowed && phase == Phase::kBorrowed;
      if (answer == Answer::kLater && phase == Phase::kBorrowed) {
        kept_for_.insert(wanted.class_name);
        kept_.not_lent.insert(wanted.class_name);
        return;
      }
      if (!guaranteed && !borrows) continue;
      const auto node = capacity_.NearestFit(request, device, wanted.count);
      if (!node) continue;
      kept_for_.insert(wanted.class_name);
      (guaranteed ? kept_.nodes : kept_.from_borrowers).insert(*node);
      return;
    }
  }

  api::Wait Explain(const Candidate& candidate) {
    const auto held = WithGiven(*candidate.request);
    const api::Request& request = held ? *held : *candidate.request;
    return placement::Explain(capacity_, sharing_, request, Looking(candidate, request));
  }

  Kept kept() const { return kept_; }
  std::optional<Time> next() const { return next_; }

 private:
  // As it is when claims of it were mounted by those who were placed before it in this pass.
  std::optional<api::Request> WithGiven(const api::Request& asked) const {
    const auto given = [&](const api::ClaimNeed& need) {
      return need.node.empty() && given_.contains(need.claim);
    };
    if (given_.empty() || std::ranges::none_of(asked.claims, given)) return {};
    auto held = asked;
    for (auto& need : held.claims) {
      if (given(need)) std::tie(need.node, need.holder) = given_.at(need.claim);
    }
    return held;
  }

  // How many of its alternatives it takes yet: the first that it could have, until its patience is over.
  std::size_t Allowed(const Candidate& candidate, const api::Request& request, std::size_t choices) {
    const Time end = request.since + request.patience;
    if (choices == 1 || request.patience.count() == 0 || now_ >= end) return choices;
    std::size_t first = 0;
    while (first + 1 < choices && !CouldHave(candidate, request, first)) ++first;
    if (first + 1 < choices) next_ = next_ ? std::min(*next_, end) : end;
    return first + 1;
  }

  Surveyor Looking(const Candidate& candidate, const api::Request& request) {
    if (!candidate.shape || &request != candidate.request) return LookAt(capacity_, request);
    return [this, shape = *candidate.shape, &request](std::size_t index) {
      const auto [known, is_new] = looked_at_.try_emplace({shape, index});
      if (is_new) known->second = LookAt(capacity_, request)(index);
      return known->second;
    };
  }

  bool CouldHave(const Candidate& candidate, const api::Request& request, std::size_t index) {
    return IsPossible(capacity_, sharing_, request, Looking(candidate, request), index);
  }

  api::AdmissionKind MayHave(const Candidate& candidate, const api::Request& request,
                             const api::Alternative& wanted, Phase phase) const {
    const auto answer =
        sharing_.Ask(candidate.project, request.user, wanted.class_name, wanted.count, request.preemptible);
    if (answer == Answer::kGuaranteed) return api::AdmissionKind::kGuaranteed;
    const bool lent = answer == Answer::kBorrowed && phase == Phase::kBorrowed;
    return lent && !kept_.not_lent.contains(wanted.class_name) ? api::AdmissionKind::kBorrowed
                                                               : api::AdmissionKind::kNone;
  }

  std::optional<Capacity::Fit> FindFit(const Candidate& candidate, const api::Request& request,
                                       std::size_t index, const DeviceClass* device, std::int64_t count,
                                       Phase phase) {
    // Within a pass capacity only shrinks: who asks for what somebody could not have cannot have it either.
    const bool general = candidate.shape && &request == candidate.request;
    const std::pair like{general ? *candidate.shape : 0, index};
    if (general && refused_.contains(like)) return {};
    auto fit = capacity_.FindFit(request, device, count, But(phase));
    if (!fit && general) refused_.insert(like);
    return fit;
  }

  std::set<std::string> But(Phase phase) const {
    auto but = kept_.nodes;
    if (phase == Phase::kBorrowed) but.insert(kept_.from_borrowers.begin(), kept_.from_borrowers.end());
    return but;
  }

  void Give(const Candidate& candidate, const api::Request& request, const api::Admit& admit) {
    trial_.Give(UseOf(capacity_, request, admit), ChargeOf(request, admit));
    for (const auto& need : request.claims) {
      if (need.one_node) given_.try_emplace(need.claim, admit.node_name, "session " + candidate.key->name);
    }
  }

  Capacity& capacity_;
  Sharing& sharing_;
  Time now_;
  Trial trial_;
  Kept kept_;
  std::set<std::string> kept_for_;  // classes
  std::optional<Time> next_;
  std::unordered_map<std::string, std::size_t> shapes_;
  std::set<std::pair<std::size_t, std::size_t>> refused_;  // shape and alternative that fits nowhere
  std::map<std::pair<std::size_t, std::size_t>, Capacity::Survey> looked_at_;  // by shape and alternative
  std::map<Key, std::pair<std::string, std::string>> given_;                   // claim -> node and holder
};

// The whole pass: who is tried when.
class Round {
 public:
  Round(Capacity& capacity, Sharing& sharing, const Waiting& waiting, Time now, const PassLimits& limits)
      : sharing_(sharing), now_(now), limits_(limits), pass_(capacity, sharing, now) {
    placed_.proposals.resize(waiting.size());
    for (std::size_t i = 0; i < waiting.size(); ++i)
      candidates_.push_back(pass_.Enter(i, *waiting[i].key, *waiting[i].request));
    std::ranges::sort(candidates_, {}, [](const Candidate& c) {
      return std::tuple(-c.priority, c.request->since, std::string_view(c.request->uid));
    });
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      (now - candidates_[i].request->since >= kAgeing ? aged_ : young_).push_back(i);
    }
    std::ranges::sort(aged_, {}, [&](std::size_t i) {
      return std::tuple(candidates_[i].request->since, std::string_view(candidates_[i].request->uid));
    });
  }

  Placed Run() {
    for (const Phase phase : {Phase::kGuaranteed, Phase::kBorrowed}) {
      for (const auto i : aged_) {
        if (!candidates_[i].admitted && !Full() && !Admit(i, phase)) pass_.KeepFor(candidates_[i], phase);
      }
      FairOrder order(sharing_, now_);
      for (const auto i : young_) {
        if (!candidates_[i].admitted && MayTry(i, phase)) order.Enqueue(candidates_[i].project, i);
      }
      while (!Full()) {
        const auto i = order.Next();
        if (!i) break;
        if (Admit(*i, phase)) order.Charge(candidates_[*i].project, Credits(*i));
      }
    }
    if (!Full()) Tell();
    placed_.kept = pass_.kept();
    placed_.next = pass_.next();
    return std::move(placed_);
  }

 private:
  bool Full() const { return counted_ >= limits_.admits; }

  bool MayTry(std::size_t i, Phase phase) const {
    return phase == Phase::kGuaranteed || candidates_[i].request->preemptible;
  }

  bool Admit(std::size_t i, Phase phase) {
    Candidate& candidate = candidates_[i];
    auto admit = pass_.Try(candidate, phase);
    if (!admit) return false;
    candidate.admitted = true;
    if (limits_.uncounted == nullptr || !limits_.uncounted->contains(*candidate.key)) ++counted_;
    placed_.proposals[candidate.place] = std::move(*admit);
    return true;
  }

  std::int64_t Credits(std::size_t i) const {
    const auto& admit = std::get<api::Admit>(*placed_.proposals[candidates_[i].place]);
    return admit.count * sharing_.CreditsOf(admit.accelerator_class);
  }

  void Tell() {
    for (const auto i : Line()) {
      const Candidate& candidate = candidates_[i];
      auto wait = pass_.Explain(candidate);
      const bool stands_in_line =
          !wait.stalled && (wait.reason == "NoFreeDevice" || wait.reason == "ProjectLimit" ||
                            wait.reason == "WaitingForMachine");
      if (stands_in_line) {
        const auto position = ToldPosition(++in_line_[wait.shape.class_name]);
        wait.position = position;
        wait.message += position <= 10 ? " Number " + std::to_string(position) + " in line."
                                       : " Within the first " + std::to_string(position) + " in line.";
      }
      placed_.proposals[candidate.place] = std::move(wait);
    }
  }

  // Those who wait, in the order in which devices would come to them one by one: what is promised first.
  std::vector<std::size_t> Line() const {
    std::vector<std::size_t> line, beyond;
    std::map<std::pair<Project, std::string_view>, std::int64_t> unused;
    const auto promised = [&](const Candidate& candidate) {
      const auto& wanted = Choices(*candidate.request).front();
      const auto [left, is_new] = unused.try_emplace({candidate.project, wanted.class_name});
      if (is_new) left->second = sharing_.Unused(candidate.request->project, wanted.class_name);
      left->second -= std::max<std::int64_t>(1, wanted.count);
      return left->second >= 0;
    };
    const auto queue = [&](const std::vector<std::size_t>& who, auto visit) {
      FairOrder order(sharing_, now_);
      for (const auto i : who) order.Enqueue(candidates_[i].project, i);
      while (const auto i = order.Next()) {
        visit(*i);
        const auto& asked = candidates_[*i].request->alternatives;
        if (!asked.empty())
          order.Charge(candidates_[*i].project,
                       asked.front().count * sharing_.CreditsOf(asked.front().class_name));
      }
    };
    const auto waits = [&](std::size_t i) { return !candidates_[i].admitted; };
    std::ranges::copy_if(aged_, std::back_inserter(line), waits);
    std::vector<std::size_t> young;
    std::ranges::copy_if(young_, std::back_inserter(young), waits);
    queue(young, [&](std::size_t i) { (promised(candidates_[i]) ? line : beyond).push_back(i); });
    line.insert(line.end(), beyond.begin(), beyond.end());
    return line;
  }

  Sharing& sharing_;
  Time now_;
  const PassLimits& limits_;
  Pass pass_;
  std::vector<Candidate> candidates_;
  std::vector<std::size_t> aged_, young_;        // of candidates_
  std::map<std::string, std::int64_t> in_line_;  // by class
  std::size_t counted_ = 0;
  Placed placed_;
};

}  // namespace

Placed Place(Capacity& capacity, Sharing& sharing, const Waiting& waiting, Time now,
             const PassLimits& limits) {
  for (const auto& waiter : waiting) sharing.Know(waiter.request->project);
  return Round(capacity, sharing, waiting, now, limits).Run();
}

std::optional<api::Admit> PlaceArrival(Capacity& capacity, Sharing& sharing, const Kept& kept, const Key& key,
                                       const api::Request& request, Time now) {
  if (now - request.since >= kAgeing) return {};
  sharing.Know(request.project);
  Pass pass(capacity, sharing, now, kept);
  const auto candidate = pass.Enter(0, key, request);
  if (auto admit = pass.Try(candidate, Phase::kGuaranteed)) return admit;
  return request.preemptible ? pass.Try(candidate, Phase::kBorrowed) : std::nullopt;
}

Use UseOf(const Capacity& capacity, const api::Request& request, const api::Admit& admit) {
  const bool cpu_only = admit.accelerator_class == api::kCpuClass;
  return {admit.node_name,
          Need(request, cpu_only ? nullptr : capacity.Find(admit.accelerator_class), admit.count)};
}

Charge ChargeOf(const api::Request& request, const api::Admit& admit) {
  return {request.project, request.user, admit.accelerator_class, admit.count,
          admit.kind == api::AdmissionKind::kBorrowed};
}

std::int64_t ToldPosition(std::int64_t position) {
  if (position <= 10) return position;
  std::int64_t bound = 20;
  for (int step = 0; bound < position; ++step) bound = step % 3 == 0 ? bound / 2 * 5 : bound * 2;
  return bound;
}

}  // namespace marea::placement
