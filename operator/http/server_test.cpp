#include "http/server.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "http/transport_test_kit.hpp"

using namespace marea;
using namespace marea::http;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using Reply = std::function<void(ServerAnswer)>;
using Clock = std::chrono::steady_clock;

namespace {

// A directory of its own, gone with the test.
struct Directory {
  std::filesystem::path path;
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "marea-server-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // In place of what was there, in one step, as a mounted Secret changes.
  std::string Write(const std::string& name, const std::string& text) const {
    const std::string file = path / name;
    std::ofstream(file + ".new") << text;
    std::filesystem::rename(file + ".new", file);
    return file;
  }
};

ServerOptions WithFiles(const Directory& directory, const CertificateAndKey& pair) {
  ServerOptions options;
  options.certificate_file = directory.Write("tls.crt", pair.certificate_pem);
  options.key_file = directory.Write("tls.key", pair.key_pem);
  return options;
}

std::unique_ptr<Server> Started(ServerOptions options, ServerHandler handler) {
  auto server = Server::Start(std::move(options), std::move(handler));
  INFO((server ? "" : server.error().message));
  REQUIRE(server);
  return std::move(*server);
}

// 200 for what is there, 404 for the rest.
void Pages(const ServerRequest& request, const Reply& reply) {
  if (request.path == "/livez") return reply({.body = "ok\n"});
  if (request.path == "/metrics")
    return reply({.content_type = "text/plain; version=0.0.4", .body = "up 1\n"});
  reply({.status = 404, .body = "no such page\n"});
}

Endpoint EndpointOf(const Server& server, const std::string& ca, const std::string& host = "127.0.0.1") {
  Endpoint endpoint;
  endpoint.url = "https://" + host + ":" + std::to_string(server.port());
  endpoint.ca_pem = [ca] { return ca; };
  return endpoint;
}

// The answer to these bytes, until the server closes.
std::string Say(const Server& server, const std::string& bytes) {
  const auto peer = Connect(server.port());
  REQUIRE(peer);
  peer->Write(bytes);
  return peer->ReadAll();
}

}  // namespace

TEST_CASE("server: pages over TLS, to the transport itself") {
  const Directory directory;
  const auto server = Started(WithFiles(directory, LoopbackCertificate()), Pages);
  CppRestTransport transport(EndpointOf(*server, LoopbackCertificate().certificate_pem));
  const auto health = Ask(transport, Get("/livez?verbose=1"));
  REQUIRE(health);
  CHECK(health->status == 200);
  CHECK(health->body == "ok\n");
  CHECK(health->headers.at("content-type") == "text/plain; charset=utf-8");
  const auto metrics = Ask(transport, Get("/metrics"));
  REQUIRE(metrics);
  CHECK(metrics->headers.at("content-type") == "text/plain; version=0.0.4");
  const auto other = Ask(transport, Get("/elsewhere"));
  REQUIRE(other);
  CHECK(other->status == 404);
  CHECK(other->body == "no such page\n");
}

TEST_CASE("server: without files it has a certificate of its own, for loopback") {
  const auto server = Started({}, Pages);
  const auto peer = Connect(server->port());
  REQUIRE(peer);
  const std::string certificate = peer->PeerCertificate();
  for (const char* host : {"127.0.0.1", "localhost"}) {
    CppRestTransport transport(EndpointOf(*server, certificate, host));
    CHECK(Ask(transport, Get("/livez")));
  }
  CppRestTransport stranger(EndpointOf(*server, LoopbackCertificate().certificate_pem));
  CHECK_FALSE(Ask(stranger, Get("/livez")));
}

TEST_CASE("server: HEAD has the head of GET and no body; a connection is kept") {
  const auto server = Started({}, Pages);
  const auto peer = Connect(server->port());
  REQUIRE(peer);
  peer->Write("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK_THAT(peer->ReadMessage(), StartsWith("HTTP/1.1 200 OK\r\n") && EndsWith("\r\n\r\nok\n"));
  peer->Write("HEAD /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK_THAT(peer->ReadAll(),
             StartsWith("HTTP/1.1 200 OK\r\n") && Contains("Content-Length: 3\r\n") && EndsWith("\r\n\r\n"));
}

TEST_CASE("server: anything but GET and HEAD is 405, and the handler does not see it") {
  Watched<int> handled;
  const auto server = Started({}, [&](const ServerRequest& request, const Reply& reply) {
    handled.Update([](int& n) { ++n; });
    Pages(request, reply);
  });
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW"}) {
    CHECK_THAT(
        Say(*server, method + std::string(" /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")),
        StartsWith("HTTP/1.1 405 ") && Contains("Allow: GET, HEAD\r\n"));
  }
  CHECK(handled.Get() == 0);
}

