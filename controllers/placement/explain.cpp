#include "controllers/placement/explain.hpp"

#include <algorithm>

namespace marea::placement {

const std::vector<api::Alternative>& Choices(const api::Request& request) {
  static const std::vector<api::Alternative> kCpuOnly{{std::string(api::kCpuClass), 0}};
  return request.alternatives.empty() ? kCpuOnly : request.alternatives;
}

namespace {

using Answer = Sharing::Answer;

constexpr const char* kZoneLabel = "topology.kubernetes.io/zone";

// The zone that its class or one of its volumes ties it to.
std::string ZoneOf(const api::Request& request) {
  if (const auto label = request.node_selector.find(kZoneLabel); label != request.node_selector.end())
    return label->second;
  for (const auto& claim : request.claims) {
    if (!claim.reach || claim.reach->terms.size() != 1) continue;
    for (const auto& term : claim.reach->terms.front().expressions) {
      if (term.key == kZoneLabel && term.operation == "In" && term.values.size() == 1)
        return term.values.front();
    }
  }
  return "";
}

std::string Size(const api::Request& request) {
  return request.cpu.ToString() + " cpu and " + request.memory.ToString() + " memory";
}

const api::ClaimNeed* HeldClaim(const api::Request& request) {
  const auto held = std::ranges::find_if(request.claims, [](const auto& need) { return !need.node.empty(); });
  return held == request.claims.end() ? nullptr : &*held;
}

std::string InUse(const api::ClaimNeed& held, const std::string& what, bool holds) {
  const std::string mounted = std::string(held.is_home ? "The home" : "Claim " + held.claim.name) +
                              " is mounted by " + held.holder + " on node " + held.node;
  if (held.one_pod) return mounted + " and can be mounted once only; it waits until that one ends.";
  if (!holds) return mounted + ", which is not made for " + what + "; it waits until that one ends.";
  return mounted + ", and on no other; that node has no " + what + " free now.";
}

// One alternative of one request.
class Choice {
 public:
  Choice(const Capacity& capacity, const Sharing& sharing, const api::Request& request, const Surveyor& look,
         std::size_t index)
      : sharing_(sharing),
        request_(request),
        wanted_(Choices(request)[index]),
        look_(look),
        index_(index),
        cpu_only_(wanted_.class_name == api::kCpuClass),
        device_(cpu_only_ ? nullptr : capacity.Find(wanted_.class_name)) {}

  api::Wait Explain() const {
    if (auto wait = Unknown()) return *wait;
    if (auto wait = Shared()) return *wait;
    return Placed();
  }

  bool IsPossible() const {
    if (const auto wait = Unknown()) return false;
    if (const auto wait = Shared(); wait && wait->stalled) return false;
    const auto survey = look_(index_);
    return survey.holds || survey.holds_but_for_claims || survey.holds_when_ready;
  }

 private:
  api::Wait Say(std::string reason, std::string message, bool stalled = false) const {
    return {.reason = std::move(reason),
            .message = std::move(message),
            .stalled = stalled,
            .shape = {wanted_.class_name, wanted_.count, request_.cpu, request_.memory, ZoneOf(request_)}};
  }

  std::string Devices(std::int64_t count) const {
    if (cpu_only_)
      return count == 1 ? "1 session without devices" : std::to_string(count) + " sessions without devices";
    return std::to_string(count) + " " + wanted_.class_name;
  }
  std::string What() const {
    return cpu_only_ ? Size(request_) : Devices(wanted_.count) + " with " + Size(request_);
  }
  std::int64_t Units() const { return cpu_only_ ? 1 : wanted_.count; }

  std::optional<api::Wait> Unknown() const {
    if (cpu_only_ || device_ != nullptr) return {};
    return Say("NoSuchShape",
               "There is no AcceleratorClass " + Quoted(wanted_.class_name) + "; ask for another.", true);
  }

