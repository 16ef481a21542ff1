#include "cli/status_page.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

#include "cli/why.hpp"

namespace marea::cli {
namespace {

constexpr std::size_t kQueueShown = 10;
constexpr auto kNoPosition = std::numeric_limits<std::int64_t>::max();
constexpr std::chrono::minutes kPatience{1};  // with an operator that has not looked at a session

// In the order of a session's life.
constexpr std::array<std::string_view, 7> kSummaries{"Ready",   "Starting", "Queued", "Stopping",
                                                     "Stopped", "Failed",   "Unseen"};

std::string SummaryOf(const api::Session& session) {
  return session.status.summary.empty() ? "Unseen" : session.status.summary;
}

std::vector<SummaryCount> Summaries(const std::vector<api::Session>& sessions) {
  std::vector<SummaryCount> counts;
  for (const auto summary : kSummaries) {
    const auto count = std::ranges::count(sessions, summary, SummaryOf);
    if (count > 0) counts.push_back({std::string(summary), count});
  }
  return counts;
}

std::vector<QueuedSession> QueueOf(const std::vector<api::Session>& sessions) {
  std::vector<const api::Session*> waiting;
  for (const auto& session : sessions) {
    // One that is not accepted stands in no queue: it is a problem.
    const auto* accepted = api::FindCondition(session.status.conditions, "Accepted");
    const bool refused = accepted != nullptr && accepted->status == "False";
    if (session.status.summary == "Queued" && !refused) waiting.push_back(&session);
  }
  std::ranges::sort(waiting, {}, [](const api::Session* session) {
    const auto& queue = session->status.queue;
    return std::tuple(queue.position.value_or(kNoPosition), queue.since_time.value_or(Time{}),
                      session->metadata.uid);
  });
  std::vector<QueuedSession> queue;
  for (const auto* session : waiting) {
    const auto* ready = api::FindCondition(session->status.conditions, "Ready");
    const auto& queued = session->status.queue;
    const bool told = !queued.reason.empty() || ready == nullptr;
    queue.push_back({.ns = session->metadata.ns,
                     .session = session->metadata.name,
                     .user = session->status.user,
                     .project = session->status.project,
                     .wants = Wanted(session->spec),
                     .since = queued.since_time,
                     .position = queued.position,
                     .reason = told ? queued.reason : ready->reason,
                     .message = told ? queued.message : ready->message});
  }
  return queue;
}

std::optional<ProblemRow> ProblemOf(const api::Session& session, Time now) {
  ProblemRow row{.kind = "session",
                 .ns = session.metadata.ns,
                 .name = session.metadata.name,
                 .reason = {},
                 .message = {},
                 .since = {}};
  const auto& status = session.status;
  const auto* stalled = api::FindCondition(status.conditions, "Stalled");
  if (stalled != nullptr && stalled->status == "True") {
    row.reason = stalled->reason;
    row.message = stalled->message;
    row.since = stalled->last_transition_time;
    return row;
  }
  if (status.stop && status.stop->reason == api::StopReason::kFailed) {
    row.reason = "Failed";
    row.message = status.stop->message;
    row.since = status.stop->time;
    return row;
  }
  const bool fresh = now - session.metadata.creation_time.value_or(now) < kPatience;
  if (status.conditions.empty() && !fresh) {
    row.reason = "NotSeen";
    row.message = "Marea has not looked at it; does the operator run?";
    row.since = session.metadata.creation_time;
    return row;
  }
  return {};
}

std::optional<ProblemRow> ProblemOf(const api::AcceleratorClass& device) {
  for (const auto& [type, bad] : {std::pair{"Stalled", "True"}, std::pair{"Ready", "False"}}) {
    const auto* condition = api::FindCondition(device.status.conditions, type);
    if (condition == nullptr || condition->status != bad) continue;
    return ProblemRow{.kind = "acceleratorclass",
                      .ns = {},
                      .name = device.metadata.name,
                      .reason = condition->reason,
                      .message = condition->message,
                      .since = condition->last_transition_time};
  }
  return {};
}

// A device that a class offers and that no AcceleratorClass describes can never be given.
std::vector<ProblemRow> UnknownDevices(const Seen<api::SessionClass>& classes,
                                       const Seen<api::AcceleratorClass>& devices) {
  std::vector<ProblemRow> rows;
  if (devices.error || !devices.left_out.empty()) return rows;
  for (const auto& item : classes.items) {
    for (const auto& offered : item.spec.accelerators) {
      const auto named = [&](const auto& device) { return device.metadata.name == offered.class_name; };
      if (std::ranges::any_of(devices.items, named)) continue;
      rows.push_back(
          {.kind = "sessionclass",
           .ns = {},
           .name = item.metadata.name,
           .reason = "UnknownDevice",
           .message = "It offers " + offered.class_name + ", and there is no AcceleratorClass of that name.",
           .since = {}});
    }
  }
  return rows;
}

Style StyleOf(const std::string& summary) {
  if (summary == "Ready") return Style::kGood;
  if (summary == "Failed" || summary == "Unseen") return Style::kBad;
  return summary == "Stopped" || summary == "Stopping" ? Style::kDim : Style::kWaiting;
}

std::string SessionsLine(const StatusPage& page, const Paper& paper) {
  std::string line;
  for (const auto& [summary, count] : *page.sessions)
    line +=
        (line.empty() ? "" : ", ") + Painted(std::to_string(count) + " " + summary, StyleOf(summary), paper);
  const std::string where = page.ns.empty() ? "in all namespaces" : "in namespace " + Printable(page.ns);
  return (line.empty() ? "No sessions " + where : "Sessions " + where + ": " + line) + ".\n";
}

std::string QueueText(const StatusPage& page, const Paper& paper) {
  if (page.queue->empty()) return "";
  std::vector<std::string> heading{"QUEUE", "USER", "WANTS", "SINCE", "WHY"};
  if (page.ns.empty()) heading.insert(heading.begin(), "NAMESPACE");
  Table table(heading);
  const std::size_t shown = paper.wide ? page.queue->size() : std::min(kQueueShown, page.queue->size());
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& row = (*page.queue)[i];
    std::vector<Table::Cell> cells{{row.session},
                                   {row.user},
                                   {row.wants},
                                   {Since(row.since, paper)},
                                   {row.message.empty() ? row.reason : row.message}};
    if (page.ns.empty()) cells.insert(cells.begin(), {row.ns});
    table.Add(std::move(cells));
  }
  std::string text = "\n" + table.Text(paper);
  if (shown < page.queue->size())
    text += "… and " + std::to_string(page.queue->size() - shown) + " more: -o wide shows all.\n";
  return text;
}

std::string ProblemsText(const StatusPage& page, const Paper& paper) {
  if (page.problems->empty()) return "";
  Table table({"PROBLEM", "SINCE", "REASON", "MESSAGE"});
  for (const auto& row : *page.problems) {
    const std::string name = row.ns.empty() || !page.ns.empty() ? row.name : row.ns + "/" + row.name;
    table.Add({{row.kind + " " + name}, {Since(row.since, paper)}, {row.reason, Style::kBad}, {row.message}});
  }
  return "\n" + table.Text(paper);
}

}  // namespace

