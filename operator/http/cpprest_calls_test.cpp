// Calls over the cpprest transport, against servers that do what their script says.
#include <atomic>
#include <catch2/catch.hpp>
#include <set>

#include "http/transport_test_kit.hpp"

using namespace marea;
using namespace marea::http;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

// Answers every request of a connection with "ok".
void SayOk(Peer& peer) {
  while (!peer.ReadMessage().empty()) peer.Answer(200, "ok");
}

std::string FirstLine(const std::string& request) {
  return request.substr(0, request.find("\r\n"));
}

}  // namespace

TEST_CASE("a call: method, path, body and headers arrive as they were given, and so does the answer") {
  Watched<std::string> seen;
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    const std::string request = peer.ReadMessage();
    seen.Update([&](std::string& text) { text = request; });
    peer.Answer(201, "{\"kind\":\"Pod\"}", "Retry-After: 7\r\nX-Some-Header: Value\r\n");
  });
  CppRestTransport transport(EndpointOf(server));
  const std::string path =
      "/api/v1/namespaces/a%2Fb/pods/?limit=500&continue=eyJ2%3D%3D+x&labelSelector=a%3Db%2Cc%20in%20(d)";
  const auto answer = Ask(transport, {.method = Method::kPatch,
                                      .path = path,
                                      .body = "{\"n\":\"\xc3\xa9\"}",
                                      .content_type = "application/merge-patch+json"});
  REQUIRE(answer);
  CHECK(answer->status == 201);
  CHECK(answer->body == "{\"kind\":\"Pod\"}");
  CHECK(answer->headers.at("retry-after") == "7");
  CHECK(answer->headers.at("x-some-header") == "Value");

  const std::string request = seen.Get();
  CHECK(FirstLine(request) == "PATCH " + path + " HTTP/1.1");
  CHECK_THAT(request, Contains("Content-Type:application/merge-patch+json\r\n"));
  CHECK_THAT(request, Contains("Host: 127.0.0.1:"));
  CHECK_THAT(request, Contains("User-Agent:marea\r\n"));
  CHECK_THAT(request, !Contains("Authorization"));
  CHECK_THAT(request, Catch::Matchers::EndsWith("\r\n\r\n{\"n\":\"\xc3\xa9\"}"));
}

TEST_CASE("a call: each method by its name, answers without a body too") {
  Watched<std::vector<std::string>> seen;
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    for (std::string request; !(request = peer.ReadMessage()).empty();) {
      seen.Update([&](auto& all) { all.push_back(FirstLine(request)); });
      peer.Write("HTTP/1.1 204 No Content\r\n\r\n");
    }
  });
  CppRestTransport transport(EndpointOf(server));
  for (const Method method : {Method::kGet, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
    const auto answer = Ask(transport, {.method = method, .path = "/", .body = {}, .content_type = {}});
    REQUIRE(answer);
    CHECK(answer->status == 204);
    CHECK(answer->body.empty());
  }
  CHECK(seen.Get() == std::vector<std::string>{"GET / HTTP/1.1", "POST / HTTP/1.1", "PUT / HTTP/1.1",
                                               "PATCH / HTTP/1.1", "DELETE / HTTP/1.1"});
}

