// open and logs: what kubectl does for us, with the right pod.
#include <cstdlib>
#include <ostream>

#include "cli/door.hpp"
#include "cli/edge.hpp"
#include "cli/exit_code.hpp"
#include "cli/process.hpp"

namespace marea::cli {
namespace {

constexpr std::chrono::seconds kBrowserReads{10};  // the page, after it was told to

std::vector<std::string> Kubectl(const Options& options, const std::string& ns) {
  std::vector<std::string> command{"kubectl"};
  if (!options.kubeconfig.empty()) command.push_back("--kubeconfig=" + options.kubeconfig);
  if (!options.context.empty()) command.push_back("--context=" + options.context);
  command.push_back("--namespace=" + ns);
  return command;
}

Error NotReady(const Options& options, const api::Session& session) {
  const auto* ready = api::FindCondition(session.status.conditions, "Ready");
  const std::string summary = session.status.summary.empty() ? "not seen by Marea" : session.status.summary;
  return {ErrorKind::kInvalid,
          options.session + " is " + summary + (ready == nullptr ? "" : ": " + ready->message) +
              " (`kubectl marea why " + AddressOf(options) + "`)",
          {}};
}

// The token of a session that is opened by one; without the right to read it the notebook asks for it.
std::optional<std::string> TokenOf(Edge& edge, Calls& calls, const api::Session& session) {
  if (session.spec.auth == api::Auth::kHub || session.status.token_secret_name.empty()) return {};
  const auto secret = calls.Read<TokenSecret>({session.metadata.ns, session.status.token_secret_name});
  if (!secret) {
    edge.err << "The notebook will ask for its token, which you may not read: "
             << Printable(secret.error().message) << "\n";
    return {};
  }
  const auto found = secret->data.find("token");
  auto token = TokenIn(found == secret->data.end() ? "" : found->second);
  if (token) return std::move(*token);
  edge.err << Printable(token.error().message) << "\n";
  return {};
}

void OpenBrowser(Edge& edge, const std::string& address) {
  const char* wanted = std::getenv("BROWSER");
  std::string browser = wanted == nullptr ? "" : std::string(wanted);
  browser = browser.substr(0, browser.find(':'));
  if (browser.empty()) browser = "xdg-open";
  if (!StartApart({browser, address}))
    edge.err << "There is no browser to be had (" << Printable(browser) << "): open " << address << "\n";
}

int OpenByRoute(const Options& options, Edge& edge, const api::Session& session,
                const std::optional<std::string>& token) {
  const std::string& url = session.status.url;
  edge.out << Printable(url) << "\n" << std::flush;
  if (!token) {
    if (options.browser) OpenBrowser(edge, url);
    return Exit::kDone;
  }
  if (!options.browser) {
    edge.err << "It asks for a token; --browser brings it along.\n";
    return Exit::kDone;
  }
  const auto page = PrivateFile::Write("open.html", RedirectPage(url, *token));
  if (!page) return Report(edge, page.error());
  OpenBrowser(edge, "file://" + page->path());
  edge.clock.sleep(kBrowserReads);
  return Exit::kDone;
}

int OpenByPort(const Options& options, Edge& edge, const api::Session& session, const Address& address,
               const std::optional<std::string>& token) {
  auto command = Kubectl(options, session.metadata.ns);
  // kubectl picks a free port itself, so that nobody can take it in between.
  command.insert(command.end(), {"port-forward", "pod/" + session.status.pod_name,
                                 ":" + std::to_string(address.port), "--address=127.0.0.1"});
  auto child = Child::Start(command);
  if (!child) return Report(edge, child.error());
  int port = 0;
  while (port == 0) {
    const auto line = child->ReadLine();
    if (!line) break;
    port = ForwardedPort(*line);
  }
  if (port == 0) {
    const int code = child->Wait();
    if (WasToldToEnd()) return Exit::kDone;
    edge.err << "error: kubectl port-forward ended with " << code << "\n";
    return Exit::kRefused;
  }
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + address.path;
  std::optional<PrivateFile> page;
  if (token) {
    auto written = PrivateFile::Write("open.html", RedirectPage(url, *token));
    if (!written) return Report(edge, written.error());
    page.emplace(std::move(*written));
  }
  const std::string door = page ? "file://" + page->path() : url;
  edge.out << Printable(url) << "\n" << std::flush;
  edge.err << "Open " << Printable(door) << (page ? ", which logs you in" : "")
           << ". Ctrl-C ends the connection.\n"
           << std::flush;
  if (options.browser) OpenBrowser(edge, door);
  while (child->ReadLine()) {
  }
  child->Wait();
  if (WasToldToEnd()) return Exit::kDone;
  edge.err << "error: the connection to " << Printable(session.status.pod_name) << " has ended\n";
  return Exit::kRefused;
}

}  // namespace

int RunOpen(const Options& options, Edge& edge) {
  Calls calls(edge.transport);
  const auto session = calls.Read<api::Session>({edge.ns, options.session});
  if (!session) return Report(edge, session.error());
  const auto* ready = api::FindCondition(session->status.conditions, "Ready");
  const bool answers = ready != nullptr && ready->status == "True";
  if (!answers || session->status.url.empty() || session->status.pod_name.empty())
    return Report(edge, NotReady(options, *session));
  const auto address = ReadAddress(session->status.url);
  if (!address) return Report(edge, address.error());
  if (session->spec.auth == api::Auth::kHub && address->is_inside)
    return Report(edge,
                  {ErrorKind::kInvalid, options.session + " belongs to a JupyterHub: open it there", {}});
  const auto token = TokenOf(edge, calls, *session);
  if (address->is_inside) return OpenByPort(options, edge, *session, *address, token);
  return OpenByRoute(options, edge, *session, token);
}

int RunLogs(const Options& options, Edge& edge) {
  Calls calls(edge.transport);
  const auto session = calls.Read<api::Session>({edge.ns, options.session});
  if (!session) return Report(edge, session.error());
  if (session->status.pod_name.empty()) {
    auto error = NotReady(options, *session);
    error.message = "there is no pod to have a log: " + error.message;
    return Report(edge, error);
  }
  auto command = Kubectl(options, session->metadata.ns);
  command.insert(command.end(), {"logs", "pod/" + session->status.pod_name, "--container=notebook"});
  if (options.follow) command.emplace_back("--follow");
  if (options.previous) command.emplace_back("--previous");
  if (options.tail >= 0) command.push_back("--tail=" + std::to_string(options.tail));
  return Report(edge, Become(command));
}

int Run(const Options& options, Edge& edge) {
  switch (options.command) {
    case Command::kStatus:
      return RunStatus(options, edge);
    case Command::kWhy:
      return RunWhy(options, edge);
    case Command::kTop:
      return RunTop(options, edge);
    case Command::kClasses:
      return RunClasses(options, edge);
    case Command::kOpen:
      return RunOpen(options, edge);
    case Command::kLogs:
      return RunLogs(options, edge);
    case Command::kStart:
    case Command::kStop:
    case Command::kExtend:
      break;
  }
  return RunChange(options, edge);
}

}  // namespace marea::cli