std::string Wanted(const api::SessionSpec& spec) {
  std::string wanted;
  for (const auto& alternative : spec.accelerator.alternatives)
    wanted +=
        (wanted.empty() ? "" : " or ") + std::to_string(alternative.count) + " " + alternative.class_name;
  return wanted.empty() ? std::string(api::kCpuClass) : wanted;
}

DeviceCount CountOf(const api::AcceleratorClass& device) {
  const auto& status = device.status;
  return {.name = device.metadata.name,
          .resource = device.spec.device.extended_resource.name,
          .nodes = status.nodes,
          .capacity = status.capacity,
          .allocated = status.allocated,
          .free = status.free,
          .queued = status.queued};
}

StatusPage MakeStatusPage(const std::string& ns, const Seen<api::Session>& sessions,
                          const Seen<api::SessionClass>& classes, const Seen<api::AcceleratorClass>& devices,
                          Time now) {
  StatusPage page{.ns = ns, .sessions = {}, .queue = {}, .devices = {}, .problems = {}, .left_out = {}};
  auto& problems = page.problems.emplace();
  for (const auto* list : {&sessions.left_out, &classes.left_out, &devices.left_out})
    std::ranges::copy(*list, std::back_inserter(page.left_out));
  if (!sessions.error) {
    page.sessions = Summaries(sessions.items);
    page.queue = QueueOf(sessions.items);
    for (const auto& session : sessions.items) {
      if (auto problem = ProblemOf(session, now)) problems.push_back(std::move(*problem));
    }
  }
  if (!devices.error) {
    page.devices.emplace();
    for (const auto& device : devices.items) {
      page.devices->push_back(CountOf(device));
      if (auto problem = ProblemOf(device)) problems.push_back(std::move(*problem));
    }
  }
  std::ranges::move(UnknownDevices(classes, devices), std::back_inserter(problems));
  return page;
}

std::string DevicesText(const std::vector<DeviceCount>& devices, const Paper& paper) {
  if (devices.empty()) return "";
  std::vector<std::string> heading{"DEVICE", "FREE", "HELD", "ALL", "QUEUED", "NODES"};
  if (paper.wide) heading.emplace_back("RESOURCE");
  Table table(heading);
  const auto number = [](const std::optional<std::int64_t>& count) {
    return count ? std::to_string(*count) : "-";
  };
  for (const auto& row : devices) {
    const bool none = row.free && *row.free == 0, some = row.free && *row.free > 0;
    std::vector<Table::Cell> cells{{row.name},
                                   {number(row.free), some   ? Style::kGood
                                                      : none ? Style::kWaiting
                                                             : Style::kPlain},
                                   {number(row.allocated)},
                                   {number(row.capacity)},
                                   {number(row.queued)},
                                   {number(row.nodes)}};
    if (paper.wide) cells.push_back({row.resource});
    table.Add(std::move(cells));
  }
  return "\n" + table.Text(paper);
}

std::string StatusText(const StatusPage& page, const Paper& paper) {
  std::string text;
  if (page.sessions) text += SessionsLine(page, paper);
  if (page.queue) text += QueueText(page, paper);
  if (page.devices) text += DevicesText(*page.devices, paper);
  text += ProblemsText(page, paper);
  if (!page.left_out.empty()) text += "\n";
  for (const auto& line : page.left_out) text += Painted(Printable(line), Style::kDim, paper) + "\n";
  return text;
}

}  // namespace marea::cli
