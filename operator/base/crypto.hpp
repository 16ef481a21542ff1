// The few cryptographic functions Marea needs, over OpenSSL (crypto.cpp is the only file of base that
// includes it).
#pragma once

#include <string>
#include <string_view>

namespace marea {

std::string Sha256Hex(std::string_view data);  // 64 lower-case hex digits

// base64url without padding (RFC 4648 section 5) of HMAC-SHA256 (RFC 2104).
std::string HmacSha256Base64Url(std::string_view key, std::string_view data);

std::string Base64Encode(std::string_view data);  // standard alphabet, padded: Secret.data

}  // namespace marea