  // What the projects say.
  std::optional<api::Wait> Shared() const {
    const Charge charge{request_.project, request_.user, wanted_.class_name, wanted_.count, false};
    const std::string project = "Project " + request_.project;
    const auto standing = [&] { return sharing_.StandingOf(request_.project, wanted_.class_name); };
    switch (sharing_.Ask(charge, request_.preemptible)) {
      case Answer::kGuaranteed:
      case Answer::kBorrowed:
        return {};
      case Answer::kNotAllowed:
        return Say(
            "ClassNotAllowed",
            project + " may not use " + wanted_.class_name + "; ask for another, or the project's leader.",
            true);
      case Answer::kNeverProjectLimit:
        return Say("ProjectLimit",
                   project + " may never hold " + Devices(Units()) +
                       " at a time; ask for fewer, or the project's leader.",
                   true);
      case Answer::kNeverUserLimit:
        return Say("UserLimit",
                   "In " + project + " one user may never hold " + Devices(Units()) +
                       " at a time; ask for fewer, or the project's leader.",
                   true);
      case Answer::kProjectLimit:
        return Say("ProjectLimit", project + " holds " + Devices(standing().used) +
                                       " and may not hold more; waiting for one of its sessions to end.");
      case Answer::kUserLimit:
        return Say("UserLimit",
                   "You hold " +
                       Devices(sharing_.UserHolds(request_.project, request_.user, wanted_.class_name)) +
                       " in " + project + " and may not hold more; stop a session, or wait for one to end.");
      case Answer::kNeverGuaranteed:
        return Say("ProjectLimit", NeverGuaranteed(project, standing().quota), true);
      case Answer::kNotGuaranteed:
        return Say("ProjectLimit", NotGuaranteed(project, standing()));
      case Answer::kLater:
        return Say("ProjectLimit",
                   "Others use what " + project + " could have; waiting for one of their sessions to end.");
    }
    return {};
  }

  bool MayBorrow() const { return sharing_.ViewOf(sharing_.Find(request_.project)).may_borrow; }

  std::string NotGuaranteed(const std::string& project, const Sharing::Standing& standing) const {
    const std::string remedy =
        MayBorrow() && !request_.preemptible ? " With preemptible: true it may borrow." : "";
    if (standing.quota < Units())  // of what others leave: it grows with the platform
      return "Beside what others were promised, " + project + " has " + Devices(standing.quota) +
             "; waiting for more to come." + remedy;
    return project + " was promised " + Devices(standing.quota) +
           ", which its sessions hold; waiting for one of them to end." + remedy;
  }

  std::string NeverGuaranteed(const std::string& project, std::int64_t quota) const {
    std::string said = quota == 0 ? project + " was promised no " +
                                        (cpu_only_ ? "session without devices" : wanted_.class_name)
                                  : project + " was promised " + Devices(quota) + ", which is too few";
    if (request_.preemptible || !MayBorrow())
      return said + ", and may not borrow as many; ask for another, or the project's leader.";
    return said + "; set preemptible: true to borrow what others do not use.";
  }

  // What the nodes say.
  api::Wait Placed() const {
    const auto survey = look_(index_);
    if (const auto* held = HeldClaim(request_); held != nullptr && survey.holds_but_for_claims)
      return Say("HomeInUse", InUse(*held, What(), survey.holds));
    if (!survey.holds && survey.holds_but_for_claims)
      return Say("HomeOutOfReach",
                 "No node that is large enough for " + What() + " reaches the volumes of the session.");
    if (!survey.holds && survey.holds_when_ready)
      return Say("WaitingForMachine", "Waiting for a node that could hold " + What() + " to be ready.");
    if (!survey.holds) {
      const bool none = device_ != nullptr && survey.devices == 0;
      return Say(
          "NoSuchShape",
          none ? "No node that is ready offers " + wanted_.class_name + "; an administrator must add one."
               : "No node is large enough for " + What() +
                     "; ask for less, or an administrator for a larger node.",
          true);
    }
    if (device_ == nullptr)
      return Say("NoFreeDevice", "Waiting for a node with " + Size(request_) + " free.");
    if (survey.used >= survey.devices)
      return Say("NoFreeDevice", "Waiting for " + Devices(wanted_.count) + "; all " +
                                     std::to_string(survey.devices) + " are in use.");
    return Say("NoFreeDevice", "Waiting for a node with " + What() + " free at once.");
  }

  const Sharing& sharing_;
  const api::Request& request_;
  const api::Alternative& wanted_;
  const Surveyor& look_;
  std::size_t index_;
  bool cpu_only_;
  const DeviceClass* device_;
};

}  // namespace

Surveyor LookAt(const Capacity& capacity, const api::Request& request) {
  return [&capacity, &request](std::size_t index) {
    const auto& wanted = Choices(request)[index];
    const bool cpu_only = wanted.class_name == api::kCpuClass;
    return capacity.Look(request, cpu_only ? nullptr : capacity.Find(wanted.class_name), wanted.count);
  };
}

api::Wait Explain(const Capacity& capacity, const Sharing& sharing, const api::Request& request,
                  const Surveyor& look) {
  std::optional<api::Wait> first;
  for (std::size_t index = 0; index < Choices(request).size(); ++index) {
    auto wait = Choice(capacity, sharing, request, look, index).Explain();
    if (!wait.stalled) return wait;
    if (!first) first = std::move(wait);
  }
  return *first;
}

bool IsPossible(const Capacity& capacity, const Sharing& sharing, const api::Request& request,
                const Surveyor& look, std::size_t index) {
  return Choice(capacity, sharing, request, look, index).IsPossible();
}

}  // namespace marea::placement
