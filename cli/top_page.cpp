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
                       .device = given.accelerator_class,
                       .count = std::clamp<std::int64_t>(given.count, 0, kMostDevices),
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
  std::vector<std::string> heading{"SESSION", "USER", "DEVICES", "SINCE", "LEFT"};
  if (page.ns.empty()) heading.insert(heading.begin(), "NAMESPACE");
  if (paper.wide) heading.insert(heading.end(), {"STATUS", "NODE"});
  Table table(heading);
  for (const auto& holder : *page.holders) {
    const std::string devices =
        holder.device == api::kCpuClass ? holder.device : std::to_string(holder.count) + " " + holder.device;
    std::vector<Table::Cell> cells{{holder.session},
                                   {holder.user},
                                   {devices},
                                   {Since(holder.since, paper)},
                                   {Until(holder.until, paper)}};
    if (page.ns.empty()) cells.insert(cells.begin(), {holder.ns});
    if (paper.wide) cells.insert(cells.end(), {{holder.summary}, {holder.node}});
    table.Add(std::move(cells));
  }
  return table.Text(paper);
}

}  // namespace

TopPage MakeTopPage(const std::string& ns, const Seen<api::Session>& sessions, bool by_user) {
  TopPage page{.ns = ns, .holders = {}, .users = {}, .left_out = sessions.left_out};
  if (sessions.error) return page;
  auto holders = HoldersOf(sessions.items);
  if (by_user) {
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
  for (const auto& line : page.left_out) text += Painted(Printable(line), Style::kDim, paper) + "\n";
  return text;
}

}  // namespace marea::cli
