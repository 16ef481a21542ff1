#include "cli/top_page.hpp"

#include <algorithm>
#include <tuple>

namespace marea::cli {
namespace {

constexpr std::int64_t kMostDevices = 1'000'000;  // of one session; a server may say anything

std::vector<Holder> HoldersOf(const std::vector<api::Session>& sessions) {
  std::vector<Holder> holders;
  for (const auto& session : sessions) {
    if (!session.status.admission) continue;
    const auto& given = *session.status.admission;
    holders.push_back({.ns = session.metadata.ns,
                       .session = session.metadata.name,
                       .user = session.status.user,
                       .project = session.status.project,
                       .device = given.accelerator_class,
                       .count = std::clamp<std::int64_t>(given.count, 0, kMostDevices),
                       .kind = given.kind,
                       .node = given.node_name,
                       .summary = session.status.summary,
                       .since = given.time,
                       .until = session.status.expires_time});
  }
  std::ranges::sort(holders, {}, [](const Holder& holder) {
    return std::tuple(holder.until.value_or(Time::max()), holder.ns, holder.session);
  });
  return holders;
}

std::int64_t Devices(const UserSum& sum) {
  std::int64_t all = 0;
  for (const auto& [name, count] : sum.devices) all += count;
  return all;
}

std::vector<UserSum> UsersOf(const std::vector<Holder>& holders) {
  std::map<std::string, UserSum> sums;
  for (const auto& holder : holders) {
    auto& sum = sums[holder.user];
    sum.user = holder.user;
    ++sum.sessions;
    if (holder.device != api::kCpuClass) sum.devices[holder.device] += holder.count;
  }
  std::vector<UserSum> users;
  for (auto& [name, sum] : sums) users.push_back(std::move(sum));
  std::ranges::sort(users, {}, [](const UserSum& user) { return std::tuple(-Devices(user), user.user); });
  return users;
}

std::vector<ProjectSum> SumsOf(const std::vector<api::Project>& projects) {
  std::vector<ProjectSum> sums;
  for (const auto& project : projects) sums.push_back(SumOf(project));
  std::ranges::sort(sums, {}, &ProjectSum::project);
  return sums;
}

std::string UsersText(const std::vector<UserSum>& users, const Paper& paper) {
  Table table({"USER", "SESSIONS", "DEVICES"});
  for (const auto& user : users) {
    std::string devices;
    for (const auto& [name, count] : user.devices)
      devices += (devices.empty() ? "" : ", ") + std::to_string(count) + " " + name;
    table.Add({{user.user}, {std::to_string(user.sessions)}, {devices.empty() ? "-" : devices}});
  }
  return table.Text(paper);
}

std::string HoldersText(const TopPage& page, const Paper& paper) {
  // Where nobody divides the devices, all is charged to one Project.
  const bool divided = std::ranges::any_of(*page.holders, [](const Holder& holder) {
    return !holder.project.empty() && holder.project != api::kDefaultProject;
  });
  std::vector<std::string> heading{"SESSION", "USER", "DEVICES", "SINCE", "LEFT"};
  if (divided) heading.insert(heading.begin() + 2, "PROJECT");
  if (page.ns.empty()) heading.insert(heading.begin(), "NAMESPACE");
  if (paper.wide) heading.insert(heading.end(), {"STATUS", "NODE"});
  Table table(heading);
  for (const auto& holder : *page.holders) {
    std::string devices =
        holder.device == api::kCpuClass ? holder.device : std::to_string(holder.count) + " " + holder.device;
    if (holder.kind == api::AdmissionKind::kBorrowed) devices += ", borrowed";
    std::vector<Table::Cell> cells{{holder.session},
                                   {holder.user},
                                   {devices},
                                   {Since(holder.since, paper)},
                                   {Until(holder.until, paper)}};
    if (divided) cells.insert(cells.begin() + 2, {holder.project.empty() ? "-" : holder.project});
    if (page.ns.empty()) cells.insert(cells.begin(), {holder.ns});
    if (paper.wide) cells.insert(cells.end(), {{holder.summary}, {holder.node}});
    table.Add(std::move(cells));
  }
  return table.Text(paper);
}

}  // namespace

ProjectSum SumOf(const api::Project& project) {
  return {.project = project.metadata.name,
          .parent = project.spec.parent_name,
          .sessions = project.status.sessions,
          .waiting = project.status.waiting,
          .classes = project.status.classes};
}

std::string ProjectsText(const std::vector<ProjectSum>& projects, const Paper& paper) {
  std::vector<std::string> heading{"PROJECT",  "DEVICE",  "GUARANTEED", "USED",
                                   "BORROWED", "WAITING", "GUARANTEE"};
  if (paper.wide) heading.insert(heading.begin() + 1, "PARENT");
  Table table(heading);
  const auto number = [](const std::optional<std::int64_t>& count) {
    return count ? std::to_string(*count) : "-";
  };
  for (const auto& project : projects) {
    // One that was promised nothing and has nothing is there too.
    const auto classes =
        project.classes.empty() ? std::vector(1, api::ProjectClassStatus{}) : project.classes;
    for (const auto& row : classes) {
      const bool later = row.guarantee == api::Availability::kAfterBoot;
      const std::string when(json::Name(row.guarantee));
      std::vector<Table::Cell> cells{{project.project},
                                     {row.class_name.empty() ? "-" : row.class_name},
                                     {number(row.guaranteed)},
                                     {number(row.used)},
                                     {number(row.borrowed)},
                                     {number(row.waiting)},
                                     {when.empty() ? "-" : when, later          ? Style::kWaiting
                                                                 : when.empty() ? Style::kPlain
                                                                                : Style::kGood}};
      if (paper.wide) cells.insert(cells.begin() + 1, {project.parent.empty() ? "-" : project.parent});
      table.Add(std::move(cells));
    }
  }
  return table.Text(paper);
}

TopPage MakeTopPage(const std::string& ns, const Seen<api::Session>& sessions,
                    const Seen<api::Project>& projects, TopBy by) {
  TopPage page{.ns = ns, .holders = {}, .users = {}, .projects = {}, .left_out = sessions.left_out};
  if (by != TopBy::kUser) {
    if (!projects.error) page.projects = SumsOf(projects.items);
    std::ranges::copy(projects.left_out, std::back_inserter(page.left_out));
  }
  if (sessions.error || by == TopBy::kProject) return page;
  auto holders = HoldersOf(sessions.items);
  if (by == TopBy::kUser) {
    page.users = UsersOf(holders);
  } else {
    page.holders = std::move(holders);
  }
  return page;
}

std::string TopText(const TopPage& page, const Paper& paper) {
  std::string text;
  const bool nobody = (page.users && page.users->empty()) || (page.holders && page.holders->empty());
  if (nobody) {
    text = "Nobody holds anything " +
           (page.ns.empty() ? "in any namespace" : "in namespace " + Printable(page.ns)) + ".\n";
  } else if (page.users) {
    text = UsersText(*page.users, paper);
  } else if (page.holders) {
    text = HoldersText(page, paper);
  }
  if (page.projects && !page.projects->empty()) {
    text += (text.empty() ? "" : "\n") + ProjectsText(*page.projects, paper);
  } else if (page.projects && !page.holders) {
    text = "There are no Projects: all devices are everybody's.\n";
  }
  for (const auto& line : page.left_out) text += Painted(Printable(line), Style::kDim, paper) + "\n";
  return text;
}

}  // namespace marea::cli
