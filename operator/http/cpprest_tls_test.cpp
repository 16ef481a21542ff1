// Whom the cpprest transport trusts, and who it says it is.
#include <catch2/catch.hpp>

#include "http/transport_test_kit.hpp"

using namespace marea;
using namespace marea::http;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

void SayOk(Peer& peer) {
  while (!peer.ReadMessage().empty()) peer.Answer(200, "ok");
}

// Why a call and a stream over this endpoint fail; the two must agree.
std::string Refusal(const Endpoint& endpoint) {
  CppRestTransport transport(endpoint);
  const auto answer = Ask(transport, Get("/api"));
  if (answer) return "not refused";
  CHECK(answer.error().kind == ErrorKind::kUnavailable);
  const auto recorder = std::make_shared<Recorder>();
  const auto stream = transport.Open(Get("/api"), Into(recorder));
  if (!recorder->WaitFor([](const Told& told) { return !told.ends.empty(); }))
    return "the stream was not refused";
  const Told told = recorder->Get();
  CHECK(told.heads.empty());
  if (told.ends[0]) return "the stream was not refused";
  CHECK(told.ends[0].error().message == answer.error().message);
  return answer.error().message;
}

}  // namespace

TEST_CASE("TLS: the right CA is trusted, beside others in the same file") {
  ScriptedServer server(Loopback(), SayOk);
  const std::string other = TestCertificate({"elsewhere.example"}).certificate_pem;
  CppRestTransport transport(
      EndpointOf(server, other + "some words between\n" + LoopbackCertificate().certificate_pem));
  CHECK(Ask(transport, Get("/")));
}

TEST_CASE("TLS: a server that cannot be trusted is Unavailable, and the message says why") {
  SECTION("wrong CA") {
    ScriptedServer server(Loopback(), SayOk);
    const auto other = TestCertificate({"localhost", "127.0.0.1"});
    CHECK_THAT(Refusal(EndpointOf(server, other.certificate_pem)),
               Contains("GET " + server.url() +
                        "/api: the server's certificate is not trusted: self-signed certificate"));
  }
  SECTION("expired") {
    const auto expired = TestCertificate({"127.0.0.1"}, -48h);
    ScriptedServer server({.identity = expired, .client_ca = {}}, SayOk);
    CHECK_THAT(Refusal(EndpointOf(server, expired.certificate_pem)), Contains("certificate has expired"));
  }
  SECTION("not valid yet") {
    const auto early = TestCertificate({"127.0.0.1"}, 48h);
    ScriptedServer server({.identity = early, .client_ca = {}}, SayOk);
    CHECK_THAT(Refusal(EndpointOf(server, early.certificate_pem)), Contains("certificate is not yet valid"));
  }
  SECTION("for another host") {
    const auto other = TestCertificate({"elsewhere.example", "127.0.0.2"});
    ScriptedServer server({.identity = other, .client_ca = {}}, SayOk);
    CHECK_THAT(Refusal(EndpointOf(server, other.certificate_pem)), Contains("IP address mismatch"));
    auto endpoint = EndpointOf(server, other.certificate_pem);
    endpoint.server_name = "kubernetes.default.svc";
    CHECK_THAT(Refusal(endpoint), Contains("hostname mismatch"));
  }
  SECTION("not speaking TLS") {
    ScriptedServer server({.identity = {}, .client_ca = {}}, [](Peer& peer) {
      peer.Answer(400, "plain words");
      peer.WaitForClose();
    });
    auto endpoint = EndpointOf(server);
    endpoint.url.replace(0, 4, "https");
    CHECK_THAT(Refusal(endpoint), Contains("TLS: ") && Contains("wrong version number"));
  }
}

TEST_CASE("TLS: settings that cannot be used are Unavailable, and the message says which") {
  ScriptedServer server(Loopback(), SayOk);
  auto endpoint = EndpointOf(server);
  SECTION("no CA") {
    endpoint.ca_pem = nullptr;
    CHECK_THAT(Refusal(endpoint), Contains("https needs a CA to trust"));
  }
  SECTION("an empty CA file") {
    endpoint.ca_pem = [] { return std::string(); };
    CHECK_THAT(Refusal(endpoint), Contains("the CA certificate cannot be used"));
  }
  SECTION("half a CA file") {
    endpoint.ca_pem = [] {
      return LoopbackCertificate().certificate_pem + "-----BEGIN CERTIFICATE-----\nMIIB";
    };
    CHECK_THAT(Refusal(endpoint), Contains("the CA certificate cannot be used"));
  }
  SECTION("the key of another certificate") {
    endpoint.client_certificate_pem = [] { return LoopbackCertificate().certificate_pem; };
    endpoint.client_key_pem = [] { return TestCertificate({"me"}).key_pem; };
    CHECK_THAT(Refusal(endpoint), Contains("the client key with this client certificate cannot be used"));
  }
  SECTION("no key") {
    endpoint.client_certificate_pem = [] { return LoopbackCertificate().certificate_pem; };
    CHECK_THAT(Refusal(endpoint), Contains("the client key cannot be used"));
  }
}

