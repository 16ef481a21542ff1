// What a client brings to a TLS handshake: whom it trusts and who it is. Over OpenSSL (client_tls.cpp);
// whoever owns an SSL_CTX applies it there.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace marea::http {

struct TlsMaterial {
  std::string ca_pem;           // the only CAs that are trusted, intermediate ones included
  std::string certificate_pem;  // ours, with its chain; empty: none
  std::string key_pem;
  friend bool operator==(const TlsMaterial&, const TlsMaterial&) = default;
};

// Immutable but for the note of the last refusal; every function may be called from any thread.
class ClientTls {
 public:
  // `host` is the DNS name or IP address that the server's certificate must be for.
  // Errors: kInvalid, saying which of the texts cannot be used and why.
  static Result<std::shared_ptr<const ClientTls>> Make(const TlsMaterial& material, std::string host);
  ~ClientTls();

  // TLS 1.2 or newer, our CAs instead of any the context has, our certificate; the chain and the host are
  // verified whatever callbacks stand in the context later, and why a server was refused is noted. False:
  // OpenSSL refused.
  bool Apply(ssl_ctx_st* context) const;

  // Why the last refused server was refused: "certificate has expired (CN=...)". Empty: none was.
  std::string LastRefusal() const;

 private:
  struct Impl;
  explicit ClientTls(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The words for a code of OpenSSL's TLS part ("wrong version number"); empty when it is not one.
std::string TlsReason(long code);
bool IsVerificationFailure(long code);

}  // namespace marea::http
