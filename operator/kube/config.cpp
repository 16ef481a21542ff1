#include "kube/config.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/watched_file.hpp"

namespace marea::kube {

namespace {

constexpr std::size_t kMaxFile = std::size_t{1} << 20;
constexpr std::size_t kMaxDepth = 32;
constexpr int kMaxValues = 10'000;  // yaml-cpp takes some hundred bytes for each
constexpr std::string_view kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

// What yaml-cpp's own tree hides: aliases (a small file that unfolds into a huge one), keys given twice (of
// which one silently wins), and what it costs.
class StrictnessCheck final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Value(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not supported");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    if (open_.empty() || !open_.back().expects_key) return Value(mark);
    if (!open_.back().keys.insert(value).second)
      throw YAML::ParserException(mark, "duplicate key \"" + value + "\"");
    open_.back().expects_key = false;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Enter(mark, false);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Enter(mark, true);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Collection {
    bool is_map;
    bool expects_key;
    std::set<std::string> keys;
  };

  void Value(const YAML::Mark& mark) {
    if (++values_ > kMaxValues) throw YAML::ParserException(mark, "more values than a kubeconfig has");
    if (open_.empty() || !open_.back().is_map) return;
    if (open_.back().expects_key) throw YAML::ParserException(mark, "a key that is not a string");
    open_.back().expects_key = true;
  }
  void Enter(const YAML::Mark& mark, bool is_map) {
    Value(mark);
    if (open_.size() == kMaxDepth) throw YAML::ParserException(mark, "nested too deeply");
    open_.push_back({is_map, is_map, {}});
  }

  std::vector<Collection> open_;
  int values_ = 0;
};

Result<YAML::Node> ParseStrictly(const std::string& text, const std::string& path) {
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    StrictnessCheck check;
    parser.HandleNextDocument(check);
    YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) return Fail(ErrorKind::kInvalid, path + ": is no kubeconfig");
    return root;
  } catch (const YAML::Exception& error) {
    return Fail(ErrorKind::kInvalid, path + ": " + error.what());
  }
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
Result<Section> Find(const std::string& file, const YAML::Node& root, std::string_view list,
                     std::string_view field, const std::string& name) {
  const YAML::Node entries = root[std::string(list)];
  const std::string where = std::string(list) + "[" + name + "]";
  if (entries && entries.IsSequence()) {
    for (const YAML::Node& entry : entries) {
      if (!entry.IsMap() || !entry["name"] || !entry["name"].IsScalar() || entry["name"].Scalar() != name)
        continue;
      const YAML::Node found = entry[std::string(field)];
      Section section{file, where + "." + std::string(field), found};
      if (found && found.IsMap()) return section;
      return Fail(ErrorKind::kInvalid, file + ": " + section.name + ": expected a map");
    }
  }
  return Fail(ErrorKind::kNotFound, file + ": " + where + ": no such entry");
}

// Standard base64 with padding, line breaks allowed.
Result<std::string> Base64Decode(std::string_view text) {
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  bool padded = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ') continue;
    if (c == '=') {
      padded = true;
      continue;
    }
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos || padded) return Fail(ErrorKind::kInvalid, "is not base64");
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  if (count == 6) return Fail(ErrorKind::kInvalid, "is not base64");
  return bytes;
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

Result<void> FillUser(const Section& user, http::Endpoint& endpoint) {
  // Without its "as" we would be someone else than the file says.
  auto checked = RefuseAny<8>(
      user, {"exec", "auth-provider", "username", "password", "as", "as-uid", "as-groups", "as-user-extra"});
  if (!checked) return checked;
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
  return {};
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : std::string(value);
}

Result<Config> Resolve(const std::string& path, const YAML::Node& root, const std::string& wanted) {
  std::string name = wanted;
  if (name.empty()) {
    const YAML::Node current = root["current-context"];
    if (current && current.IsScalar()) name = current.Scalar();
    if (name.empty()) return Fail(ErrorKind::kNotFound, path + ": current-context: is not set");
  }
  const auto context = Find(path, root, "contexts", "context", name);
  if (!context) return tl::unexpected(context.error());
  const auto cluster_name = context->Text("cluster");
  const auto user_name = context->Text("user");
  const auto ns = context->Text("namespace");
  for (const auto* text : {&cluster_name, &user_name, &ns}) {
    if (!*text) return tl::unexpected(text->error());
  }
  Config config;
  config.ns = ns->empty() ? "default" : *ns;
  const auto cluster = Find(path, root, "clusters", "cluster", *cluster_name);
  if (!cluster) return tl::unexpected(cluster.error());
  if (auto filled = FillCluster(*cluster, config.endpoint); !filled) return tl::unexpected(filled.error());
  if (user_name->empty()) return config;  // as through `kubectl proxy`
  const auto user = Find(path, root, "users", "user", *user_name);
  if (!user) return tl::unexpected(user.error());
  if (auto filled = FillUser(*user, config.endpoint); !filled) return tl::unexpected(filled.error());
  return config;
}

}  // namespace

Result<Config> LoadKubeconfig(const std::string& path, const std::string& context) {
  const auto text = ReadSmallFile(path, kMaxFile);
  if (!text) return tl::unexpected(text.error());
  return ReadKubeconfig(*text, path, context);
}

Result<Config> ReadKubeconfig(const std::string& text, const std::string& path, const std::string& context) {
  const auto root = ParseStrictly(text, path);
  if (!root) return tl::unexpected(root.error());
  try {
    return Resolve(path, *root, context);
  } catch (const YAML::Exception& error) {
    return Fail(ErrorKind::kInvalid, path + ": " + error.what());
  }
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

Result<Config> LoadConfig(const std::string& path, const std::string& context) {
  if (!path.empty()) return LoadKubeconfig(path, context);
  if (const std::string named = Environment("KUBECONFIG"); !named.empty()) {
    if (named.find(':') != std::string::npos) {
      return Fail(ErrorKind::kInvalid,
                  "KUBECONFIG names several files: give one, such as `kubectl config view --flatten`");
    }
    return LoadKubeconfig(named, context);
  }
  if (!Environment("KUBERNETES_SERVICE_HOST").empty()) return LoadInCluster();
  return LoadKubeconfig(Environment("HOME") + "/.kube/config", context);
}

}  // namespace marea::kube