TEST_CASE("a call: any status is a value, and a redirect is not followed") {
  ScriptedServer elsewhere(Loopback(), SayOk);
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    for (std::string request; !(request = peer.ReadMessage()).empty();) {
      const int status = std::stoi(request.substr(request.find('/') + 1));
      peer.Answer(status, "because", "Location: " + elsewhere.url() + "/stolen\r\n");
    }
  });
  auto endpoint = EndpointOf(server);
  endpoint.bearer_token = [] { return std::string("secret"); };
  CppRestTransport transport(std::move(endpoint));
  for (const int status : {200, 301, 302, 307, 308, 401, 404, 409, 429, 500, 503}) {
    const auto answer = Ask(transport, Get("/" + std::to_string(status)));
    REQUIRE(answer);
    CHECK(answer->status == status);
    CHECK(answer->body == "because");
  }
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("a call: the bearer token is asked for at each request and never shown in a message") {
  Watched<std::vector<std::string>> seen;
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    for (std::string request; !(request = peer.ReadMessage()).empty();) {
      seen.Update([&](auto& all) { all.push_back(request); });
      if (FirstLine(request).find("/broken") != std::string::npos) return peer.Reset();
      peer.Answer(200, "ok");
    }
  });
  const auto token = std::make_shared<Watched<std::string>>();
  auto endpoint = EndpointOf(server);
  endpoint.bearer_token = [token] { return token->Get(); };
  CppRestTransport transport(std::move(endpoint));
  const auto use = [&](const std::string& text) { token->Update([&](std::string& value) { value = text; }); };

  use("first-secret");
  REQUIRE(Ask(transport, Get("/")));
  use("second-secret");
  REQUIRE(Ask(transport, Get("/")));
  use("");
  REQUIRE(Ask(transport, Get("/")));
  CHECK_THAT(seen.Get()[0], Contains("Authorization:Bearer first-secret\r\n"));
  CHECK_THAT(seen.Get()[1], Contains("Authorization:Bearer second-secret\r\n"));
  CHECK_THAT(seen.Get()[2], !Contains("Authorization"));

  use("third-secret");
  const auto broken = Ask(transport, Get("/broken?also=secret"));
  REQUIRE_FALSE(broken);
  CHECK(broken.error().kind == ErrorKind::kUnavailable);
  CHECK_THAT(broken.error().message, Contains("GET " + server.url() + "/broken: "));
  CHECK_THAT(broken.error().message, !Contains("secret"));

  use("split\r\nX-Injected: 1");
  const auto refused = Ask(transport, Get("/"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kUnavailable);
  CHECK_THAT(refused.error().message, !Contains("Injected"));
}

