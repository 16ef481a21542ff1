// Who may have how much, by project and by user, and whose turn it is: guarantees, limits and fair share over
// the tree of projects, kept up to date one admission at a time.
//
// All projects without a parent lend to each other, as parts of one root that has no name. `default` needs
// no object: it is guaranteed what no other was promised. A class that nobody was promised any of is
// default's as a whole, and "cpu" is everybody's then: there is nothing to divide.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "controllers/api/project.hpp"
#include "controllers/api/proposal.hpp"
#include "controllers/placement/decay.hpp"
#include "controllers/placement/quota.hpp"

namespace marea::placement {

// Of use, in the order of projects: half of what was used a week ago is forgotten.
inline constexpr std::chrono::seconds kHalfLife = std::chrono::hours{24 * 7};

// In devices; of "cpu", in sessions.
struct ClassShare {
  std::optional<std::int64_t> guarantee = {};  // absent: none, and for `default` what the others leave
  std::optional<std::int64_t> lending_limit = {}, borrowing_limit = {}, limit = {}, user_limit = {};
  bool operator==(const ClassShare&) const = default;
};

struct ProjectView {
  std::string name;
  std::string parent = {};  // empty or not there: none
  std::map<std::string, ClassShare> classes = {};
  bool may_borrow = true;
  std::int64_t weight = 1;        // 1 to a million
  std::int64_t max_priority = 0;  // a session's higher one counts as this
  bool operator==(const ProjectView&) const = default;
};

// What a session holds of its project's share.
struct Charge {
  std::string project, user, class_name;
  std::int64_t count = 0;  // of devices; 0: a session without
  bool borrowed = false;
  auto operator<=>(const Charge&) const = default;
};

class Sharing {
 public:
  using Project = QuotaTree::Project;

  struct Class {
    std::int64_t credits = 1, capacity = 0;  // in devices that are online
    bool operator==(const Class&) const = default;
  };

  Sharing() { Rebuild(); }

  void SetProjects(std::vector<ProjectView> projects);
  void SetClasses(std::map<std::string, Class> classes);

  // Counts use whether or not it is allowed: what runs, runs. Of a project that is not there too.
  void Add(const Charge& charge);
  void Remove(const Charge& charge);  // one that was added
  // Use is charged by what is held from `now` on. Not called for what is only tried.
  void Settle(Time now);
  // What a project had used by a time, as its record says, and since when it has held what it holds when
  // Settle is called next. Only of one that nothing is known of yet.
  void Restore(const std::string& project, std::int64_t milli_credit_seconds, Time time);

  // Why a session may not have `count` devices more, or as what it may have them.
  enum class Answer {
    kGuaranteed,       // within the guarantee at every level
    kBorrowed,         // beyond it, lent by others
    kLater,            // others borrow what it was promised, or nobody lends more now
    kNotGuaranteed,    // the guarantee is used up, and it is not preemptible or may not borrow
    kNeverGuaranteed,  // … and would not be enough if nobody used any of it
    kUserLimit,
    kNeverUserLimit,
    kProjectLimit,
    kNeverProjectLimit,
    kNotAllowed,  // the limit is 0
  };
  Answer Ask(const Charge& wanted, bool preemptible) const;
  // The same of a project that was found before.
  Answer Ask(Project project, const std::string& user, const std::string& class_name, std::int64_t count,
             bool preemptible) const;

  // Of a project, counted with its parts.
  struct Standing {
    std::int64_t guaranteed = 0, used = 0, borrowed = 0;
    std::int64_t quota = 0;  // of the guarantee, what its own sessions may hold
    bool promised = false;   // by name: not what the others leave
    bool divided = false;    // somebody was promised some of the class
  };
  Standing StandingOf(const std::string& project, const std::string& class_name) const;
  // By all sessions, in devices.
  std::int64_t Used(const std::string& class_name) const;
  // Of its guarantee, what no session of it holds as guaranteed.
  std::int64_t Unused(const std::string& project, const std::string& class_name) const;
  // Whether what it does not use of its guarantee could be had from devices that are online, those that
  // others borrow included and `foreign` ones not.
  bool HasNow(const std::string& project, const std::string& class_name, std::int64_t foreign) const;
  std::int64_t UserHolds(const std::string& project, const std::string& user,
                         const std::string& class_name) const;

  // As Settle left it, in thousandths of a credit-second, of the project without its parts.
  std::int64_t UseOf(const std::string& project, Time now) const;
  // What would Restore it: its use when what it holds changed last, and when that was. None: it never had
  // any.
  std::optional<std::pair<std::int64_t, Time>> RecordOf(const std::string& project) const;
  // Of sessions charged to the project itself.
  std::int64_t HeldCredits(const std::string& project) const;

  // In the order of their names. Every project that is named by an object, a charge or a request (Know).
  const std::vector<ProjectView>& projects() const { return projects_; }
  void Know(const std::string& project);
  Project Find(const std::string& name) const;  // one that is known
  std::optional<Project> ParentOf(Project project) const { return parents_[project]; }
  const ProjectView& ViewOf(Project project) const { return projects_[project]; }
  std::int64_t CreditsOf(const std::string& class_name) const;

 private:
  struct Trees {
    bool divided;
    QuotaTree all, guaranteed, empty;  // of all use, of what cannot be taken back, of none
  };
  struct Held {
    std::int64_t guaranteed = 0, borrowed = 0;
    bool operator==(const Held&) const = default;
  };
  using UserKey = std::tuple<std::string, std::string, std::string>;  // project, user, class

  static std::int64_t Units(const std::string& class_name, std::int64_t count);
  // In a tree the root comes first: its name sorts before all others.
  static QuotaTree::Project NodeOf(Project project) { return project + 1; }
  const ClassShare* ShareOf(Project project, const std::string& class_name) const;
  bool IsDivided(const std::string& class_name) const;
  Trees MakeTrees(const std::string& class_name) const;
  Trees& TreesOf(const std::string& class_name) const;
  void Change(const Charge& charge, std::int64_t units);
  void Rebuild();

  std::vector<ProjectView> given_;
  std::set<std::string> known_;  // besides those given
  std::map<std::string, Class> classes_;

  std::vector<ProjectView> projects_;  // by name, `default` and the others that are only known among them
  std::unordered_map<std::string, Project> by_name_;
  std::vector<std::optional<Project>> parents_;
  mutable std::map<std::string, Trees> trees_;               // by class, made when they are asked for
  std::map<std::string, std::map<std::string, Held>> held_;  // by class and project
  std::map<UserKey, std::int64_t> user_holds_;
  std::map<std::string, std::int64_t> credits_;  // held, by project
  std::map<std::string, DecayedUse> use_;
  std::set<std::string> restored_;  // projects, until they are settled
};

}  // namespace marea::placement
