#include "kube/exec_credential.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/names.hpp"
#include "json/decode.hpp"
#include "json/encode.hpp"

extern char** environ;

namespace marea::kube {

namespace {

constexpr std::size_t kMaxPrinted = std::size_t{1} << 20;
constexpr std::chrono::seconds kMargin{10};  // what is about to expire would not last for the request

struct CredentialStatus {
  std::optional<Time> expires;
  std::string token, certificate, key;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"expirationTimestamp", &CredentialStatus::expires},
                      json::Field{"token", &CredentialStatus::token},
                      json::Field{"clientCertificateData", &CredentialStatus::certificate},
                      json::Field{"clientKeyData", &CredentialStatus::key});
  }
};
struct ExecCredential {
  std::string api_version, kind;
  CredentialStatus status;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"apiVersion", &ExecCredential::api_version},
                      json::Field{"kind", &ExecCredential::kind},
                      json::Field{"status", &ExecCredential::status});
  }
};

struct ClusterInformation {
  std::string server, server_name, authority;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"server", &ClusterInformation::server},
                      json::Field{"tls-server-name", &ClusterInformation::server_name},
                      json::Field{"certificate-authority-data", &ClusterInformation::authority});
  }
};
struct InformationSpec {
  std::optional<ClusterInformation> cluster;
  bool interactive = false;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"cluster", &InformationSpec::cluster},
                      json::Field{"interactive", &InformationSpec::interactive});
  }
};
struct Information {
  std::string api_version, kind = "ExecCredential";
  InformationSpec spec;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"apiVersion", &Information::api_version},
                      json::Field{"kind", &Information::kind}, json::Field{"spec", &Information::spec});
  }
};

tl::unexpected<Error> Trouble(const ExecPlugin& plugin, const std::string& why) {
  return Fail(ErrorKind::kForbidden, "the credential plugin " + Quoted(plugin.command) + " " + why);
}

// Ours with the plugin's instead of those of the same name, as "NAME=value".
std::vector<std::string> EnvironmentFor(const ExecPlugin& plugin) {
  std::vector<std::string> own{"KUBERNETES_EXEC_INFO=" + plugin.information};
  for (const auto& [name, value] : plugin.environment) own.push_back(name + "=" + value);
  const auto replaced = [&](const std::string& entry) {
    const std::string name = entry.substr(0, entry.find('=') + 1);
    for (const auto& other : own) {
      if (other.starts_with(name)) return true;
    }
    return false;
  };
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!replaced(*entry)) all.emplace_back(*entry);
  }
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Until it is closed or too much came.
std::string ReadAll(int file) {
  std::string all;
  std::array<char, 4096> piece{};
  while (all.size() <= kMaxPrinted) {
    const ssize_t got = ::read(file, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    all.append(piece.data(), static_cast<std::size_t>(got));
  }
  return all;
}

int WaitFor(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<std::string> RunPlugin(const ExecPlugin& plugin) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    return Trouble(plugin, "cannot be started: " + std::string(std::strerror(errno)));
  std::vector<std::string> command{plugin.command};
  command.insert(command.end(), plugin.arguments.begin(), plugin.arguments.end());
  const auto environment = EnvironmentFor(plugin);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  if (!plugin.interactive) ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);
  pid_t pid = 0;
  const int code = ::posix_spawnp(&pid, plugin.command.c_str(), &actions, nullptr, Pointers(command).data(),
                                  Pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  if (code != 0) {
    ::close(pipe[0]);
    const std::string hint = plugin.install_hint.empty() ? "" : ". " + plugin.install_hint;
    return Trouble(plugin, "cannot be started: " + std::string(std::strerror(code)) + hint);
  }
  std::string printed = ReadAll(pipe[0]);
  ::close(pipe[0]);  // one that prints on and on is ended by that
  const int status = WaitFor(pid);
  if (printed.size() > kMaxPrinted) return Trouble(plugin, "printed more than a credential");
  if (WIFSIGNALED(status)) return Trouble(plugin, "was killed by signal " + std::to_string(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0)
    return Trouble(plugin, "ended with exit code " + std::to_string(WEXITSTATUS(status)));
  return printed;
}

Result<Credential> ReadCredential(std::string_view printed, const ExecPlugin& plugin) {
  auto read = json::Decode<ExecCredential>(printed);
  if (!read) return Trouble(plugin, "printed no ExecCredential");
  if (read->kind != "ExecCredential" || read->api_version != plugin.api_version)
    return Trouble(plugin, "printed no ExecCredential of " + plugin.api_version);
  auto& status = read->status;
  if (status.certificate.empty() != status.key.empty())
    return Trouble(plugin, "printed a certificate without its key, or a key without its certificate");
  if (status.token.empty() && status.certificate.empty())
    return Trouble(plugin, "printed neither a token nor a certificate");
  return Credential{std::move(status.token), std::move(status.certificate), std::move(status.key),
                    status.expires};
}

CredentialCache::CredentialCache(ExecPlugin plugin, Run run, Clock clock)
    : plugin_(std::move(plugin)), run_(std::move(run)), clock_(std::move(clock)) {
  if (clock_) return;
  clock_ = [] { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); };
}

Result<Credential> CredentialCache::Get() {
  const std::lock_guard lock(mutex_);
  if (kept_ && (!kept_->expires || clock_() + kMargin < *kept_->expires)) return *kept_;
  auto printed = run_(plugin_);
  auto fresh = printed ? ReadCredential(*printed, plugin_) : tl::unexpected(std::move(printed.error()));
  if (fresh) {
    kept_ = *fresh;
  } else if (!kept_) {
    return fresh;
  } else {
    log::Warn("a credential cannot be renewed; the last one stays in use",
              {{"error", fresh.error().message}});
  }
  return *kept_;
}

std::string ExecInformation(const std::string& api_version, bool interactive, const std::string& server,
                            const std::string& server_name, const std::string& ca_pem) {
  Information information;
  information.api_version = api_version;
  information.spec.interactive = interactive;
  if (!server.empty())
    information.spec.cluster = ClusterInformation{server, server_name, Base64Encode(ca_pem)};
  return json::Encode(information);
}

}  // namespace marea::kube