TEST_CASE("a call: what cannot be reached or breaks is Unavailable") {
  SECTION("nobody listens") {
    std::string url;
    {
      url = ScriptedServer({.identity = {}, .client_ca = {}}, SayOk).url();
    }
    Endpoint endpoint;
    endpoint.url = url;
    CppRestTransport transport(endpoint);
    const auto answer = Ask(transport, Get("/api"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::kUnavailable);
    CHECK_THAT(answer.error().message, Contains("GET " + url + "/api: Failed to connect"));
  }
  SECTION("the server resets, closes, or ends in the middle, after it has the request") {
    const int how = GENERATE(0, 1, 2, 3);
    ScriptedServer server(Loopback(), [how](Peer& peer) {
      peer.ReadMessage();
      if (how == 0) peer.Reset();
      if (how == 2) peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
      if (how == 3) {
        peer.BeginChunked();
        peer.Chunk("half");
      }
    });
    CppRestTransport transport(EndpointOf(server));
    const auto answer = Ask(transport, Get("/"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::kUnavailable);
    CHECK(server.connections() == 1);  // on a new connection nothing is sent twice
  }
  SECTION("what comes back is not HTTP") {
    ScriptedServer server(Loopback(), [](Peer& peer) {
      peer.ReadMessage();
      peer.Write("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    });
    CppRestTransport transport(EndpointOf(server));
    const auto answer = Ask(transport, Get("/"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::kUnavailable);
  }
  SECTION("the URL or the path is not one") {
    Endpoint endpoint;
    endpoint.url = "http://[nonsense";
    CppRestTransport nowhere(endpoint);
    CHECK_FALSE(Ask(nowhere, Get("/")));
    endpoint.url = "https://[::1]:6443";
    endpoint.ca_pem = [] { return LoopbackCertificate().certificate_pem; };
    CppRestTransport six(endpoint);
    const auto unsupported = Ask(six, Get("/"));
    REQUIRE_FALSE(unsupported);
    CHECK_THAT(unsupported.error().message, Contains("IPv6 addresses are not supported"));
    ScriptedServer server({.identity = {}, .client_ca = {}}, SayOk);
    CppRestTransport transport(EndpointOf(server));
    const auto answer = Ask(transport, Get("/a b?secret=1"));
    REQUIRE_FALSE(answer);
    CHECK_THAT(answer.error().message, Contains("not a valid URL") && !Contains("secret"));
  }
}

TEST_CASE("a call: no answer within its time is a Timeout, whole call counted") {
  using Clock = std::chrono::steady_clock;
  Watched<bool> over;
  SECTION("a silent server") {
    ScriptedServer server(Loopback(), [](Peer& peer) { peer.WaitForClose(); });
    CppRestTransport transport(EndpointOf(server));
    auto request = Get("/slow");
    request.timeout = 150ms;
    const auto start = Clock::now();
    const auto answer = Ask(transport, request);
    const auto took = Clock::now() - start;
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::kTimeout);
    CHECK_THAT(answer.error().message, Contains("/slow: no answer within 150 ms"));
    CHECK(took >= 150ms);
    CHECK(took < 5s);
  }
  SECTION("a server that is never silent, and never done") {
    ScriptedServer server(Loopback(), [&](Peer& peer) {
      peer.ReadMessage();
      peer.BeginChunked();
      while (peer.Chunk("more")) over.WaitFor([](bool ended) { return ended; }, 10ms);
    });
    CppRestTransport transport(EndpointOf(server));
    auto request = Get("/endless");
    request.timeout = 200ms;
    const auto answer = Ask(transport, request);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::kTimeout);
    over.Update([](bool& ended) { ended = true; });
  }
}

TEST_CASE("a call: an answer over max_body is Unavailable, announced or not; one of just that size is not") {
  const bool announced = GENERATE(true, false);
  const std::size_t size = GENERATE(1000, 1001, 1 << 20);
  ScriptedServer server(Loopback(), [=](Peer& peer) {
    peer.ReadMessage();
    if (announced) {
      peer.Answer(200, std::string(size, 'x'));
    } else {
      peer.BeginChunked();
      for (std::size_t sent = 0; sent < size; sent += 500) {
        if (!peer.Chunk(std::string(std::min<std::size_t>(500, size - sent), 'x'))) return;
      }
      peer.EndChunked();
    }
    peer.WaitForClose();
  });
  CppRestTransport transport(EndpointOf(server), {.max_body = 1000});
  const auto answer = Ask(transport, Get("/"));
  if (size == 1000) {
    REQUIRE(answer);
    CHECK(answer->body.size() == size);
  } else {
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::kUnavailable);
    CHECK_THAT(answer.error().message, Contains("larger than 1000 bytes"));
  }
}

TEST_CASE("a call: an answer announced as too large is not waited for") {
  ScriptedServer server(Loopback(), [](Peer& peer) {
    peer.ReadMessage();
    peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
    peer.WaitForClose();
  });
  CppRestTransport transport(EndpointOf(server), {.max_body = 1000});
  const auto answer = Ask(transport, Get("/"));
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().message, Contains("larger than 1000 bytes"));
}

TEST_CASE("a call: a large answer arrives whole") {
  std::string body;
  for (int i = 0; body.size() < (std::size_t{20} << 20); ++i) body += std::to_string(i) + ' ';
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    peer.ReadMessage();
    peer.Answer(200, body);
  });
  CppRestTransport transport(EndpointOf(server));
  const auto answer = Ask(transport, Get("/"));
  REQUIRE(answer);
  CHECK(answer->body == body);
}

