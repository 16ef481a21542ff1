#include "app/options.hpp"

#include <CLI/CLI.hpp>
#include <map>

namespace marea::app {
namespace {

// "127.0.0.1:8443", "[::1]:0".
void ParseListen(const std::string& text, Options& options) {
  const auto colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(port) > 65535) {
    throw CLI::ValidationError("--listen", "must be ADDRESS:PORT, for example 127.0.0.1:8443, not " + text);
  }
  std::string address = text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
  options.listen_address = address;
  options.listen_port = static_cast<std::uint16_t>(std::stoi(port));
}

}  // namespace

bool ParseOptions(int argc, char** argv, Options& options, int& exit_code) {
  CLI::App app{"Marea: sessions, devices and machines of a shared ML platform on Kubernetes"};
  app.set_version_flag("--version", MAREA_VERSION);
  app.require_subcommand(1);
  auto* run = app.add_subcommand("run", "Run a role of the operator until SIGTERM");

  std::string listen = "127.0.0.1:8443";
  std::string level = "info";
  run->add_option("--role", options.role, "Which role: session")
      ->check(CLI::IsMember({"session"}))
      ->capture_default_str();
  run->add_option("--kubeconfig", options.kubeconfig,
                  "Kubeconfig file; without it $KUBECONFIG, the pod's account, ~/.kube/config");
  run->add_option("--context", options.context, "Context of the kubeconfig; without it the current one");
  run->add_option("--token-key-dir", options.token_key_dir,
                  "Directory of the keys that sign notebook tokens, one file a key, named by date")
      ->required();
  run->add_option("--listen", listen, "Where /livez, /readyz and /metrics are served over TLS")
      ->capture_default_str();
  run->add_option("--port-file", options.port_file, "Write the port that is listened on into this file");
  run->add_option("--tls-cert-file", options.certificate_file,
                  "Serving certificate (PEM); without it one is made at start");
  run->add_option("--tls-key-file", options.key_file, "Its key (PEM)");
  run->add_flag("--leader-elect", options.leader_elect,
                "Decide only while holding the Lease; false for the only replica there can be")
      ->default_val(true);
  run->add_option("--lease-name", options.lease_name, "Name of that Lease")->capture_default_str();
  run->add_option("--lease-namespace", options.lease_namespace,
                  "Its namespace; without it that of the kubeconfig's context or of the pod");
  run->add_flag("--gateway-api", options.gateway_api,
                "Watch and write HTTPRoutes; the cluster must have the Gateway API's CRDs");
  run->add_option("--priority-class", options.priority_class,
                  "PriorityClass of sessions whose class names none; without it the cluster's default");
  run->add_flag("--session-info-metric", options.session_info_metric,
                "Name every session and its user in /metrics (marea_session_info)");
  run->add_option("--log-level", level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  std::string format = "text";
  run->add_option("--log-format", format, "text (key=value) or json, one object a line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
    ParseListen(listen, options);
  } catch (const CLI::ParseError& end) {  // --help and --version arrive here too
    exit_code = app.exit(end);
    return false;
  }
  static const std::map<std::string, log::Level> kLevels{{"debug", log::Level::kDebug},
                                                         {"info", log::Level::kInfo},
                                                         {"warn", log::Level::kWarn},
                                                         {"error", log::Level::kError}};
  options.log_level = kLevels.at(level);
  options.log_format = format == "json" ? log::Format::kJson : log::Format::kText;
  return true;
}

}  // namespace marea::app
