// Certificates made on the spot, over OpenSSL (self_signed.cpp): for a server that was given none.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace marea::http {

struct CertificateAndKey {
  std::string certificate_pem;
  std::string key_pem;
};

// A self-signed certificate with a new P-256 key, valid in [from, until], for `names`: DNS names or IP
// addresses. It may stand for a server, for a client, and as its own CA. Errors: kInternal when OpenSSL
// refuses (bad names).
Result<CertificateAndKey> MakeSelfSigned(const std::vector<std::string>& names, Time from, Time until);

}  // namespace marea::http
