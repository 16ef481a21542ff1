#include "http/self_signed.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

namespace marea::http {

namespace {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;

bool IsAddress(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> buffer;
  return inet_pton(AF_INET, name.c_str(), buffer.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), buffer.data()) == 1;
}

// Not DNS names with a comma or a colon in them: OpenSSL's configuration language would read further fields
// there.
bool IsPlain(const std::string& name) {
  return !name.empty() &&
         (IsAddress(name) || name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                    "0123456789.-*") == std::string::npos);
}

std::string AlternativeNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ',';
    text += (IsAddress(name) ? "IP:" : "DNS:") + name;
  }
  return text;
}

bool Extend(X509* certificate, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool SetSerial(X509* certificate) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) == 1;
}

bool SetValidity(X509* certificate, Time from, Time until) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), std::chrono::system_clock::to_time_t(from)) !=
             nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), std::chrono::system_clock::to_time_t(until)) !=
             nullptr;
}

bool SetName(X509* certificate) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>("marea self-signed");
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

template <class Write>
std::string Pem(Write write) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || write(memory.get()) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

Result<CertificateAndKey> MakeSelfSigned(const std::vector<std::string>& names, Time from, Time until) {
  const auto refused = [] {
    ERR_clear_error();
    return Fail(ErrorKind::kInternal, "a self-signed certificate could not be made");
  };
  for (const std::string& name : names) {
    if (!IsPlain(name)) return refused();
  }
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  const bool made = key && certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    SetSerial(certificate.get()) && SetValidity(certificate.get(), from, until) &&
                    SetName(certificate.get()) && X509_set_pubkey(certificate.get(), key.get()) == 1 &&
                    Extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE") &&
                    Extend(certificate.get(), NID_subject_alt_name, AlternativeNames(names)) &&
                    // All share one subject; these tell them apart where several are trusted.
                    Extend(certificate.get(), NID_subject_key_identifier, "hash") &&
                    Extend(certificate.get(), NID_authority_key_identifier, "keyid:always") &&
                    X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  if (!made) return refused();
  CertificateAndKey pair{
      .certificate_pem = Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate.get()); }),
      .key_pem = Pem([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
      }),
  };
  if (pair.certificate_pem.empty() || pair.key_pem.empty()) return refused();
  return pair;
}

}  // namespace marea::http
