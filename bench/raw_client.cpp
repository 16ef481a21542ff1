// The floor that the operator is compared with: its transport and loop, and none of its thoughts.
//   raw_client KUBECONFIG replay SCRIPT   sends what the script says (script.hpp)
//   raw_client KUBECONFIG lists PATHS     reads the collections whose paths the file has, one a line
// Prints `ended NANOSECONDS` of the monotonic clock as it has the last answer, then what came of it. Status 1
// when a call failed.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "bench/lists.hpp"
#include "bench/replay.hpp"
#include "bench/script.hpp"
#include "http/cpprest_transport.hpp"
#include "kube/config.hpp"
#include "loop/asio_loop.hpp"

namespace {

using namespace marea;

constexpr int kSessionsInFlight = 64;  // twice the transport's places: none is ever free

int Refuse(const std::string& why) {
  std::fprintf(stderr, "raw_client: %s\n", why.c_str());
  return 2;
}

// `begin` gets what to call at the end: with a line of figures, and with what failed, if anything did.
int Run(Loop& loop, const std::function<void(std::function<void(std::string, std::string)>)>& begin) {
  int status = 0;
  begin([&](const std::string& figures, const std::string& failure) {
    const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
    std::printf("ended %lld\n%s\n", static_cast<long long>(now.count()), figures.c_str());
    if (!failure.empty()) status = (std::fprintf(stderr, "raw_client: %s\n", failure.c_str()), 1);
    loop.Stop();
  });
  loop.Run();
  return status;
}

int RunReplay(Loop& loop, http::Transport& transport, std::istream& script) {
  const auto chains = bench::ReadScript(script);
  if (!chains) return Refuse(chains.error().message);
  std::unique_ptr<bench::Replay> replay;
  return Run(loop, [&](auto end) {
    replay = std::make_unique<bench::Replay>(
        loop, transport, *chains, kSessionsInFlight, [end](const bench::ReplayResult& result) {
          end(std::to_string(result.answered) + " calls, " + std::to_string(result.failed) + " failed",
              result.first_failure);
        });
    loop.Post([&] { replay->Start(); });
  });
}

int RunLists(Loop& loop, http::Transport& transport, std::istream& file) {
  std::vector<std::string> paths;
  for (std::string line; std::getline(file, line);) paths.push_back(line);
  if (paths.empty()) return Refuse("no path to read");
  return Run(loop, [&](auto end) {
    bench::ReadLists(loop, transport, paths, [end](const bench::ListsResult& result) {
      end(std::to_string(result.pages) + " pages, " + std::to_string(result.bytes) + " bytes",
          result.failure);
    });
  });
}

}  // namespace

int main(int argc, char** argv) {
  http::StartCppRestThreads();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 3) return Refuse("usage: raw_client KUBECONFIG replay SCRIPT | lists PATHS");
  const auto config = kube::LoadKubeconfig(arguments[0]);
  if (!config) return Refuse(config.error().message);
  std::ifstream file(arguments[2]);
  if (!file) return Refuse("cannot read " + arguments[2]);

  AsioLoop loop;
  http::CppRestTransport transport(config->endpoint);  // as many calls at once as the operator's
  if (arguments[1] == "replay") return RunReplay(loop, transport, file);
  if (arguments[1] == "lists") return RunLists(loop, transport, file);
  return Refuse("unknown: " + arguments[1]);
}
