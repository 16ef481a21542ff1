// Where the API server is and who we are: from a kubeconfig file or from inside a pod. yaml-cpp stays in
// config.cpp and strict_yaml.cpp.
#pragma once

#include <string>

#include "base/result.hpp"
#include "http/cpprest_transport.hpp"

namespace marea::kube {

struct Config {
  http::Endpoint endpoint;  // files behind it are looked at once a second, and read again when they change
  std::string ns;           // the context's or the pod's namespace; "default" when it says none
};

// Whether a kubeconfig may name a program that is run to say who we are: for people's commands, which trust
// the file as kubectl does.
enum class Plugins { kRefused, kRun };

// The current context (or `context`) of a kubeconfig file. Supports certificate-authority(-data),
// client-certificate(-data), client-key(-data), token, tokenFile, tls-server-name, exec (with Plugins::kRun);
// names of files are relative to the kubeconfig's folder. Refused with the field's name:
// insecure-skip-tls-verify, auth-provider plugins, username/password, impersonation (as…), proxy-url, https
// without a certificate authority, credentials over http. And: YAML aliases, duplicate keys, files over 1 MiB
// or 10,000 values.
// Errors: kNotFound when the file, the context or what it names is missing, kForbidden when the plugin gives
// no credential, kInvalid otherwise; the message names file and field.
Result<Config> LoadKubeconfig(const std::string& path, const std::string& context = {},
                              Plugins plugins = Plugins::kRefused);

// The same from the text that the file holds.
Result<Config> ReadKubeconfig(const std::string& text, const std::string& path,
                              const std::string& context = {}, Plugins plugins = Plugins::kRefused);

// From KUBERNETES_SERVICE_HOST/PORT and the mounted service account. `root` stands before the usual paths in
// tests.
Result<Config> LoadInCluster(const std::string& root = {});

// `path` if not empty, else $KUBECONFIG, else inside a pod, else ~/.kube/config. $KUBECONFIG may name several
// files, with colons in between: of what several say, the first one's word counts.
Result<Config> LoadConfig(const std::string& path, const std::string& context = {},
                          Plugins plugins = Plugins::kRefused);

}  // namespace marea::kube
