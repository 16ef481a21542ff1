// The command line of the marea binary.
#pragma once

#include <cstdint>
#include <string>

#include "base/log.hpp"

namespace marea::app {

struct Options {
  std::string role = "session";
  std::string kubeconfig;  // empty: $KUBECONFIG, else in-cluster, else ~/.kube/config
  std::string context;
  std::string token_key_dir;
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 8443;  // 0: any free one
  std::string port_file;             // the port that was had is written here; empty: nowhere
  std::string certificate_file, key_file;
  bool leader_elect = true;
  bool gateway_api = false;
  bool session_info_metric = false;
  std::string priority_class;
  std::string lease_name = "marea-session";
  std::string lease_namespace;  // empty: the one the kubeconfig or the pod names
  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kText;
};

// Parses the arguments; prints help or errors itself. False: exit with `exit_code`.
bool ParseOptions(int argc, char** argv, Options& options, int& exit_code);

}  // namespace marea::app
