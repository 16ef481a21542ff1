#include "kube/config.hpp"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/base64.hpp"
#include "kube/exec_credential.hpp"
#include "kube/strict_yaml.hpp"
#include "kube/watched_file.hpp"

namespace marea::kube {

namespace {

constexpr std::size_t kMaxFile = std::size_t{1} << 20;
constexpr std::string_view kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

// One of the files a kubeconfig consists of. Of what several of them say, the first one's word counts.
struct File {
  std::string path;
  YAML::Node root;
};

std::string Named(const std::vector<File>& files) {
  std::string names;
  for (const auto& file : files) names += (names.empty() ? "" : ":") + file.path;
  return names;
}

// One map of a kubeconfig, with its name for messages: "users[ada].user".
struct Section {
  std::string file, name;
  YAML::Node node;

  std::string Where(std::string_view field) const { return file + ": " + name + "." + std::string(field); }
  bool Has(std::string_view field) const {
    const YAML::Node value = node[std::string(field)];
    return value && !value.IsNull();
  }
  // Empty when it is not there.
  Result<std::string> Text(std::string_view field) const {
    if (!Has(field)) return std::string{};
    const YAML::Node value = node[std::string(field)];
    if (!value.IsScalar()) return Fail(ErrorKind::kInvalid, Where(field) + ": expected a string");
    return value.Scalar();
  }
};

tl::unexpected<Error> Refuse(const Section& section, std::string_view field, std::string_view why) {
  return Fail(ErrorKind::kInvalid, section.Where(field) + ": " + std::string(why));
}

template <std::size_t N>
Result<void> RefuseAny(const Section& section, const std::array<std::string_view, N>& fields) {
  for (const std::string_view field : fields) {
    if (section.Has(field)) return Refuse(section, field, "is not supported");
  }
  return {};
}

// The entry called `name` of the list `list`, as the map under `field`.
Result<Section> Find(const std::vector<File>& files, std::string_view list, std::string_view field,
                     const std::string& name) {
  const std::string where = std::string(list) + "[" + name + "]";
  for (const auto& file : files) {
    const YAML::Node entries = file.root[std::string(list)];
    if (!entries || !entries.IsSequence()) continue;
    for (const YAML::Node& entry : entries) {
      if (!entry.IsMap() || !entry["name"] || !entry["name"].IsScalar() || entry["name"].Scalar() != name)
        continue;
      const YAML::Node found = entry[std::string(field)];
      Section section{file.path, where + "." + std::string(field), found};
      if (found && found.IsMap()) return section;
      return Fail(ErrorKind::kInvalid, file.path + ": " + section.name + ": expected a map");
    }
  }
  return Fail(ErrorKind::kNotFound, Named(files) + ": " + where + ": no such entry");
}

using TextSource = std::function<std::string()>;

std::string Trimmed(const std::string& text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  return first == std::string::npos ? std::string{}
                                    : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Result<TextSource> FileSource(const std::string& path) {
  auto file = WatchedFile::Open(path, kMaxFile);
  if (!file) return tl::unexpected<Error>(std::move(file.error()));
  return TextSource([watched = *file] { return watched->Content(); });
}

Result<TextSource> TokenSource(const std::string& path) {
  auto content = FileSource(path);
  if (!content) return content;
  if (Trimmed((*content)()).empty()) return Fail(ErrorKind::kInvalid, path + ": holds no token");
  return TextSource([read = *content] { return Trimmed(read()); });
}

// PEM from "<field>-data", else from the file that "<field>" names (relative to the kubeconfig); an empty
// function when neither is there.
Result<TextSource> PemSource(const Section& section, const std::string& field) {
  const std::string data_field = field + "-data";
  const auto data = section.Text(data_field);
  const auto path = section.Text(field);
  if (!data) return tl::unexpected(data.error());
  if (!path) return tl::unexpected(path.error());
  if (data->empty() && path->empty()) return TextSource{};
  const std::string& given = data->empty() ? field : data_field;
  Result<TextSource> source;
  if (!data->empty()) {
    const auto pem = Base64Decode(*data);
    if (!pem) return Refuse(section, given, pem.error().message);
    source = TextSource([text = *pem] { return text; });
  } else {
    source = FileSource(std::filesystem::path(section.file).parent_path() / *path);
    if (!source) return Refuse(section, given, source.error().message);
  }
  if ((*source)().find("-----BEGIN ") == std::string::npos) return Refuse(section, given, "is not PEM");
  return source;
}

Result<void> FillCluster(const Section& cluster, http::Endpoint& endpoint) {
  if (auto checked = RefuseAny<1>(cluster, {"proxy-url"}); !checked) return checked;
  const auto insecure = cluster.Text("insecure-skip-tls-verify");
  if (!insecure) return tl::unexpected(insecure.error());
  if (!insecure->empty() && *insecure != "false") {
    return Refuse(cluster, "insecure-skip-tls-verify",
                  "is not supported: the server's certificate is always checked");
  }
  const auto server = cluster.Text("server");
  const auto server_name = cluster.Text("tls-server-name");
  if (!server) return tl::unexpected(server.error());
  if (!server_name) return tl::unexpected(server_name.error());
  const bool tls = server->starts_with("https://");
  if (!tls && !server->starts_with("http://")) return Refuse(cluster, "server", "expected an http(s) URL");
  endpoint.url = *server;
  endpoint.server_name = *server_name;
  auto authority = PemSource(cluster, "certificate-authority");
  if (!authority) return tl::unexpected(authority.error());
  if (tls && !*authority) {
    return Refuse(cluster, "certificate-authority-data",
                  "is missing: only the cluster's own authority is trusted");
  }
  if (tls) endpoint.ca_pem = std::move(*authority);
  return {};
}

// A field of an `exec` that is a list of maps or of strings; nothing where it is absent or null.
Result<YAML::Node> ListIn(const Section& exec, std::string_view field) {
  if (!exec.Has(field)) return YAML::Node(YAML::NodeType::Sequence);
  YAML::Node list = exec.node[std::string(field)];
  if (!list.IsSequence()) return Refuse(exec, field, "expected a list");
  return list;
}

Result<void> FillArguments(const Section& exec, ExecPlugin& plugin) {
  const auto arguments = ListIn(exec, "args");
  const auto variables = ListIn(exec, "env");
  if (!arguments) return tl::unexpected(arguments.error());
  if (!variables) return tl::unexpected(variables.error());
  for (const YAML::Node& argument : *arguments) {
    if (!argument.IsScalar()) return Refuse(exec, "args", "expected strings");
    plugin.arguments.push_back(argument.Scalar());
  }
  for (const YAML::Node& variable : *variables) {
    const bool whole = variable.IsMap() && variable["name"] && variable["name"].IsScalar() &&
                       variable["value"] && variable["value"].IsScalar();
    if (!whole || variable["name"].Scalar().empty()) return Refuse(exec, "env", "expected names and values");
    plugin.environment.emplace_back(variable["name"].Scalar(), variable["value"].Scalar());
  }
  return {};
}

Result<ExecPlugin> ReadPlugin(const Section& user, const http::Endpoint& endpoint) {
  const YAML::Node node = user.node["exec"];
  const Section exec{user.file, user.name + ".exec", node};
  if (!node.IsMap()) return Refuse(user, "exec", "expected a map");
  const auto command = exec.Text("command"), version = exec.Text("apiVersion"),
             hint = exec.Text("installHint"), mode = exec.Text("interactiveMode"),
             informed = exec.Text("provideClusterInfo");
  for (const auto* text : {&command, &version, &hint, &mode, &informed}) {
    if (!*text) return tl::unexpected(text->error());
  }
  if (command->empty()) return Refuse(exec, "command", "is missing");
  if (*version != "client.authentication.k8s.io/v1" && *version != "client.authentication.k8s.io/v1beta1")
    return Refuse(exec, "apiVersion", "expected client.authentication.k8s.io/v1 or v1beta1");
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (*mode == "Always" && !terminal)
    return Refuse(exec, "interactiveMode", "is Always, and there is no terminal");
  ExecPlugin plugin;
  const bool is_path = command->find('/') != std::string::npos;
  plugin.command = is_path ? (std::filesystem::path(user.file).parent_path() / *command).string() : *command;
  plugin.api_version = *version;
  plugin.install_hint = *hint;
  plugin.interactive = terminal && *mode != "Never";
  plugin.information = *informed == "true"
                           ? ExecInformation(*version, plugin.interactive, endpoint.url, endpoint.server_name,
                                             endpoint.ca_pem ? endpoint.ca_pem() : std::string())
                           : ExecInformation(*version, plugin.interactive, {}, {}, {});
  if (auto filled = FillArguments(exec, plugin); !filled) return tl::unexpected(filled.error());
  return plugin;
}

// Asked once here, so that what is wrong is said at once, and again when what it gave expires.
Result<void> FillFromPlugin(const Section& user, http::Endpoint& endpoint) {
  if (endpoint.url.starts_with("http://")) return Refuse(user, "exec", "must not go over plain http");
  auto plugin = ReadPlugin(user, endpoint);
  if (!plugin) return tl::unexpected(plugin.error());
  const auto cache = std::make_shared<CredentialCache>(std::move(*plugin));
  const auto first = cache->Get();
  if (!first) return Fail(first.error().kind, user.Where("exec") + ": " + first.error().message);
  const auto part = [cache](std::string Credential::* member) {
    return TextSource([cache, member] {
      auto credential = cache->Get();
      return credential ? std::move((*credential).*member) : std::string();
    });
  };
  if (!first->token.empty()) endpoint.bearer_token = part(&Credential::token);
  if (first->certificate_pem.empty()) return {};
  endpoint.client_certificate_pem = part(&Credential::certificate_pem);
  endpoint.client_key_pem = part(&Credential::key_pem);
  return {};
}

Result<void> FillUser(const Section& user, http::Endpoint& endpoint, Plugins plugins) {
  // Without its "as" we would be someone else than the file says.
  auto checked = RefuseAny<7>(
      user, {"auth-provider", "username", "password", "as", "as-uid", "as-groups", "as-user-extra"});
  if (!checked) return checked;
  if (user.Has("exec") && plugins == Plugins::kRefused) return Refuse(user, "exec", "is not supported");
  auto certificate = PemSource(user, "client-certificate");
  if (!certificate) return tl::unexpected(certificate.error());
  auto key = PemSource(user, "client-key");
  if (!key) return tl::unexpected(key.error());
  if (*certificate && !*key)
    return Refuse(user, "client-key-data", "is missing beside the client certificate");
  if (*key && !*certificate)
    return Refuse(user, "client-certificate-data", "is missing beside the client key");
  endpoint.client_certificate_pem = std::move(*certificate);
  endpoint.client_key_pem = std::move(*key);

  const auto token = user.Text("token");
  const auto token_file = user.Text("tokenFile");
  if (!token) return tl::unexpected(token.error());
  if (!token_file) return tl::unexpected(token_file.error());
  if (!token_file->empty()) {  // goes before `token`, as in client-go
    auto source = TokenSource(std::filesystem::path(user.file).parent_path() / *token_file);
    if (!source) return Refuse(user, "tokenFile", source.error().message);
    endpoint.bearer_token = std::move(*source);
  } else if (!token->empty()) {
    endpoint.bearer_token = [text = *token] { return text; };
  }
  const bool plain = endpoint.url.starts_with("http://");
  if (plain && (endpoint.bearer_token || endpoint.client_certificate_pem)) {
    return Refuse(user, endpoint.bearer_token ? "token" : "client-certificate",
                  "must not go over plain http");
  }
  // What the file itself says goes before what a program would, as in client-go.
  const bool known = endpoint.bearer_token || endpoint.client_certificate_pem;
  if (!user.Has("exec") || known) return {};
  return FillFromPlugin(user, endpoint);
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string(value);
}

// The first file that names a current context, and what it names.
Result<std::string> CurrentContext(const std::vector<File>& files) {
  for (const auto& file : files) {
    const YAML::Node current = file.root["current-context"];
    if (current && current.IsScalar() && !current.Scalar().empty()) return current.Scalar();
  }
  return Fail(ErrorKind::kNotFound, Named(files) + ": current-context: is not set");
}

Result<Config> Resolve(const std::vector<File>& files, const std::string& wanted, Plugins plugins) {
  const auto name = wanted.empty() ? CurrentContext(files) : Result<std::string>(wanted);
  if (!name) return tl::unexpected(name.error());
  const auto context = Find(files, "contexts", "context", *name);
  if (!context) return tl::unexpected(context.error());
  const auto cluster_name = context->Text("cluster");
  const auto user_name = context->Text("user");
  const auto ns = context->Text("namespace");
  for (const auto* text : {&cluster_name, &user_name, &ns}) {
    if (!*text) return tl::unexpected(text->error());
  }
  Config config;
  config.ns = ns->empty() ? "default" : *ns;
  const auto cluster = Find(files, "clusters", "cluster", *cluster_name);
  if (!cluster) return tl::unexpected(cluster.error());
  if (auto filled = FillCluster(*cluster, config.endpoint); !filled) return tl::unexpected(filled.error());
  if (user_name->empty()) return config;  // as through `kubectl proxy`
  const auto user = Find(files, "users", "user", *user_name);
  if (!user) return tl::unexpected(user.error());
  if (auto filled = FillUser(*user, config.endpoint, plugins); !filled) return tl::unexpected(filled.error());
  return config;
}

Result<Config> ResolveSafely(const std::vector<File>& files, const std::string& context, Plugins plugins) {
  try {
    return Resolve(files, context, plugins);
  } catch (const YAML::Exception& error) {
    return Fail(ErrorKind::kInvalid, Named(files) + ": " + error.what());
  }
}

// The files of a list like $KUBECONFIG's; those that are not there are passed over, as kubectl does.
Result<Config> LoadSeveral(std::string_view list, const std::string& context, Plugins plugins) {
  std::vector<File> files;
  while (!list.empty()) {
    const std::string path(list.substr(0, list.find(':')));
    list.remove_prefix(std::min(list.size(), path.size() + 1));
    if (path.empty()) continue;
    const auto text = ReadSmallFile(path, kMaxFile);
    if (!text && text.error().kind == ErrorKind::kNotFound) continue;
    if (!text) return tl::unexpected(text.error());
    const auto root = ParseStrictly(*text, path);
    if (!root) return tl::unexpected(root.error());
    files.push_back({path, *root});
  }
  if (files.empty()) return Fail(ErrorKind::kNotFound, "KUBECONFIG: none of its files is there");
  return ResolveSafely(files, context, plugins);
}

}  // namespace

Result<Config> LoadKubeconfig(const std::string& path, const std::string& context, Plugins plugins) {
  const auto text = ReadSmallFile(path, kMaxFile);
  if (!text) return tl::unexpected(text.error());
  return ReadKubeconfig(*text, path, context, plugins);
}

Result<Config> ReadKubeconfig(const std::string& text, const std::string& path, const std::string& context,
                              Plugins plugins) {
  const auto root = ParseStrictly(text, path);
  if (!root) return tl::unexpected(root.error());
  return ResolveSafely({{path, *root}}, context, plugins);
}

Result<Config> LoadInCluster(const std::string& root) {
  const std::string host = Environment("KUBERNETES_SERVICE_HOST"),
                    port = Environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return Fail(ErrorKind::kNotFound,
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: not in a pod");
  }
  const std::string folder = root + std::string(kServiceAccount);
  Config config;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  config.endpoint.url = "https://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
  auto authority = FileSource(folder + "/ca.crt");
  if (!authority) return tl::unexpected(authority.error());
  auto token = TokenSource(folder + "/token");
  if (!token) return tl::unexpected(token.error());
  config.endpoint.ca_pem = std::move(*authority);
  config.endpoint.bearer_token = std::move(*token);
  const auto ns = ReadSmallFile(folder + "/namespace", kMaxFile);
  config.ns = ns ? Trimmed(*ns) : std::string{};
  if (config.ns.empty()) config.ns = "default";
  return config;
}

Result<Config> LoadConfig(const std::string& path, const std::string& context, Plugins plugins) {
  if (!path.empty()) return LoadKubeconfig(path, context, plugins);
  if (const std::string named = Environment("KUBECONFIG"); !named.empty()) {
    if (named.find(':') == std::string::npos) return LoadKubeconfig(named, context, plugins);
    return LoadSeveral(named, context, plugins);
  }
  if (!Environment("KUBERNETES_SERVICE_HOST").empty()) return LoadInCluster();
  return LoadKubeconfig(Environment("HOME") + "/.kube/config", context, plugins);
}

}  // namespace marea::kube
