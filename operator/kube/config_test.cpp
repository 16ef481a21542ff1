#include "kube/config.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kube/watched_file.hpp"

namespace marea::kube {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
constexpr const char* kPemBase64 =
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCngKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "marea-config-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  std::string Path(const std::string& name) const { return (path_ / name).string(); }
  std::string Write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return Path(name);
  }

 private:
  fs::path path_;
};

// A kubeconfig whose cluster and user are as given.
std::string Kubeconfig(const std::string& cluster, const std::string& user, const std::string& more = {}) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: lab\n" + more +
         "contexts:\n- name: lab\n  context: {cluster: here, user: ada, namespace: team-a}\n"
         "- name: bare\n  context: {cluster: here, user: ada}\n"
         "- name: lost\n  context: {cluster: nowhere, user: ada}\n"
         "clusters:\n- name: here\n  cluster:\n" +
         cluster + "users:\n- name: ada\n  user:\n" + user;
}

const std::string kCluster =
    std::string("    server: https://127.0.0.1:6443\n    certificate-authority-data: ") + kPemBase64 + "\n";
const std::string kUser = "    token: sesame\n";

class Variable {  // of the environment, as it was before afterwards
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("a kubeconfig says where and who") {
  const Folder folder;
  const std::string path =
      folder.Write("config", Kubeconfig(kCluster + "    tls-server-name: api.local\n", kUser));
  const auto config = LoadKubeconfig(path);
  REQUIRE(config);
  CHECK(config->endpoint.url == "https://127.0.0.1:6443");
  CHECK(config->endpoint.server_name == "api.local");
  CHECK(config->endpoint.ca_pem() == kPem);
  CHECK(config->endpoint.bearer_token() == "sesame");
  CHECK_FALSE(config->endpoint.client_certificate_pem);
  CHECK(config->ns == "team-a");
  const auto bare = LoadKubeconfig(path, "bare");
  REQUIRE(bare);
  CHECK(bare->ns == "default");
}

TEST_CASE("files are named relative to the kubeconfig") {
  const Folder folder;
  folder.Write("pki/ca.crt", kPem);
  folder.Write("pki/ada.crt", kPem);
  folder.Write("pki/ada.key", "-----BEGIN PRIVATE KEY-----\n");
  folder.Write("token", "  sesame\n");
  const auto config = LoadKubeconfig(folder.Write(
      "config", Kubeconfig("    server: https://[::1]:6443\n    certificate-authority: pki/ca.crt\n",
                           "    client-certificate: pki/ada.crt\n    client-key: " +
                               folder.Path("pki/ada.key") + "\n    tokenFile: token\n    token: older\n")));
  REQUIRE(config);
  CHECK(config->endpoint.ca_pem() == kPem);
  CHECK(config->endpoint.client_certificate_pem() == kPem);
  CHECK(config->endpoint.client_key_pem() == "-----BEGIN PRIVATE KEY-----\n");
  CHECK(config->endpoint.bearer_token() == "sesame");
}

TEST_CASE("what is not supported is refused by its name") {
  struct Row {
    std::string cluster, user, named;
  };
  const auto row = GENERATE_COPY(
      Row{kCluster + "    insecure-skip-tls-verify: true\n", kUser,
          "clusters[here].cluster.insecure-skip-tls-verify"},
      Row{kCluster + "    proxy-url: http://proxy\n", kUser, "clusters[here].cluster.proxy-url"},
      Row{"    server: https://a\n", kUser, "clusters[here].cluster.certificate-authority-data"},
      Row{"    server: a:6443\n", kUser, "clusters[here].cluster.server"},
      Row{"    server: [a]\n", kUser, "clusters[here].cluster.server"},
      Row{"    server: https://a\n    certificate-authority: nowhere.crt\n", kUser,
          "clusters[here].cluster.certificate-authority"},
      Row{"    server: https://a\n    certificate-authority-data: '!!'\n", kUser,
          "clusters[here].cluster.certificate-authority-data"},
      Row{"    server: https://a\n    certificate-authority-data: aGVsbG8=\n", kUser,
          "clusters[here].cluster.certificate-authority-data: is not PEM"},
      Row{kCluster, "    exec: {command: aws}\n", "users[ada].user.exec"},
      Row{kCluster, "    auth-provider: {name: gcp}\n", "users[ada].user.auth-provider"},
      Row{kCluster, "    username: ada\n    password: x\n", "users[ada].user.username"},
      Row{kCluster, "    token: x\n    as: admin\n", "users[ada].user.as"},
      Row{kCluster, "    tokenFile: nowhere\n", "users[ada].user.tokenFile"},
      Row{kCluster, std::string("    client-certificate-data: ") + kPemBase64 + "\n",
          "users[ada].user.client-key-data"},
      Row{"    server: http://a\n", kUser, "users[ada].user.token"});
  const Folder folder;
  const std::string path = folder.Write("config", Kubeconfig(row.cluster, row.user));
  const auto config = LoadKubeconfig(path);
  REQUIRE_FALSE(config);
  CHECK(config.error().kind == ErrorKind::kInvalid);
  CHECK_THAT(config.error().message, Catch::StartsWith(path + ": " + row.named));
}

TEST_CASE("insecure-skip-tls-verify: false asks for nothing") {
  const Folder folder;
  CHECK(LoadKubeconfig(
      folder.Write("config", Kubeconfig(kCluster + "    insecure-skip-tls-verify: false\n", kUser))));
}

TEST_CASE("plain http serves without credentials, as kubectl proxy does") {
  const Folder folder;
  const auto config = LoadKubeconfig(folder.Write("config",
                                                  "current-context: p\ncontexts: [{name: p, context: "
                                                  "{cluster: c}}]\nclusters: [{name: c, cluster: {server: "
                                                  "'http://127.0.0.1:8001'}}]\n"));
  REQUIRE(config);
  CHECK_FALSE(config->endpoint.ca_pem);
}

TEST_CASE("what is missing is not found") {
  const Folder folder;
  CHECK(LoadKubeconfig(folder.Path("none")).error().kind == ErrorKind::kNotFound);
  const std::string path = folder.Write("config", Kubeconfig(kCluster, kUser));
  CHECK(LoadKubeconfig(path, "other").error().kind == ErrorKind::kNotFound);
  CHECK_THAT(LoadKubeconfig(path, "other").error().message, Catch::Contains("contexts[other]"));
  CHECK(LoadKubeconfig(path, "lost").error().kind == ErrorKind::kNotFound);
  CHECK_THAT(LoadKubeconfig(path, "lost").error().message, Catch::Contains("clusters[nowhere]"));
}

TEST_CASE("hostile YAML is refused") {
  struct Row {
    std::string text, says;
  };
  const std::string deep = "a: " + std::string(100, '[') + std::string(100, ']') + "\n";
  std::string many = "a: [b";
  for (int i = 0; i < 10'000; ++i) many += ",b";
  many += "]\n";
  const auto row = GENERATE_COPY(
      Row{Kubeconfig(kCluster, kUser, "current-context: other\n"), "duplicate key \"current-context\""},
      Row{"a: &x [1]\nb: *x\n", "aliases"}, Row{deep, "deep"}, Row{"? [a]\n: b\n", "key"},
      Row{"just text", "no kubeconfig"}, Row{"a: [", "config"}, Row{"", "empty"},
      Row{std::string((1 << 20) + 1, '#'), "larger"}, Row{many, "more values"});
  const Folder folder;
  const auto config = LoadKubeconfig(folder.Write("config", row.text));
  REQUIRE_FALSE(config);
  CHECK(config.error().kind == ErrorKind::kInvalid);
  CHECK_THAT(config.error().message, Catch::StartsWith(folder.Path("config")));
  CHECK_THAT(config.error().message, Catch::Contains(row.says));
}

TEST_CASE("inside a pod the service account says who") {
  const Folder folder;
  const std::string mount = "var/run/secrets/kubernetes.io/serviceaccount/";
  const Variable host("KUBERNETES_SERVICE_HOST", "fd00::1"), port("KUBERNETES_SERVICE_PORT", "443");
  CHECK_FALSE(LoadInCluster(folder.Path("")));
  folder.Write(mount + "ca.crt", kPem);
  folder.Write(mount + "token", "\n");
  CHECK_THAT(LoadInCluster(folder.Path("")).error().message, Catch::Contains("token: holds no token"));
  folder.Write(mount + "token", "sesame\n");
  folder.Write(mount + "namespace", "marea-system");
  const auto config = LoadInCluster(folder.Path(""));
  REQUIRE(config);
  CHECK(config->endpoint.url == "https://[fd00::1]:443");
  CHECK(config->endpoint.bearer_token() == "sesame");
  CHECK(config->endpoint.ca_pem() == kPem);
  CHECK(config->ns == "marea-system");
}

TEST_CASE("the first of flag, KUBECONFIG, pod and home is taken") {
  const Folder folder;
  const auto named = [&](const std::string& file, const std::string& ns) {
    std::string text = Kubeconfig(kCluster, kUser);
    text.replace(text.find("team-a"), 6, ns);
    return folder.Write(file, text);
  };
  const std::string flag = named("flag", "from-flag"), env = named("env", "from-env");
  named("home/.kube/config", "from-home");
  const Variable home("HOME", folder.Path("home").c_str());
  const Variable host("KUBERNETES_SERVICE_HOST", nullptr), port("KUBERNETES_SERVICE_PORT", nullptr);
  {
    const Variable kubeconfig("KUBECONFIG", env.c_str());
    CHECK(LoadConfig(flag)->ns == "from-flag");
    CHECK(LoadConfig("")->ns == "from-env");
  }
  const Variable kubeconfig("KUBECONFIG", nullptr);
  CHECK(LoadConfig("")->ns == "from-home");
  {
    const Variable in_pod("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    CHECK_THAT(LoadConfig("").error().message, Catch::Contains("KUBERNETES_SERVICE_PORT"));
  }
}

TEST_CASE("of several files in KUBECONFIG the first one's word counts") {
  const Folder folder;
  const std::string first = folder.Write(
      "a/first",
      "current-context: mine\ncontexts: [{name: mine, context: {cluster: here, user: ada, namespace: a}}]\n"
      "users: [{name: ada, user: {tokenFile: secret}}]\n");
  const std::string second = folder.Write("b/second", Kubeconfig(kCluster, kUser));
  folder.Write("a/secret", "from-a");
  const Variable kubeconfig("KUBECONFIG", (folder.Path("none") + ":" + first + "::" + second).c_str());
  const auto config = LoadConfig("");
  REQUIRE(config);
  CHECK(config->ns == "a");
  CHECK(config->endpoint.url == "https://127.0.0.1:6443");  // only the second file has the cluster
  CHECK(config->endpoint.bearer_token() == "from-a");       // beside the file that names it
  CHECK(LoadConfig("", "lab")->ns == "team-a");
  CHECK_THAT(LoadConfig("", "other").error().message,
             Catch::Contains(first + ":" + second + ": contexts[other]"));
  const Variable nowhere("KUBECONFIG", (folder.Path("x") + ":" + folder.Path("y")).c_str());
  CHECK(LoadConfig("").error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a program named by the file says who we are, where that is allowed") {
  const Folder folder;
  const std::string program = folder.Write("plugins/who", R"(#!/bin/sh
case "$KUBERNETES_EXEC_INFO" in *'"server":"https://127.0.0.1:6443"'*) ;; *) exit 3 ;; esac
echo run >> "$(dirname "$0")/runs"
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s-%s"}}' "$1" "$WHO"
)");
  fs::permissions(program, fs::perms::owner_all);
  const std::string user =
      "    exec: {apiVersion: client.authentication.k8s.io/v1, command: plugins/who, args: [token], "
      "interactiveMode: "
      "Never, provideClusterInfo: true, env: [{name: WHO, value: ada}]}\n";
  const std::string path = folder.Write("config", Kubeconfig(kCluster, user));
  CHECK_THAT(LoadKubeconfig(path).error().message, Catch::EndsWith("users[ada].user.exec: is not supported"));
  const auto config = LoadKubeconfig(path, {}, Plugins::kRun);
  REQUIRE(config);
  CHECK(config->endpoint.bearer_token() == "token-ada");
  CHECK(config->endpoint.bearer_token() == "token-ada");
  CHECK(fs::file_size(folder.Path("plugins/runs")) == 4);  // once: it does not expire
}

TEST_CASE("a program that gives nothing is said by the field that names it") {
  struct Row {
    std::string exec, says;
    ErrorKind kind;
  };
  const std::string version = "apiVersion: client.authentication.k8s.io/v1";
  const auto row = GENERATE_COPY(
      Row{"[a]", "exec: expected a map", ErrorKind::kInvalid},
      Row{"{" + version + "}", "exec.command: is missing", ErrorKind::kInvalid},
      Row{"{apiVersion: client.authentication.k8s.io/v1alpha1, command: 'true'}", "exec.apiVersion",
          ErrorKind::kInvalid},
      Row{"{" + version + ", command: 'true', args: x}", "exec.args", ErrorKind::kInvalid},
      Row{"{" + version + ", command: 'true', env: [x]}", "exec.env", ErrorKind::kInvalid},
      Row{"{" + version + ", command: /nowhere/at-all, installHint: Ask ada.}",
          "No such file or directory. Ask ada.", ErrorKind::kForbidden},
      Row{"{" + version + ", command: 'false'}", "exit code 1", ErrorKind::kForbidden},
      Row{"{" + version + ", command: 'true'}", "printed no ExecCredential", ErrorKind::kForbidden});
  const Folder folder;
  const std::string path = folder.Write("config", Kubeconfig(kCluster, "    exec: " + row.exec + "\n"));
  const auto config = LoadKubeconfig(path, {}, Plugins::kRun);
  REQUIRE_FALSE(config);
  CHECK(config.error().kind == row.kind);
  CHECK_THAT(config.error().message, Catch::StartsWith(path + ": users[ada].user.exec"));
  CHECK_THAT(config.error().message, Catch::Contains(row.says));
}

TEST_CASE("a token in the file goes before a program, and no program is asked over plain http") {
  const Folder folder;
  const std::string exec = "    exec: {apiVersion: client.authentication.k8s.io/v1, command: 'false'}\n";
  const auto both =
      LoadKubeconfig(folder.Write("both", Kubeconfig(kCluster, kUser + exec)), {}, Plugins::kRun);
  REQUIRE(both);
  CHECK(both->endpoint.bearer_token() == "sesame");
  const auto plain =
      LoadKubeconfig(folder.Write("plain", Kubeconfig("    server: http://a\n", exec)), {}, Plugins::kRun);
  CHECK_THAT(plain.error().message, Catch::EndsWith("users[ada].user.exec: must not go over plain http"));
}

TEST_CASE("a file is looked at once a second, and read again when it was replaced") {
  const Folder folder;
  MonotonicTime now{std::chrono::hours(1)};
  const std::string path = folder.Write("token", "one");
  const auto file = WatchedFile::Open(path, 100, [&] { return now; });
  REQUIRE(file);
  CHECK((*file)->Content() == "one");
  fs::rename(folder.Write("new", "two"), path);
  now += std::chrono::milliseconds(999);
  CHECK((*file)->Content() == "one");
  now += std::chrono::milliseconds(1);
  CHECK((*file)->Content() == "two");
  fs::remove(path);
  now += std::chrono::seconds(2);
  CHECK((*file)->Content() == "two");  // in the middle of a rotation
  folder.Write("token", "");
  now += std::chrono::seconds(2);
  CHECK((*file)->Content() == "two");
  folder.Write("token", "three");
  now += std::chrono::seconds(2);
  CHECK((*file)->Content() == "three");
}

TEST_CASE("a small file takes little memory, whatever it might have been") {
  const Folder folder;
  const auto content = ReadSmallFile(folder.Write("token", "sesame"), 1 << 20);
  REQUIRE(content);
  CHECK(*content == "sesame");
  CHECK(content->capacity() < 1024);
}

TEST_CASE("a file behind a link that was switched is read again, as Kubernetes switches mounted Secrets") {
  const Folder folder;
  MonotonicTime now{std::chrono::hours(1)};
  folder.Write("a/token", "one");
  folder.Write("b/token", "two");
  fs::create_directory_symlink("a", folder.Path("data"));
  const auto file = WatchedFile::Open(folder.Path("data/token"), 100, [&] { return now; });
  fs::create_directory_symlink("b", folder.Path("next"));
  fs::rename(folder.Path("next"), folder.Path("data"));
  now += std::chrono::seconds(1);
  CHECK((*file)->Content() == "two");
}

}  // namespace marea::kube
