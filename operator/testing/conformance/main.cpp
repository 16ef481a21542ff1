// Replays the scripts against a real API server and compares its answers with the golden files, or writes
// those.
//
//   conformance --kubeconfig=FILE --id=TEXT [--compact=COMMAND] [--record] [SCRIPT...]
//   conformance --fake [SCRIPT...]
//
// The namespace SCRIPT-TEXT exists already, with its default ServiceAccount. Exit status 0: all agree. --fake
// tries the fake instead, as testing_test does, for those who work on it.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "http/cpprest_transport.hpp"
#include "kube/config.hpp"
#include "testing/conformance/fake_server.hpp"
#include "testing/conformance/golden.hpp"
#include "testing/conformance/real_server.hpp"

namespace {

using namespace marea::testing::conformance;  // NOLINT: the program is about it

constexpr const char* kFolder = MAREA_SOURCE_DIR "/operator/testing/conformance";
constexpr const char* kCrds = MAREA_SOURCE_DIR "/crds";

struct Arguments {
  std::map<std::string, std::string> options;
  std::vector<std::string> scripts;
  bool record = false, fake = false;
};

bool Read(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--record") {
      arguments.record = true;
    } else if (word == "--fake") {
      arguments.fake = true;
    } else if (word.starts_with("--") && word.find('=') != std::string::npos) {
      const std::size_t sign = word.find('=');
      arguments.options[word.substr(2, sign - 2)] = word.substr(sign + 1);
    } else {
      arguments.scripts.push_back(word);
    }
  }
  if (arguments.fake) return !arguments.record;
  return arguments.options.contains("kubeconfig") && arguments.options.contains("id");
}

int Fail(const std::string& why) {
  std::fprintf(stderr, "conformance: %s\n", why.c_str());
  return 2;
}

// How many steps of a script were answered otherwise.
marea::Result<std::size_t> Compare(const std::string& folder, const Script& script,
                                   const std::string& transcript) {
  const auto golden = ReadGolden(folder, script);
  if (!golden) return tl::unexpected(golden.error());
  const auto differences = Differences(*golden, transcript);
  for (const Difference& difference : differences) {
    std::printf("%s: %s", script.name.c_str(), ToString(difference).c_str());
  }
  std::printf("%s: %zu steps, %zu differ\n", script.name.c_str(), script.steps.size(), differences.size());
  return differences.size();
}

// Replays the chosen scripts on what `server_for` gives, and compares or records.
int Try(const Arguments& arguments, const std::string& id,
        const std::function<std::unique_ptr<Server>(const Script&)>& server_for) {
  const auto scripts = LoadScripts(kFolder);
  if (!scripts) return Fail(scripts.error().message);
  std::size_t differ = 0;
  for (const Script& script : *scripts) {
    const bool wanted = arguments.scripts.empty() || std::ranges::count(arguments.scripts, script.name) > 0;
    if (!wanted) continue;
    const auto server = server_for(script);
    const std::string transcript = Replay(script, *server, id);
    if (arguments.record) {
      const auto written = WriteGolden(kFolder, script, transcript);
      if (!written) return Fail(written.error().message);
      continue;
    }
    const auto compared = Compare(kFolder, script, transcript);
    if (!compared) return Fail(compared.error().message);
    differ += *compared;
  }
  return differ == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  marea::http::StartCppRestThreads();
  Arguments arguments;
  if (!Read(argc, argv, arguments)) {
    return Fail("usage: conformance --kubeconfig=FILE --id=TEXT [--compact=COMMAND] [--record] [SCRIPT...]");
  }
  if (arguments.fake) {
    const std::string id = "q7fake";
    return Try(arguments, id, [&](const Script& script) {
      return std::make_unique<FakeServer>(kCrds, NamespaceOf(script, id));
    });
  }
  const auto config = marea::kube::LoadConfig(arguments.options["kubeconfig"]);
  if (!config) return Fail(config.error().message);
  marea::http::CppRestTransport transport(config->endpoint);
  return Try(arguments, arguments.options["id"], [&](const Script&) {
    return std::make_unique<RealServer>(transport, arguments.options["compact"]);
  });
}
