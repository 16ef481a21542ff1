// kubectl-marea: reads its command line, finds the API server as kubectl does, and runs one command.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>
#include <thread>

#include "cli/complete.hpp"
#include "cli/edge.hpp"
#include "cli/exit_code.hpp"
#include "http/cpprest_transport.hpp"
#include "kube/config.hpp"

namespace {

using namespace marea;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string(value);
}

Time Now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

cli::Clock RealClock() {
  return {.now = Now, .sleep = [](Duration span) { std::this_thread::sleep_for(span); }};
}

cli::Paper PaperOf(const cli::Options& options) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  cli::Paper paper{.wide = options.output == cli::Output::kWide, .now = Now()};
  paper.colour = terminal && Environment("NO_COLOR").empty() && Environment("TERM") != "dumb";
  winsize size{};
  if (terminal && !paper.wide && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) paper.width = size.ws_col;
  return paper;
}

// What has gone wrong before a word was said to the API server.
int Refuse(const Error& error) {
  std::cerr << "error: " << cli::Printable(error.message) << "\n";
  return error.kind == ErrorKind::kForbidden ? cli::Exit::kForbidden : cli::Exit::kUsage;
}

cli::NameSource Names(std::vector<cli::NameAndWord> (*list)(cli::Edge&)) {
  return [list](const cli::CompletionScope& scope) -> std::vector<cli::NameAndWord> {
    const auto config = kube::LoadConfig(scope.kubeconfig, scope.context, kube::Plugins::kRun);
    if (!config) return {};
    http::CppRestTransport transport(config->endpoint);
    cli::Edge edge{.transport = transport,
                   .ns = scope.ns.empty() ? config->ns : scope.ns,
                   .clock = RealClock(),
                   .out = std::cout,
                   .err = std::cerr,
                   .paper = {}};
    return list(edge);
  };
}

int RunCompletion(int argc, char** argv) {
  const std::vector<std::string> words(argv + 2, argv + argc);
  std::cout << cli::Complete(words,
                             {.sessions = Names(cli::SessionNames), .classes = Names(cli::ClassNames)});
  return cli::Exit::kDone;
}

}  // namespace

int main(int argc, char** argv) {
  http::StartCppRestThreads();
  if (argc > 1 && std::string_view(argv[1]) == "__complete") return RunCompletion(argc, argv);
  cli::Options options;
  int exit_code = 0;
  if (!cli::ParseOptions(argc, argv, options, exit_code)) return exit_code;
  const auto config = kube::LoadConfig(options.kubeconfig, options.context, kube::Plugins::kRun);
  if (!config) return Refuse(config.error());
  http::CppRestTransport transport(config->endpoint);
  cli::Edge edge{.transport = transport,
                 .ns = options.all_namespaces ? ""
                       : options.ns.empty()   ? config->ns
                                              : options.ns,
                 .clock = RealClock(),
                 .out = std::cout,
                 .err = std::cerr,
                 .paper = PaperOf(options)};
  return cli::Run(options, edge);
}
