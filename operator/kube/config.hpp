// Where the API server is and who we are: from a kubeconfig file or from inside a pod. yaml-cpp stays in config.cpp.
#pragma once

#include <string>

#include "base/result.hpp"
#include "http/cpprest_transport.hpp"

namespace marea::kube {

struct Config {
  http::Endpoint endpoint;  // token, CA and client certificate files are read again when they change
  std::string ns;           // the context's or the pod's namespace; "default" when it says none
};

// The current context (or `context`) of a kubeconfig file. Supports certificate-authority(-data),
// client-certificate(-data), client-key(-data), token, tokenFile, tls-server-name. Refused with the field's name:
// insecure-skip-tls-verify, exec and auth-provider plugins, username/password, proxy-url, YAML aliases, duplicate keys,
// files over 1 MiB.
// Errors: kNotFound when the file or the context is missing, kInvalid otherwise.
Result<Config> LoadKubeconfig(const std::string& path, const std::string& context = {});

// From KUBERNETES_SERVICE_HOST/PORT and the mounted service account. `root` stands before the usual paths in tests.
Result<Config> LoadInCluster(const std::string& root = {});

// `path` if not empty, else $KUBECONFIG, else inside a pod, else ~/.kube/config.
Result<Config> LoadConfig(const std::string& path, const std::string& context = {});

}  // namespace marea::kube
