// Kubeconfigs: any file gives a configuration that trusts nobody by accident, or an error that names the
// file.
#include <algorithm>

#include "fuzz/law.hpp"
#include "kube/config.hpp"

namespace {

using namespace marea;
using namespace marea::fuzz;

constexpr const char* kPath = "there/is/no/such/folder/config";  // so that no file of this machine is read

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  // yaml-cpp's tree has a price for each value, however short; it is their number that has a bound.
  const auto config =
      Bounded(std::max(size, std::size_t{16} << 10), [&] { return kube::ReadKubeconfig(text, kPath); });
  if (!config) {
    Require(config.error().message.starts_with(kPath), "an error names the file");
    const ErrorKind kind = config.error().kind;
    Require(kind == ErrorKind::kInvalid || kind == ErrorKind::kNotFound,
            "a bad file is invalid or incomplete");
    return 0;
  }
  const http::Endpoint& endpoint = config->endpoint;
  const bool tls = endpoint.url.starts_with("https://");
  Require(tls || endpoint.url.starts_with("http://"), "a server is reached by http");
  Require(!config->ns.empty(), "there is always a namespace");
  Require(static_cast<bool>(endpoint.ca_pem) == tls, "TLS has an authority, and nothing else has");
  Require(tls || !(endpoint.bearer_token || endpoint.client_certificate_pem),
          "no credentials go in the clear");
  Require(static_cast<bool>(endpoint.client_key_pem) == static_cast<bool>(endpoint.client_certificate_pem),
          "a certificate has its key");
  return 0;
}
