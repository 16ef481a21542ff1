// The marea binary: reads its command line, becomes one role, and runs it until it is told to end.
#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "app/options.hpp"
#include "app/session_role.hpp"
#include "base/log.hpp"
#include "http/cpprest_transport.hpp"
#include "http/server.hpp"
#include "kube/config.hpp"
#include "loop/asio_loop.hpp"

namespace {

int Refuse(const marea::Error& error) {
  marea::log::Error("cannot start", {{"why", error.message}});
  return 2;
}

// On the loop: a loop that hangs answers nothing, which is the truth.
marea::Result<std::unique_ptr<marea::http::Server>> Serve(const marea::app::Options& options,
                                                          marea::Loop& loop, marea::app::SessionRole& role) {
  return marea::http::Server::Start({.address = options.listen_address,
                                     .port = options.listen_port,
                                     .certificate_file = options.certificate_file,
                                     .key_file = options.key_file},
                                    [&](const marea::http::ServerRequest& request, auto reply) {
                                      loop.Post([&role, request, reply] { role.Serve(request, reply); });
                                    });
}

// The host's name, for people, and something no other process has.
std::string Identity(marea::Loop& loop) {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  char suffix[24];
  std::snprintf(suffix, sizeof suffix, "_%016llx", static_cast<unsigned long long>(loop.Random()));
  return std::string(host) + suffix;
}

bool WritePort(const std::string& file, std::uint16_t port) {
  if (file.empty()) return true;
  std::ofstream out(file);
  out << port << "\n";
  return out.good();
}

// The text of a list is large and soon gone: it goes back to the system, and leaves no holes between what
// stays.
void KeepHeapSmall() {
  ::mallopt(M_MMAP_THRESHOLD, 64 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 256 * 1024);
  ::mallopt(M_ARENA_MAX, 2);
}

}  // namespace

int main(int argc, char** argv) {
  KeepHeapSmall();
  marea::http::StartCppRestThreads();
  marea::app::Options options;
  int exit_code = 0;
  if (!marea::app::ParseOptions(argc, argv, options, exit_code)) return exit_code;
  marea::log::SetLevel(options.log_level);
  marea::log::SetFormat(options.log_format);

  auto config = marea::kube::LoadConfig(options.kubeconfig, options.context);
  if (!config) return Refuse(config.error());
  auto keys = marea::session::LoadTokenKeys(options.token_key_dir);
  if (!keys) return Refuse(keys.error());

  marea::AsioLoop loop;
  using Transport = marea::http::CppRestTransport;
  marea::app::Transports transports{.calls = std::make_unique<Transport>(config->endpoint),
                                    .watches = std::make_unique<Transport>(config->endpoint)};
  std::optional<marea::app::Election> election;
  if (options.leader_elect) {
    transports.lease = std::make_unique<Transport>(config->endpoint);
    const std::string& ns = options.lease_namespace.empty() ? config->ns : options.lease_namespace;
    election = {.lease = {ns, options.lease_name}, .identity = Identity(loop), .on_lost = [&] {
                  exit_code = 1;
                  loop.Stop();
                }};
  }
  marea::app::SessionRole role(
      loop, std::move(transports),
      {std::move(*keys), options.gateway_api, options.session_info_metric, options.priority_class},
      std::move(election));
  auto server = Serve(options, loop, role);
  if (!server) return Refuse(server.error());
  const auto port = (*server)->port();
  if (!WritePort(options.port_file, port)) {
    return Refuse({marea::ErrorKind::kInvalid, "--port-file: cannot write " + options.port_file, {}});
  }
  bool ending = false;
  loop.OnSignal({SIGTERM, SIGINT}, [&](int number) {
    marea::log::Info("ending", {{"signal", std::to_string(number)}});
    if (std::exchange(ending, true)) return loop.Stop();  // a second one means: now
    role.Stop([&loop] { loop.Stop(); });
  });
  marea::log::Info(
      "started", {{"role", options.role}, {"server", config->endpoint.url}, {"port", std::to_string(port)}});
  role.Start();
  loop.Run();
  return exit_code;
}