TEST_CASE("TLS: server_name is what the certificate must be for, and what the server is told") {
  const auto named = TestCertificate({"kubernetes.default.svc"});
  Watched<std::string> told;
  ScriptedServer server({.identity = named, .client_ca = {}}, [&](Peer& peer) {
    told.Update([&](std::string& name) { name = peer.ServerName(); });
    SayOk(peer);
  });
  auto endpoint = EndpointOf(server, named.certificate_pem);
  endpoint.server_name = "kubernetes.default.svc";
  CppRestTransport transport(std::move(endpoint));
  CHECK(Ask(transport, Get("/")));
  CHECK(told.Get() == "kubernetes.default.svc");
}

TEST_CASE("TLS: a host name in the URL") {
  ScriptedServer server(Loopback(), SayOk);
  auto endpoint = EndpointOf(server);
  endpoint.url = "https://localhost:" + std::to_string(server.port());
  CppRestTransport transport(std::move(endpoint));
  CHECK(Ask(transport, Get("/")));
}

TEST_CASE("TLS: the client certificate is presented to a server that demands one") {
  const auto me = TestCertificate({"me"});
  auto options = Loopback();
  options.client_ca = me.certificate_pem;
  Watched<std::string> presented;
  ScriptedServer server(options, [&](Peer& peer) {
    presented.Update([&](std::string& pem) { pem = peer.PeerCertificate(); });
    SayOk(peer);
  });
  auto endpoint = EndpointOf(server);
  {
    // With TLS 1.3 the client is through before the server has looked: which words it breaks with is chance.
    CppRestTransport nobody(endpoint);
    const auto answer = Ask(nobody, Get("/"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::kUnavailable);
  }
  endpoint.client_certificate_pem = [&] { return me.certificate_pem; };
  endpoint.client_key_pem = [&] { return me.key_pem; };
  CppRestTransport transport(endpoint);
  CHECK(Ask(transport, Get("/")));
  CHECK(presented.Get() == me.certificate_pem);
}

TEST_CASE("TLS: files that change take effect at the next call, kept connections notwithstanding") {
  const auto first = TestCertificate({"me"});
  const auto second = TestCertificate({"me"});
  auto options = Loopback();
  options.client_ca = first.certificate_pem + second.certificate_pem;
  Watched<std::string> presented;
  ScriptedServer server(options, [&](Peer& peer) {
    while (!peer.ReadMessage().empty()) {
      presented.Update([&](std::string& pem) { pem = peer.PeerCertificate(); });
      peer.Answer(200, "ok");
    }
  });
  struct Files {
    std::string ca = LoopbackCertificate().certificate_pem;
    CertificateAndKey mine;
  };
  const auto files = std::make_shared<Watched<Files>>();
  files->Update([&](Files& now) { now.mine = first; });
  Endpoint endpoint;
  endpoint.url = server.url();
  endpoint.ca_pem = [files] { return files->Get().ca; };
  endpoint.client_certificate_pem = [files] { return files->Get().mine.certificate_pem; };
  endpoint.client_key_pem = [files] { return files->Get().mine.key_pem; };
  CppRestTransport transport(std::move(endpoint));

  REQUIRE(Ask(transport, Get("/")));
  CHECK(presented.Get() == first.certificate_pem);

  files->Update([&](Files& now) { now.mine = second; });
  REQUIRE(Ask(transport, Get("/")));
  CHECK(presented.Get() == second.certificate_pem);

  files->Update([&](Files& now) { now.ca = second.certificate_pem; });
  const auto mistrusted = Ask(transport, Get("/"));
  REQUIRE_FALSE(mistrusted);
  CHECK_THAT(mistrusted.error().message, Contains("not trusted"));

  files->Update([&](Files& now) { now.ca = LoopbackCertificate().certificate_pem; });
  CHECK(Ask(transport, Get("/")));
}
