// The page of `kubectl marea why`, as people read it.
#include "cli/why.hpp"

namespace marea::cli {
namespace {

Style StyleOf(GateState state) {
  switch (state) {
    case GateState::kPassed:
      return Style::kGood;
    case GateState::kWaiting:
      return Style::kWaiting;
    case GateState::kBlocked:
      return Style::kBad;
    case GateState::kAhead:
      break;
  }
  return Style::kDim;
}

std::string WordOf(GateState state) {
  switch (state) {
    case GateState::kPassed:
      return "passed";
    case GateState::kWaiting:
      return "waiting";
    case GateState::kBlocked:
      return "blocked";
    case GateState::kAhead:
      break;
  }
  return "-";
}

// Where nobody divides the devices there is nothing to say.
std::string Charged(const WhyPage& page) {
  if (page.project.empty()) return "";
  const std::string project = "Charged to Project " + Printable(page.project);
  switch (page.kind) {
    case api::AdmissionKind::kGuaranteed:
      if (page.project == api::kDefaultProject && !page.shares) return "";
      return project + ", within its guarantee.\n";
    case api::AdmissionKind::kBorrowed:
      return project + ", beyond its guarantee: others lend it, and it may be ended for them.\n";
    case api::AdmissionKind::kNone:
      break;
  }
  return page.project == api::kDefaultProject && !page.shares ? "" : project + ".\n";
}

std::string Said(const std::string& reason, const std::string& message) {
  return message.empty() || reason.empty() ? reason + message : reason + ": " + message;
}

std::string Gates(const WhyPage& page, const Paper& paper) {
  Table table({"GATE", "STATE", "SINCE", "WHY"});
  for (const auto& gate : page.gates) {
    const bool told = gate.state != GateState::kPassed || paper.wide;
    table.Add({{gate.name},
               {WordOf(gate.state), StyleOf(gate.state)},
               {gate.state == GateState::kAhead ? "" : Since(gate.since, paper)},
               {told ? Said(gate.reason, gate.message) : gate.message}});
  }
  return table.Text(paper);
}

std::string Headline(const WhyPage& page, const Paper& paper) {
  const bool good = page.summary == "Ready", bad = page.summary == "Failed" || page.who == "Administrator";
  const Style style = good ? Style::kGood : bad ? Style::kBad : Style::kWaiting;
  std::string line =
      Printable(page.ns + "/" + page.session) + ": " + Painted(Printable(page.summary), style, paper);
  if (page.since) line += ", for " + Since(page.since, paper);
  if (page.expires_time) {
    const bool over = *page.expires_time <= paper.now;
    line += "; its time is over" + (over ? std::string() : " in " + Until(page.expires_time, paper));
  }
  return line + "\n";
}

}  // namespace

std::string WhyText(const WhyPage& page, const Paper& paper) {
  std::string text = Headline(page, paper);
  if (!page.message.empty())
    text += Printable(Said(page.gates.empty() ? page.reason : "", page.message)) + "\n";
  const bool told = page.message.find(page.url) != page.message.npos;
  if (page.summary == "Ready" && !told) text += Printable(page.url) + "\n";
  text += Charged(page);
  if (!page.gates.empty()) text += "\n" + Gates(page, paper);
  if (!page.remedies.empty())
    text += "\nWhat can be done" +
            (page.who == "Administrator" ? std::string(" (by an administrator)") : "") + "\n";
  for (const auto& remedy : page.remedies) text += "  " + Printable(remedy) + "\n";
  if (page.shares && !page.shares->classes.empty()) text += "\n" + ProjectsText({*page.shares}, paper);
  if (!page.notes.empty()) text += "\n";
  for (const auto& note : page.notes) text += Printable(note) + "\n";
  if (!page.events.empty()) {
    Table table({"EVENT", "AGE", "MESSAGE"});
    for (const auto& event : page.events) {
      table.Add({{event.reason, event.type == "Warning" ? Style::kWaiting : Style::kPlain},
                 {Since(event.time, paper)},
                 {event.message}});
    }
    text += "\n" + table.Text(paper);
  }
  if (!page.left_out.empty()) text += "\n";
  for (const auto& line : page.left_out) text += Painted(Printable(line), Style::kDim, paper) + "\n";
  return text;
}

}  // namespace marea::cli