TEST_CASE("calls: 500 at once are all answered, with never more than max_calls at the server") {
  constexpr int kCalls = 500;
  constexpr int kAtOnce = 8;
  Watched<std::pair<int, int>> busy;  // now, most ever
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    for (std::string request; !(request = peer.ReadMessage()).empty();) {
      busy.Update([](auto& count) { count.second = std::max(count.second, ++count.first); });
      // Nobody is answered before the bound was reached once, so that the test sees it reached.
      busy.WaitFor([](const auto& count) { return count.second >= kAtOnce; });
      busy.Update([](auto& count) { --count.first; });
      peer.Answer(200, FirstLine(request));
    }
  });
  CppRestTransport transport(EndpointOf(server), {.max_calls = kAtOnce});
  Watched<std::vector<int>> answers;
  answers.Update([](auto& all) { all.resize(kCalls); });
  std::atomic<int> wrong = 0;
  for (int i = 0; i < kCalls; ++i) {
    const std::string path = "/" + std::to_string(i);
    transport.Send(Get(path), [&, i, path](const Result<Response>& answer) {
      if (!answer || answer->body != "GET " + path + " HTTP/1.1") ++wrong;
      answers.Update([&](auto& all) { ++all[i]; });
    });
  }
  REQUIRE(answers.WaitFor(
      [](const auto& all) { return std::ranges::all_of(all, [](int n) { return n >= 1; }); }));
  CHECK(std::ranges::all_of(answers.Get(), [](int n) { return n == 1; }));
  CHECK(wrong == 0);
  CHECK(busy.Get().second == kAtOnce);
  // One that was just used may come back to the pool a moment too late for the next call.
  CHECK(server.connections() <= 3 * kAtOnce);
}

TEST_CASE("calls: those that wait go out in the order they came, or time out unsent") {
  Watched<std::vector<std::string>> order;
  Watched<bool> go_on;
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    for (std::string request; !(request = peer.ReadMessage()).empty();) {
      order.Update([&](auto& all) { all.push_back(FirstLine(request)); });
      go_on.WaitFor([](bool yes) { return yes; });
      peer.Answer(200, "ok");
    }
  });
  CppRestTransport transport(EndpointOf(server), {.max_calls = 1});
  Watched<int> answered;
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    transport.Send(Get("/" + std::to_string(i)), [&](const auto&) { answered.Update([](int& n) { ++n; }); });
    expected.push_back("GET /" + std::to_string(i) + " HTTP/1.1");
  }
  auto hasty = Get("/hasty");
  hasty.timeout = 50ms;
  const auto late = Ask(transport, hasty);
  REQUIRE_FALSE(late);
  CHECK(late.error().kind == ErrorKind::kTimeout);
  CHECK_THAT(late.error().message, Contains("not sent within 50 ms"));

  go_on.Update([](bool& yes) { yes = true; });
  REQUIRE(answered.WaitFor([](int n) { return n == 20; }));
  CHECK(order.Get() == expected);
}

TEST_CASE(
    "a call that waits is asked once more when its turn comes, and does not leave when it may not any more") {
  Watched<std::vector<std::string>> arrived;
  Watched<bool> go_on;
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    for (std::string request; !(request = peer.ReadMessage()).empty();) {
      arrived.Update([&](auto& all) { all.push_back(FirstLine(request)); });
      go_on.WaitFor([](bool yes) { return yes; });
      peer.Answer(200, "ok");
    }
  });
  std::atomic<bool> open{true};
  std::atomic<int> asked{0};
  const auto fenced = [&](const std::string& path) {
    Request request{.method = Method::kPost, .path = path, .body = "x", .content_type = "text/plain"};
    request.may_send = [&] {
      ++asked;
      return open.load();
    };
    return request;
  };
  CppRestTransport transport(EndpointOf(server), {.max_calls = 1});
  Watched<std::vector<Result<Response>>> answers;
  const auto send = [&](Request request) {
    transport.Send(std::move(request), [&](Result<Response> answer) {
      answers.Update([&](auto& all) { all.push_back(std::move(answer)); });
    });
  };
  send(fenced("/first"));
  REQUIRE(arrived.WaitFor([](const auto& all) { return all.size() == 1; }));
  send(fenced("/second"));
  send(Get("/unfenced"));
  send(fenced("/third"));
  CHECK(asked == 1);  // handing it over is not sending it

  open = false;
  go_on.Update([](bool& yes) { yes = true; });
  REQUIRE(answers.WaitFor([](const auto& all) { return all.size() == 4; }));
  CHECK(asked == 3);
  CHECK(arrived.Get() == std::vector<std::string>{"POST /first HTTP/1.1", "GET /unfenced HTTP/1.1"});
  const auto all = answers.Get();
  CHECK(all[0]);
  CHECK(all[2]);
  for (const auto& refused : {all[1], all[3]}) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kForbidden);
    CHECK_THAT(refused.error().message, Contains("not sent"));
  }
}

