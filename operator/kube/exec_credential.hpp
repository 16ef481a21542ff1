// Credential plugins: a program that a kubeconfig names, which prints who we are
// (client.authentication.k8s.io/v1 and v1beta1).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace marea::kube {

struct ExecPlugin {
  std::string command;  // a path, or a name looked for in PATH
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  // besides ours
  std::string api_version;
  std::string install_hint;  // said when the program is missing
  bool interactive = false;  // it may ask at the terminal; else its input is empty
  std::string information;   // KUBERNETES_EXEC_INFO, JSON
};

struct Credential {
  std::string token, certificate_pem, key_pem;  // a token, or a certificate with its key, or both
  std::optional<Time> expires;
};

// What the program printed. Errors: kForbidden: it is missing, failed, or printed too much; its own words
// went to our standard error.
Result<std::string> RunPlugin(const ExecPlugin& plugin);

// Errors: kForbidden with what is wrong; the message never holds a secret.
Result<Credential> ReadCredential(std::string_view printed, const ExecPlugin& plugin);

// A credential that is kept until it expires, and then asked for anew. Thread-safe.
class CredentialCache {
 public:
  using Run = std::function<Result<std::string>(const ExecPlugin&)>;
  using Clock = std::function<Time()>;
  explicit CredentialCache(ExecPlugin plugin, Run run = RunPlugin, Clock clock = {});

  // Errors: as above. While a new one cannot be had the old one is returned: the server says what it thinks
  // of it.
  Result<Credential> Get();

 private:
  ExecPlugin plugin_;
  Run run_;
  Clock clock_;
  std::mutex mutex_;
  std::optional<Credential> kept_;
};

// The value of KUBERNETES_EXEC_INFO. With a `server` it tells of the cluster, too (provideClusterInfo).
std::string ExecInformation(const std::string& api_version, bool interactive, const std::string& server,
                            const std::string& server_name, const std::string& ca_pem);

}  // namespace marea::kube
