#include "base/crypto.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <cstdlib>

namespace marea {
namespace {

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string Sha256Hex(std::string_view data) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  // A digest that silently stays empty would give everyone the same name: better no process at all.
  if (SHA256(Bytes(data), data.size(), digest.data()) == nullptr) std::abort();
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

std::string HmacSha256Base64Url(std::string_view key, std::string_view data) {
  std::array<char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  // As above: the same token for everyone is worse than a crash.
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(data), data.size(),
           reinterpret_cast<unsigned char*>(digest.data()), &size) == nullptr) {
    std::abort();
  }
  std::string text = Base64Encode({digest.data(), size});
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::string Base64Encode(std::string_view data) {
  // EVP_EncodeBlock also writes a terminating zero.
  std::string text((data.size() + 2) / 3 * 4 + 1, '\0');
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), Bytes(data),
                                      static_cast<int>(data.size()));
  text.resize(static_cast<std::size_t>(written));
  return text;
}

}  // namespace marea
