#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "cli/exit_code.hpp"
#include "cli/text.hpp"

namespace marea::cli {
namespace {

constexpr const char* kHelp =
    R"(Sessions of the Marea platform: where they stand, and what you can do about it.

What people do most:
  kubectl marea status               what is going on: sessions, queue, free devices, problems
  kubectl marea why ada              why ada is not ready, and what helps
  kubectl marea open ada --browser   the notebook, through a port of this machine
  kubectl marea extend ada 2h        two hours more
  kubectl marea stop ada             gives the device back; the home is kept
  kubectl marea start ada --wait     runs it again, and waits until it is ready

Commands:
)";

constexpr const char* kHelpEnd = R"(
For every command:
  -n, --namespace NAME   of the sessions; else that of the context
  -A, --all-namespaces   of status and top: all
      --context NAME     of the kubeconfig; else the current one
      --kubeconfig FILE  else $KUBECONFIG, the pod's account, ~/.kube/config
  -o, --output FORMAT    json, yaml or wide

`kubectl marea COMMAND --help` tells the rest. A Session is made with `kubectl apply`; `kubectl marea classes` shows what
one may ask for.

Exit codes: 0 done; 1 it cannot be done, as said; 2 the command line or the kubeconfig is wrong; 3 there is no such thing;
4 forbidden; 5 the API server does not answer; 6 --timeout has passed; 7 what was waited for will not come by itself.
Colours: on a terminal, unless NO_COLOR is set.
)";

void PrintHelp() {
  std::fputs(kHelp, stdout);
  for (const auto& row : CommandRows())
    std::printf("  %-8s %-9s %s\n", row.name, row.takes_session ? "SESSION" : "", row.does);
  std::fputs(kHelpEnd, stdout);
}

std::chrono::seconds SpanOf(const std::string& option, const std::string& text) {
  const auto span = ParseSpan(text);
  if (!span) throw CLI::ValidationError(option, span.error().message);
  return *span;
}

Output OutputOf(const std::string& text) {
  return text == "json" ? Output::kJson : text == "yaml" ? Output::kYaml : Output::kWide;
}

TopBy TopByOf(const std::string& text) {
  return text == "user" ? TopBy::kUser : text == "project" ? TopBy::kProject : TopBy::kSession;
}

// The texts that become something else once all is parsed.
struct Texts {
  std::string by, timeout, output, sums;
};

void AddOptions(CLI::App& app, const CommandRow& row, Options& options, Texts& texts) {
  if (row.takes_session) app.add_option("SESSION", options.session, "Its name")->required();
  switch (row.command) {
    case Command::kClasses:
      app.add_option("CLASS", options.classes, "These alone");
      break;
    case Command::kTop:
      app.add_option("--by", texts.sums, "user: sums per user; project: what each was promised and has")
          ->check(CLI::IsMember({"session", "user", "project"}));
      break;
    case Command::kExtend:
      app.add_option("SPAN", texts.by, "How much longer: 2h, 90m, 1h30m, 1d")->required();
      break;
    case Command::kStart:
      app.add_flag("--restart", options.restart, "A new run, even if one is under way: that one ends");
      break;
    case Command::kOpen:
      app.add_flag("--browser", options.browser, "Open it in a browser ($BROWSER, else xdg-open)");
      break;
    case Command::kLogs:
      app.add_flag("-f,--follow", options.follow, "Go on as more comes");
      app.add_flag("-p,--previous", options.previous, "Of the container before this one: why it ended");
      app.add_option("--tail", options.tail, "Only so many of the last lines")
          ->check(CLI::Range(0, 1000000000));
      break;
    default:
      break;
  }
  const bool changes =
      row.command == Command::kStart || row.command == Command::kStop || row.command == Command::kExtend;
  if (!changes) return;
  app.add_flag("-w,--wait", options.wait, "Until it has come about");
  app.add_option("--timeout", texts.timeout, "Wait no longer than this: 10m unless said otherwise");
}

void AddCommon(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("-n,--namespace", options.ns, "Of the sessions; else that of the context");
  app.add_flag("-A,--all-namespaces", options.all_namespaces, "Of status and top: all");
  app.add_option("--context", options.context, "Of the kubeconfig; else the current one");
  app.add_option("--kubeconfig", options.kubeconfig, "Else $KUBECONFIG, the pod's account, ~/.kube/config");
  app.add_option("-o,--output", texts.output, "json, yaml or wide")
      ->check(CLI::IsMember({"json", "yaml", "wide"}));
}

void Settle(Options& options, const Texts& texts) {
  if (!texts.by.empty()) options.by = SpanOf("SPAN", texts.by);
  if (!texts.timeout.empty()) options.timeout = SpanOf("--timeout", texts.timeout);
  if (!texts.output.empty()) options.output = OutputOf(texts.output);
  options.top_by = TopByOf(texts.sums);
  const bool sees_all = options.command == Command::kStatus || options.command == Command::kTop;
  if (options.all_namespaces && !sees_all && options.command != Command::kClasses)
    throw CLI::ValidationError("--all-namespaces", "a session is in one namespace: name it with -n");
}

}  // namespace

const std::vector<CommandRow>& CommandRows() {
  static const std::vector<CommandRow> kRows{
      {"status", Command::kStatus, false, "One page: sessions, queue, devices, problems"},
      {"why", Command::kWhy, true, "What it waits for, since when, and what you can do"},
      {"classes", Command::kClasses, false, "What one may ask for, and what is free of it"},
      {"top", Command::kTop, false, "Who holds which devices, and what Projects were promised"},
      {"start", Command::kStart, true, "Runs it again"},
      {"stop", Command::kStop, true, "Ends it and gives its device back; the home is kept"},
      {"extend", Command::kExtend, true, "Gives it more time: extend SESSION 2h"},
      {"open", Command::kOpen, true, "Its notebook, through a port of this machine or by its address"},
      {"logs", Command::kLogs, true, "What JupyterLab wrote"},
  };
  return kRows;
}

bool ParseOptions(int argc, const char* const* argv, Options& options, int& exit_code) {
  CLI::App app{"", "kubectl marea"};
  app.set_version_flag("--version", MAREA_VERSION);
  app.require_subcommand(0, 1);
  Texts texts;
  AddCommon(app, options, texts);
  for (const auto& row : CommandRows()) {
    auto* command = app.add_subcommand(row.name, row.does);
    command->fallthrough();  // what is common may stand behind the command too
    command->callback([&options, &row] { options.command = row.command; });
    AddOptions(*command, row, options, texts);
  }
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) throw CLI::CallForHelp();
    Settle(options, texts);
    return true;
  } catch (const CLI::CallForHelp& help) {
    if (app.get_subcommands().empty()) {
      PrintHelp();
    } else {
      app.exit(help);
    }
    exit_code = 0;
  } catch (const CLI::ParseError& end) {  // --version arrives here too
    exit_code = app.exit(end) == 0 ? 0 : Exit::kUsage;
  }
  return false;
}

}  // namespace marea::cli
