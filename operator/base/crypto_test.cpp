#include "base/crypto.hpp"

#include <catch2/catch.hpp>

using namespace marea;

TEST_CASE("SHA-256 gives the digests of FIPS 180-4", "[crypto]") {
  CHECK(Sha256Hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Sha256Hex(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("HMAC-SHA256 gives the codes of RFC 4231, in base64url without padding", "[crypto]") {
  // Test cases 1 and 2; the second text has both characters in which base64url differs.
  CHECK(HmacSha256Base64Url(std::string(20, '\x0b'), "Hi There") ==
        "sDRMYdjbOFNcqK_OrwvxK4gdwgDJgz2nJuk3bC4yz_c");
  CHECK(HmacSha256Base64Url("Jefe", "what do ya want for nothing?") ==
        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM");
  CHECK(HmacSha256Base64Url("", "") == "thNnmggU2ex3L5XXeMNfxf8Wl8STcVZTxscSFEKSxa0");
  // A key longer than a block of the hash (test case 6).
  CHECK(HmacSha256Base64Url(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "YOQxWR7gtn8Niiaqy_W3f44LxiE3KMUUBUYEDw7jf1Q");
}

TEST_CASE("base64 gives the texts of RFC 4648", "[crypto]") {
  CHECK(Base64Encode("").empty());
  CHECK(Base64Encode("f") == "Zg==");
  CHECK(Base64Encode("fo") == "Zm8=");
  CHECK(Base64Encode("foo") == "Zm9v");
  CHECK(Base64Encode("foobar") == "Zm9vYmFy");
  CHECK(Base64Encode(std::string("\0\xFF\xFE", 3)) == "AP/+");
}
