// The commands that show a page: what they need is asked for at once, and what is forbidden is left out.
#include <algorithm>
#include <ostream>

#include "cli/classes_page.hpp"
#include "cli/edge.hpp"
#include "cli/exit_code.hpp"
#include "cli/status_page.hpp"
#include "cli/structured.hpp"
#include "cli/top_page.hpp"
#include "cli/why.hpp"
#include "json/encode.hpp"

namespace marea::cli {
namespace {

// A list that is forbidden is left out with a line that says so; false: it failed otherwise, and the command
// with it.
template <class T>
bool MayGoOn(Seen<T>& seen, std::string_view section) {
  if (!seen.error) return true;
  if (seen.error->kind != ErrorKind::kForbidden) return false;
  seen.left_out.push_back(std::string(section) + " left out: " + seen.error->message);
  return true;
}

// Of a kind that an older Marea does not have.
template <class T>
bool IsUnknown(const Seen<T>& seen) {
  return seen.error && seen.error->kind == ErrorKind::kNotFound;
}

Error NotInstalled(const Error& error) {
  if (error.kind != ErrorKind::kNotFound) return error;
  return {error.kind, "Marea is not installed on this cluster (" + error.message + ")", {}};
}

std::vector<SessionEvent> EventsOf(const api::Session& session, std::vector<SessionEvent> events) {
  std::erase_if(events, [&](const auto& event) { return event.involved.uid != session.metadata.uid; });
  return events;
}

}  // namespace

int Report(Edge& edge, const Error& error) {
  edge.err << "error: " << Printable(error.message) << "\n";
  return ExitCodeOf(error.kind);
}

void Print(const Options& options, Edge& edge, const std::string& text, const std::string& json) {
  switch (options.output) {
    case Output::kJson:
      edge.out << PrettyJson(json);
      break;
    case Output::kYaml:
      edge.out << Yaml(json);
      break;
    default:
      edge.out << text;
  }
}

std::string AddressOf(const Options& options) {
  return options.session + (options.ns.empty() ? "" : " -n " + options.ns) +
         (options.context.empty() ? "" : " --context " + options.context);
}

int RunStatus(const Options& options, Edge& edge) {
  Calls calls(edge.transport);
  Listing<api::Session> listed_sessions(calls, edge.ns);
  Listing<api::SessionClass> listed_classes(calls, {});
  Listing<api::AcceleratorClass> listed_devices(calls, {});
  auto sessions = listed_sessions.Finish();
  auto classes = listed_classes.Finish();
  auto devices = listed_devices.Finish();
  if (!MayGoOn(sessions, "Sessions")) return Report(edge, NotInstalled(*sessions.error));
  if (!MayGoOn(classes, "Classes")) return Report(edge, NotInstalled(*classes.error));
  if (!MayGoOn(devices, "Devices")) return Report(edge, NotInstalled(*devices.error));
  if (sessions.error && devices.error) return Report(edge, *sessions.error);
  const auto page = MakeStatusPage(edge.ns, sessions, classes, devices, edge.clock.now());
  Print(options, edge, StatusText(page, edge.paper), json::Encode(page));
  return Exit::kDone;
}

int RunWhy(const Options& options, Edge& edge) {
  Calls calls(edge.transport);
  Listing<api::SessionClass> listed_classes(calls, {});
  Listing<api::AcceleratorClass> listed_devices(calls, {});
  Listing<api::Project> listed_projects(calls, {});
  Listing<SessionEvent> listed_events(calls, edge.ns,
                                      "involvedObject.kind=Session,involvedObject.name=" + options.session);
  const auto session = calls.Read<api::Session>({edge.ns, options.session});
  auto classes = listed_classes.Finish();
  auto devices = listed_devices.Finish();
  const auto projects = listed_projects.Finish();
  auto events = listed_events.Finish();
  if (!session) return Report(edge, session.error());
  if (!MayGoOn(classes, "Classes")) return Report(edge, *classes.error);
  if (!MayGoOn(devices, "Devices")) return Report(edge, *devices.error);
  if (!MayGoOn(events, "Events")) return Report(edge, *events.error);
  // Its numbers say more, and nothing depends on them: without a word where they may not be read.
  const bool unread = projects.error && projects.error->kind == ErrorKind::kForbidden;
  if (projects.error && !unread && !IsUnknown(projects)) return Report(edge, *projects.error);
  events.items = EventsOf(*session, std::move(events.items));
  const auto page = Why({*session, classes, devices, projects, events, AddressOf(options)});
  Print(options, edge, WhyText(page, edge.paper), json::Encode(page));
  return Exit::kDone;
}

int RunTop(const Options& options, Edge& edge) {
  Calls calls(edge.transport);
  std::optional<Listing<api::Session>> listed_sessions;
  std::optional<Listing<api::Project>> listed_projects;
  if (options.top_by != TopBy::kProject) listed_sessions.emplace(calls, edge.ns);
  if (options.top_by != TopBy::kUser) listed_projects.emplace(calls, std::string());
  const auto sessions = listed_sessions ? listed_sessions->Finish() : Seen<api::Session>{};
  auto projects = listed_projects ? listed_projects->Finish() : Seen<api::Project>{};
  if (sessions.error) return Report(edge, NotInstalled(*sessions.error));
  if (projects.error && options.top_by == TopBy::kProject) return Report(edge, NotInstalled(*projects.error));
  if (!MayGoOn(projects, "Projects") && !IsUnknown(projects)) return Report(edge, *projects.error);
  const auto page = MakeTopPage(edge.ns, sessions, projects, options.top_by);
  Print(options, edge, TopText(page, edge.paper), json::Encode(page));
  return Exit::kDone;
}

int RunClasses(const Options& options, Edge& edge) {
  Calls calls(edge.transport);
  Listing<api::SessionClass> listed_classes(calls, {});
  Listing<api::AcceleratorClass> listed_devices(calls, {});
  auto classes = listed_classes.Finish();
  auto devices = listed_devices.Finish();
  if (!MayGoOn(classes, "Classes")) return Report(edge, NotInstalled(*classes.error));
  if (!MayGoOn(devices, "Devices")) return Report(edge, NotInstalled(*devices.error));
  if (classes.error && devices.error) return Report(edge, *classes.error);
  for (const auto& name : options.classes) {
    const auto named = [&](const auto& item) { return item.metadata.name == name; };
    if (!classes.error && std::ranges::none_of(classes.items, named))
      return Report(edge, {ErrorKind::kNotFound, "there is no SessionClass " + Quoted(name), {}});
  }
  const auto page = MakeClassesPage(classes, devices, options.classes);
  Print(options, edge, ClassesText(page, edge.paper), json::Encode(page));
  return Exit::kDone;
}

std::vector<NameAndWord> SessionNames(Edge& edge) {
  Calls calls(edge.transport, std::chrono::seconds(3));
  std::vector<NameAndWord> names;
  for (const auto& session : Listing<api::Session>(calls, edge.ns).Finish().items)
    names.emplace_back(session.metadata.name, session.status.summary);
  return names;
}

std::vector<NameAndWord> ClassNames(Edge& edge) {
  Calls calls(edge.transport, std::chrono::seconds(3));
  std::vector<NameAndWord> names;
  for (const auto& item : Listing<api::SessionClass>(calls, {}).Finish().items)
    names.emplace_back(item.metadata.name, "");
  return names;
}

}  // namespace marea::cli