TEST_CASE("server: what is no proper request is refused, and the connection closed") {
  const auto server = Started({}, Pages);
  CHECK_THAT(Say(*server, "GET /livez HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"),
             StartsWith("HTTP/1.1 431 "));
  CHECK_THAT(Say(*server, "GET /livez HTTP/1.1\r\nContent-Length: 99999\r\n\r\n"),
             StartsWith("HTTP/1.1 413 "));
  CHECK_THAT(Say(*server, "nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_CASE(
    "server: connections that say nothing, or not enough, do not block others, and are closed in time") {
  ServerOptions options;
  options.idle_timeout = 300ms;
  const auto server = Started(options, Pages);
  const auto mute = Connect(server->port(), /*tls=*/false);  // no handshake ever
  const auto slow = Connect(server->port());
  const auto idle = Connect(server->port());
  REQUIRE((mute && slow && idle));
  slow->Write("GET /livez HT");
  const auto start = Clock::now();
  CHECK_THAT(Say(*server, "GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n"),
             StartsWith("HTTP/1.1 200 OK\r\n"));
  CHECK(slow->ReadAll().empty());
  CHECK(idle->ReadAll().empty());
  CHECK(Clock::now() - start < 10s);
}

TEST_CASE("server: the bearer token comes with the request; who must bring one is told how") {
  const auto server = Started({}, [](const ServerRequest& request, const Reply& reply) {
    if (request.bearer_token.empty()) return reply({.status = 401, .body = "who are you?\n"});
    reply({.body = "<" + request.bearer_token + ">"});
  });
  const auto with = [&](const std::string& header) {
    return Say(*server, "GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + "\r\n");
  };
  CHECK_THAT(with("Authorization: Bearer abc.DEF-1\r\n"), EndsWith("<abc.DEF-1>"));
  CHECK_THAT(with("authorization: bearer   abc\r\n"), EndsWith("<abc>"));
  for (const char* none :
       {"", "Authorization: Basic YTpi\r\n", "Authorization: Bearer\r\n", "Authorization: abc\r\n"})
    CHECK_THAT(with(none), StartsWith("HTTP/1.1 401 ") && Contains("WWW-Authenticate: Bearer\r\n"));
}

TEST_CASE("server: a reply may come from any thread, counts once, and one that does not come is 503") {
  Watched<std::vector<Reply>> kept;
  ServerOptions options;
  options.handler_timeout = 200ms;
  std::vector<std::thread> threads;
  auto server = Started(options, [&](const ServerRequest& request, Reply reply) {
    if (request.path == "/thread") {
      threads.emplace_back([reply] {
        reply({.body = "from a thread\n"});
        reply({.body = "and again\n"});
      });
    } else {
      kept.Update([&](auto& all) { all.push_back(std::move(reply)); });
    }
  });
  const auto peer = Connect(server->port());
  REQUIRE(peer);
  const auto get = [&](const std::string& path) {
    peer->Write("GET " + path + " HTTP/1.1\r\n\r\n");
    return peer->ReadMessage();
  };
  CHECK_THAT(get("/thread"), EndsWith("from a thread\n"));
  CHECK_THAT(get("/never"), StartsWith("HTTP/1.1 503 "));
  kept.Get().at(0)({.body = "too late\n"});
  CHECK_THAT(get("/thread"), EndsWith("from a thread\n"));
  for (std::thread& thread : threads) thread.join();

  // A reply when the server is gone.
  server.reset();
  kept.Get().at(0)({.body = "much too late\n"});
}

TEST_CASE(
    "server: beyond max_connections a new one is closed at once; a place that is free again is given away") {
  ServerOptions options;
  options.max_connections = 2;
  const auto server = Started(options, Pages);
  auto first = Connect(server->port());
  auto second = Connect(server->port());
  REQUIRE((first && second));
  CHECK(Connect(server->port()) == nullptr);
  first.reset();
  std::unique_ptr<Peer> next;
  const auto limit = Clock::now() + 10s;
  while (!next && Clock::now() < limit) next = Connect(server->port());
  CHECK(next);
}

TEST_CASE("server: changed certificate files serve the next connection; broken ones change nothing") {
  const Directory directory;
  const auto server = Started(WithFiles(directory, LoopbackCertificate()), Pages);
  const auto reaches = [&](const std::string& ca) {
    CppRestTransport transport(EndpointOf(*server, ca));
    return Ask(transport, Get("/livez")).has_value();
  };
  const auto renewed = TestCertificate({"127.0.0.1"});
  CHECK(reaches(LoopbackCertificate().certificate_pem));
  CHECK_FALSE(reaches(renewed.certificate_pem));

  const auto old = Connect(server->port());
  WithFiles(directory, renewed);
  CHECK(reaches(renewed.certificate_pem));
  CHECK_FALSE(reaches(LoopbackCertificate().certificate_pem));
  old->Write("GET /livez HTTP/1.1\r\n\r\n");
  CHECK_THAT(old->ReadMessage(), EndsWith("ok\n"));

  directory.Write("tls.crt", "no certificate");
  CHECK(reaches(renewed.certificate_pem));
  directory.Write("tls.crt", LoopbackCertificate().certificate_pem);  // to the other's key
  CHECK(reaches(renewed.certificate_pem));
  directory.Write("tls.key", LoopbackCertificate().key_pem);
  CHECK(reaches(LoopbackCertificate().certificate_pem));
}

TEST_CASE("server: what keeps it from starting is said") {
  const Directory directory;
  ServerOptions options;
  ErrorKind kind = ErrorKind::kInvalid;
  std::string words;
  std::unique_ptr<Server> other;
  SECTION("no such file") {
    options = WithFiles(directory, LoopbackCertificate());
    options.key_file += ".gone";
    words = "cannot read " + options.key_file;
  }
  SECTION("a file that holds something else") {
    options = WithFiles(directory, LoopbackCertificate());
    directory.Write("tls.crt", "no certificate");
    words = "server certificate: ";
  }
  SECTION("the key of another certificate") {
    options = WithFiles(directory, {LoopbackCertificate().certificate_pem, TestCertificate({"x"}).key_pem});
    words = "key";
  }
  SECTION("one file without the other") {
    options.certificate_file = directory.Write("tls.crt", LoopbackCertificate().certificate_pem);
    words = "cannot read";
  }
  SECTION("a port in use") {
    other = Started({}, Pages);
    options.port = other->port();
    kind = ErrorKind::kUnavailable;
    words = "cannot listen on 127.0.0.1 port " + std::to_string(other->port());
  }
  SECTION("no address") {
    options.address = "nowhere";
    options.certificate_file = directory.Write("tls.crt", LoopbackCertificate().certificate_pem);
    options.key_file = directory.Write("tls.key", LoopbackCertificate().key_pem);
    kind = ErrorKind::kUnavailable;
    words = "cannot listen on nowhere";
  }
  const auto server = Server::Start(options, Pages);
  REQUIRE_FALSE(server);
  CHECK(server.error().kind == kind);
  CHECK_THAT(server.error().message, Contains(words));
}

TEST_CASE("server: its destructor ends open connections and does not wait for replies") {
  Watched<std::vector<Reply>> kept;
  auto server = Started({}, [&](const ServerRequest&, Reply reply) {
    kept.Update([&](auto& all) { all.push_back(std::move(reply)); });
  });
  const auto idle = Connect(server->port());
  const auto asking = Connect(server->port());
  const auto mute = Connect(server->port(), /*tls=*/false);
  REQUIRE((idle && asking && mute));
  asking->Write("GET /livez HTTP/1.1\r\n\r\n");
  REQUIRE(kept.WaitFor([](const auto& all) { return all.size() == 1; }));
  const auto start = Clock::now();
  server.reset();
  CHECK(Clock::now() - start < 2s);
  CHECK(idle->ReadAll().empty());
  CHECK(asking->ReadAll().empty());
  CHECK(mute->ReadAll().empty());
}