TEST_CASE("calls: a thousand that fail at once all say so") {
  Endpoint endpoint;
  endpoint.url = "https://127.0.0.1:1";
  endpoint.ca_pem = [] { return std::string("this is no certificate"); };
  CppRestTransport transport(std::move(endpoint));
  Watched<int> failed;
  for (int i = 0; i < 1000; ++i) {
    transport.Send(Get("/"), [&](const Result<Response>& answer) {
      if (!answer && answer.error().message.find("the CA certificate cannot be used") != std::string::npos) {
        failed.Update([](int& n) { ++n; });
      }
    });
  }
  CHECK(failed.WaitFor([](int n) { return n == 1000; }));
}

TEST_CASE(
    "a request on a kept connection that dies is sent again on another, even a POST that was carried out") {
  const bool died_before = GENERATE(true, false);  // or over the answer to it
  Watched<std::vector<std::string>> carried_out;
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    const auto carry_out = [&] {
      const std::string request = peer.ReadMessage();
      if (!request.empty())
        carried_out.Update([&](auto& all) { all.push_back(request.substr(request.size() - 3)); });
    };
    carry_out();
    peer.Answer(200, "ok");
    if (died_before) peer.FinishWriting();
    carry_out();  // and never answer
  });
  CppRestTransport transport(EndpointOf(server));
  const auto carried_out_twice = [&] {
    const auto all = carried_out.Get();
    return std::set(all.begin(), all.end()).size() < all.size();
  };
  // Not each of them finds the connection of the one before in the pool already.
  for (int i = 100; i < 200 && !carried_out_twice(); ++i) {
    const auto answer =
        Ask(transport,
            {.method = Method::kPost, .path = "/", .body = std::to_string(i), .content_type = "text/plain"});
    REQUIRE(answer);
    CHECK(answer->status == 200);
  }
  CHECK(carried_out_twice());
}

TEST_CASE(
    "a transport that goes takes its calls with it: none is answered any more, none keeps its server busy") {
  Watched<int> arrived;
  Watched<int> left;
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    peer.ReadMessage();
    arrived.Update([](int& n) { ++n; });
    peer.WaitForClose();
    left.Update([](int& n) { ++n; });
  });
  std::atomic<bool> gone{false};
  std::atomic<int> answered_late{0};
  {
    CppRestTransport transport(EndpointOf(server), {.max_calls = 4});
    for (int i = 0; i < 10; ++i) {
      transport.Send(Get("/"), [&](const auto&) {
        if (gone) ++answered_late;
      });
    }
    REQUIRE(arrived.WaitFor([](int n) { return n == 4; }));
  }
  gone = true;
  CHECK(left.WaitFor([](int n) { return n == 4; }));
  CHECK(arrived.Get() == 4);
  CHECK(answered_late == 0);
}

TEST_CASE("a transport may be destroyed by the answer to one of its calls") {
  ScriptedServer server(Loopback(), SayOk);
  auto transport = std::make_unique<CppRestTransport>(EndpointOf(server));
  const auto answered = std::make_shared<Watched<bool>>();
  transport->Send(Get("/"), [&transport, answered](const auto&) {
    transport.reset();
    answered->Update([](bool& yes) { yes = true; });
  });
  CHECK(answered->WaitFor([](bool yes) { return yes; }));
}
