#include "http/client_tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace marea::http {

namespace {

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;

Memory Reading(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Never ask at the terminal for the passphrase of an encrypted key.
int NoPassphrase(char*, int, int, void*) {
  return 0;
}

tl::unexpected<Error> Unusable(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string message = what + " cannot be used" + (reason ? std::string(": ") + reason : std::string());
  ERR_clear_error();
  return Fail(ErrorKind::kInvalid, std::move(message));
}

Result<std::vector<Certificate>> ReadCertificates(const std::string& pem, const std::string& what) {
  ERR_clear_error();
  const Memory memory = Reading(pem);
  std::vector<Certificate> certificates;
  while (Certificate next{PEM_read_bio_X509(memory.get(), nullptr, NoPassphrase, nullptr)}) {
    // OpenSSL reads the extensions at the first use of a certificate; here, before threads share it.
    X509_check_purpose(next.get(), -1, 0);
    certificates.push_back(std::move(next));
  }
  // The end of the text shows as this error; any other, or nothing read at all, is one.
  if (certificates.empty() || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return Unusable(what);
  ERR_clear_error();
  return certificates;
}

Result<Store> ReadStore(const std::string& pem) {
  auto certificates = ReadCertificates(pem, "the CA certificate");
  if (!certificates) return tl::unexpected(std::move(certificates.error()));
  Store store(X509_STORE_new());
  for (const Certificate& certificate : *certificates) {
    if (X509_STORE_add_cert(store.get(), certificate.get()) != 1) return Unusable("the CA certificate");
  }
  // An intermediate CA may be all that is trusted, as Go's clients (kubectl) have it.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

std::string Subject(X509* certificate) {
  if (certificate == nullptr) return {};
  const Memory memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(std::min(size, 100L)));
}

// Shared with every context it was applied to: connections may outlive the client they were made for.
struct Refusals {
  std::mutex mutex;
  std::string last;
};
using SharedRefusals = std::shared_ptr<Refusals>;

int RefusalsIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr,
                                                    [](void*, void* data, CRYPTO_EX_DATA*, int, long, void*) {
                                                      delete static_cast<SharedRefusals*>(data);
                                                    });
  return index;
}

// Stands around OpenSSL's own verification, callbacks included, only to learn why it failed.
int Verify(X509_STORE_CTX* chain, void* refusals) {
  const int verified = X509_verify_cert(chain);
  if (verified > 0) return verified;
  const int error = X509_STORE_CTX_get_error(chain);
  std::string why = X509_verify_cert_error_string(error);
  const std::string subject = Subject(X509_STORE_CTX_get_current_cert(chain));
  if (!subject.empty()) why += " (" + subject + ")";
  auto* noted = static_cast<Refusals*>(refusals);
  const std::lock_guard lock(noted->mutex);
  noted->last = std::move(why);
  return 0;
}

}  // namespace

struct ClientTls::Impl {
  Store store;
  std::vector<Certificate> chain;
  Key key;
  std::string host;
  SharedRefusals refusals = std::make_shared<Refusals>();

  bool ExpectHost(SSL_CTX* context) const {
    X509_VERIFY_PARAM* expected = SSL_CTX_get0_param(context);
    // As Go: wildcards stand for a whole label, and the subject's common name counts for nothing.
    X509_VERIFY_PARAM_set_hostflags(
        expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1) return true;
    ERR_clear_error();
    return X509_VERIFY_PARAM_set1_host(expected, host.data(), host.size()) == 1;
  }

  bool Identify(SSL_CTX* context) const {
    if (chain.empty()) return true;
    return SSL_CTX_use_certificate(context, chain.front().get()) == 1 &&
           std::all_of(
               chain.begin() + 1, chain.end(),
               [&](const Certificate& link) { return SSL_CTX_add1_chain_cert(context, link.get()) == 1; }) &&
           SSL_CTX_use_PrivateKey(context, key.get()) == 1;
  }

  bool NoteRefusals(SSL_CTX* context) const {
    auto owned = std::make_unique<SharedRefusals>(refusals);
    if (SSL_CTX_set_ex_data(context, RefusalsIndex(), owned.get()) != 1) return false;
    SSL_CTX_set_cert_verify_callback(context, Verify, owned.release()->get());
    return true;
  }
};

ClientTls::ClientTls(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ClientTls::~ClientTls() = default;

Result<std::shared_ptr<const ClientTls>> ClientTls::Make(const TlsMaterial& material, std::string host) {
  auto impl = std::make_unique<Impl>();
  impl->host = std::move(host);
  auto store = ReadStore(material.ca_pem);
  if (!store) return tl::unexpected(std::move(store.error()));
  impl->store = std::move(*store);
  if (!material.certificate_pem.empty()) {
    auto chain = ReadCertificates(material.certificate_pem, "the client certificate");
    if (!chain) return tl::unexpected(std::move(chain.error()));
    impl->chain = std::move(*chain);
    impl->key.reset(PEM_read_bio_PrivateKey(Reading(material.key_pem).get(), nullptr, NoPassphrase, nullptr));
    if (!impl->key) return Unusable("the client key");
    if (X509_check_private_key(impl->chain.front().get(), impl->key.get()) != 1) {
      return Unusable("the client key with this client certificate");
    }
  }
  return std::shared_ptr<const ClientTls>(new ClientTls(std::move(impl)));
}

bool ClientTls::Apply(ssl_ctx_st* context) const {
  const bool applied = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                       impl_->ExpectHost(context) && impl_->Identify(context) && impl_->NoteRefusals(context);
  if (!applied) {
    ERR_clear_error();
    return false;
  }
  SSL_CTX_set1_cert_store(context, impl_->store.get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return true;
}

std::string ClientTls::LastRefusal() const {
  const std::lock_guard lock(impl_->refusals->mutex);
  return impl_->refusals->last;
}

std::string TlsReason(long code) {
  const auto packed = static_cast<unsigned long>(code);
  if (ERR_GET_LIB(packed) != ERR_LIB_SSL) return {};
  const char* reason = ERR_reason_error_string(packed);
  return reason ? reason : "TLS failure";
}

bool IsVerificationFailure(long code) {
  const auto packed = static_cast<unsigned long>(code);
  return ERR_GET_LIB(packed) == ERR_LIB_SSL && ERR_GET_REASON(packed) == SSL_R_CERTIFICATE_VERIFY_FAILED;
}

}  // namespace marea::http
