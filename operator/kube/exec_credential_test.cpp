#include "kube/exec_credential.hpp"

#include <catch2/catch.hpp>

#include "base/crypto.hpp"
#include "kube/base64.hpp"

namespace marea::kube {

namespace {

constexpr const char* kVersion = "client.authentication.k8s.io/v1";

ExecPlugin Shell(const std::string& script) {
  ExecPlugin plugin;
  plugin.command = "sh";
  plugin.arguments = {"-c", script};
  plugin.api_version = kVersion;
  plugin.information = "{}";
  return plugin;
}

std::string Printed(const std::string& status, const std::string& version = kVersion) {
  return R"({"apiVersion":")" + version + R"(","kind":"ExecCredential","status":{)" + status + "}}";
}

}  // namespace

TEST_CASE("what a plugin prints comes back, with its environment and without an input") {
  auto plugin = Shell("cat; echo \"$HOME|$KUBERNETES_EXEC_INFO|$WHO\"");
  plugin.environment = {{"WHO", "ada"}, {"HOME", "/home/of/its/own"}};
  CHECK(RunPlugin(plugin).value() == "/home/of/its/own|{}|ada\n");
}

TEST_CASE("a plugin that fails, is killed or never ends printing is an error") {
  CHECK_THAT(RunPlugin(Shell("exit 7")).error().message, Catch::Contains("exit code 7"));
  CHECK_THAT(RunPlugin(Shell("kill -9 $$")).error().message, Catch::Contains("signal 9"));
  CHECK_THAT(RunPlugin(Shell("exec cat /dev/zero")).error().message,
             Catch::Contains("more than a credential"));
  CHECK(RunPlugin(Shell("exit 7")).error().kind == ErrorKind::kForbidden);
}

TEST_CASE("a credential is a token, a certificate with its key, or both") {
  const auto plugin = Shell("");
  const auto token =
      ReadCredential(Printed(R"("token":"sesame","expirationTimestamp":"2026-11-21T09:00:00Z")"), plugin);
  REQUIRE(token);
  CHECK(token->token == "sesame");
  CHECK(token->expires == ParseTime("2026-11-21T09:00:00Z").value());
  const auto certificate = ReadCredential(
      Printed(R"("clientCertificateData":"PEM","clientKeyData":"KEY","expirationTimestamp":null)"), plugin);
  REQUIRE(certificate);
  CHECK(certificate->certificate_pem == "PEM");
  CHECK(certificate->key_pem == "KEY");
  CHECK_FALSE(certificate->expires);
}

TEST_CASE("anything else is no credential, and no secret is in the words") {
  const auto text =
      GENERATE(as<std::string>{}, "", "null", "[]", "sesame", "{\"kind\":\"ExecCredential\"}", Printed(""),
               Printed(R"("token":7)"), Printed(R"("clientCertificateData":"sesame")"),
               Printed(R"("token":"sesame")", "client.authentication.k8s.io/v1beta1"));
  const auto credential = ReadCredential(text, Shell(""));
  REQUIRE_FALSE(credential);
  CHECK(credential.error().kind == ErrorKind::kForbidden);
  CHECK_THAT(credential.error().message, !Catch::Contains("sesame"));
}

TEST_CASE("a credential is kept until just before it expires") {
  Time now = ParseTime("2026-11-21T09:00:00Z").value();
  int runs = 0;
  bool broken = false;
  CredentialCache cache(
      Shell(""),
      [&](const ExecPlugin&) -> Result<std::string> {
        if (broken) return Fail(ErrorKind::kForbidden, "logged out");
        return Printed(R"("token":"t)" + std::to_string(++runs) + R"(","expirationTimestamp":")" +
                       FormatTime(now + std::chrono::minutes(10)) + "\"");
      },
      [&] { return now; });
  CHECK(cache.Get()->token == "t1");
  now += std::chrono::minutes(9);
  CHECK(cache.Get()->token == "t1");
  now += std::chrono::seconds(50);
  CHECK(cache.Get()->token == "t2");
  broken = true;
  now += std::chrono::hours(1);
  CHECK(cache.Get()->token == "t2");  // the server says what it thinks of it
}

TEST_CASE("the first credential that cannot be had is an error") {
  CredentialCache cache(Shell(""), [](const ExecPlugin&) -> Result<std::string> {
    return Fail(ErrorKind::kForbidden, "logged out");
  });
  CHECK(cache.Get().error().message == "logged out");
}

TEST_CASE("a plugin that wants to know is told of the cluster") {
  CHECK(
      ExecInformation(kVersion, true, {}, {}, {}) ==
      R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":true}})");
  CHECK_THAT(
      ExecInformation(kVersion, false, "https://a", "b", "PEM"),
      Catch::Contains(
          R"("cluster":{"server":"https://a","tls-server-name":"b","certificate-authority-data":"UEVN"})"));
}

TEST_CASE("base64 there and back") {
  const auto [bytes, text] = GENERATE(table<std::string, std::string>({{"", ""},
                                                                       {"f", "Zg=="},
                                                                       {"fo", "Zm8="},
                                                                       {"foo", "Zm9v"},
                                                                       {"foob", "Zm9vYg=="},
                                                                       {"\xff\xfe", "//4="}}));
  CHECK(Base64Encode(bytes) == text);
  CHECK(Base64Decode(text).value() == bytes);
}

}  // namespace marea::kube
