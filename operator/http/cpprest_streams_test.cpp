// Streams over the cpprest transport: what a watch of the API server needs of them.
#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>

#include "http/transport_test_kit.hpp"

using namespace marea;
using namespace marea::http;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Clock = std::chrono::steady_clock;

namespace {

bool Opened(const Told& told) {
  return !told.heads.empty();
}
bool Ended(const Told& told) {
  return !told.ends.empty();
}

// Opens a stream on a server with this script, and waits for its end.
Told Watch(ScriptedServer::Script script, std::chrono::milliseconds silence = 2min) {
  ScriptedServer server(Loopback(), std::move(script));
  CppRestTransport transport(EndpointOf(server));
  const auto recorder = std::make_shared<Recorder>();
  auto request = Get("/api/v1/pods?watch=1");
  request.timeout = silence;
  const auto stream = transport.Open(request, Into(recorder));
  REQUIRE(recorder->WaitFor(Ended));
  return recorder->Get();
}

// Says what the test tells it to say, until the client leaves.
struct Speaker {
  Watched<std::vector<std::string>> said;

  void Say(std::string text) {
    said.Update([&](auto& all) { all.push_back(std::move(text)); });
  }
  // "" ends it.
  void operator()(Peer& peer) {
    peer.ReadMessage();
    peer.BeginChunked();
    for (std::size_t next = 0;; ++next) {
      said.WaitFor([&](const auto& all) { return all.size() > next; });
      const std::string text = said.Get().at(next);
      if (text.empty()) return;
      peer.Chunk(text);
    }
  }
};

}  // namespace

TEST_CASE("a stream: one small event on a silent stream arrives within 50 ms") {
  constexpr int kEvents = 20;
  Speaker speaker;
  ScriptedServer server(Loopback(), std::ref(speaker));
  CppRestTransport transport(EndpointOf(server));
  const auto recorder = std::make_shared<Recorder>();
  const auto stream = transport.Open(Get("/watch"), Into(recorder));
  REQUIRE(recorder->WaitFor(Opened));

  std::vector<std::chrono::microseconds> latencies;
  std::string all;
  for (int i = 0; i < kEvents; ++i) {
    const std::string event = "{\"type\":\"MODIFIED\",\"n\":" + std::to_string(i) + "}\n";
    all += event;
    const auto said = Clock::now();
    speaker.Say(event);
    // The next one is said only when this one is here: one that waits for company never comes.
    REQUIRE(recorder->WaitFor([&](const Told& told) { return told.data == all; }, 5s));
    latencies.push_back(std::chrono::duration_cast<std::chrono::microseconds>(recorder->Get().last - said));
  }
  speaker.Say("");
  std::ranges::sort(latencies);
  const auto median = latencies[kEvents / 2];
  INFO("event to callback: median " << median.count() << " us, worst " << latencies.back().count() << " us");
  CHECK(median < 50ms);
}

TEST_CASE("a stream: head, data in pieces, and an end, in this order and each on the pool") {
  const Told told = Watch([](Peer& peer) {
    peer.ReadMessage();
    peer.BeginChunked();
    peer.Chunk("one\n");
    peer.Chunk("two\n");
    peer.EndChunked();
    peer.WaitForClose();
  });
  REQUIRE(told.heads.size() == 1);
  CHECK(told.heads[0].status == 200);
  CHECK(told.heads[0].headers.at("transfer-encoding") == "chunked");
  CHECK(told.data == "one\ntwo\n");
  REQUIRE(told.ends.size() == 1);
  CHECK(told.ends[0]);
  CHECK(told.thread != std::this_thread::get_id());
}

TEST_CASE("a stream: a burst arrives whole and in order, however it is cut") {
  std::string burst;
  for (int i = 0; burst.size() < (std::size_t{3} << 20); ++i)
    burst += "h\xc3\xa9llo \xe2\x82\xac " + std::to_string(i) + "\n";
  const std::size_t cut = GENERATE(as<std::size_t>{}, 1, 7, 4096, 65536, 65537, 3 << 20);
  // In small pieces only the beginning: each is a TLS record of its own.
  burst.resize(std::min(burst.size(), cut * 15'000));
  const Told told = Watch([&](Peer& peer) {
    peer.ReadMessage();
    peer.BeginChunked();
    for (std::size_t at = 0; at < burst.size(); at += cut)
      peer.Chunk(std::string_view(burst).substr(at, cut));
    peer.EndChunked();
  });
  CHECK(told.data == burst);
  REQUIRE(told.ends.size() == 1);
  CHECK(told.ends[0]);
}

TEST_CASE("a stream: a refusal brings its body and ends") {
  const int status = GENERATE(401, 410, 504);
  const bool chunked = GENERATE(true, false);
  const std::string body = "{\"kind\":\"Status\",\"code\":" + std::to_string(status) + "}";
  const Told told = Watch([&](Peer& peer) {
    peer.ReadMessage();
    if (chunked) {
      peer.BeginChunked(status);
      peer.Chunk(body.substr(0, 5));
      peer.Chunk(body.substr(5));
      peer.EndChunked();
    } else {
      peer.Answer(status, body);
    }
    peer.WaitForClose();
  });
  REQUIRE(told.heads.size() == 1);
  CHECK(told.heads[0].status == status);
  CHECK(told.heads[0].body == body);
  CHECK(told.data.empty());
  REQUIRE(told.ends.size() == 1);
  CHECK(told.ends[0]);
}

TEST_CASE("a stream: the server that breaks off in the middle of a line is no end but an error") {
  const bool reset = GENERATE(true, false);
  const Told told = Watch([&](Peer& peer) {
    peer.ReadMessage();
    peer.BeginChunked();
    peer.Chunk("{\"type\":\"ADD");
    if (reset) peer.Reset();
  });
  CHECK(told.heads.size() == 1);
  REQUIRE(told.ends.size() == 1);
  REQUIRE_FALSE(told.ends[0]);
  CHECK(told.ends[0].error().kind == ErrorKind::kUnavailable);
  CHECK_THAT(told.ends[0].error().message, Contains("/api/v1/pods: ") && !Contains("watch=1"));
  if (!reset) CHECK(told.data == "{\"type\":\"ADD");
}

TEST_CASE("a stream: a server that breaks off before the head gives an end alone") {
  const Told told = Watch([](Peer& peer) { peer.ReadMessage(); });
  CHECK(told.heads.empty());
  REQUIRE(told.ends.size() == 1);
  REQUIRE_FALSE(told.ends[0]);
  CHECK(told.ends[0].error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("a stream: silence past the time-out is a Timeout, talk never is") {
  SECTION("silence") {
    const bool before_head = GENERATE(true, false);
    const auto start = Clock::now();
    const Told told = Watch(
        [&](Peer& peer) {
          peer.ReadMessage();
          if (!before_head) peer.BeginChunked();
          peer.WaitForClose();
        },
        200ms);
    CHECK(Clock::now() - start >= 200ms);
    CHECK(told.heads.size() == (before_head ? 0 : 1));
    REQUIRE(told.ends.size() == 1);
    REQUIRE_FALSE(told.ends[0]);
    CHECK(told.ends[0].error().kind == ErrorKind::kTimeout);
    CHECK_THAT(told.ends[0].error().message, Contains("silence for 200 ms"));
  }
  SECTION("talk, for three times as long as the silence allowed") {
    Watched<bool> never;
    const Told told = Watch(
        [&](Peer& peer) {
          peer.ReadMessage();
          peer.BeginChunked();
          for (int i = 0; i < 30; ++i) {
            peer.Chunk("tick\n");
            never.WaitFor([](bool yes) { return yes; }, 50ms);
          }
          peer.EndChunked();
          peer.WaitForClose();
        },
        500ms);
    CHECK(told.data.size() == 30 * 5);
    REQUIRE(told.ends.size() == 1);
    CHECK(told.ends[0]);
  }
}

TEST_CASE("a stream: destroying it ends it at the server in milliseconds, and no callback runs afterwards") {
  const bool talking = GENERATE(false, true);
  const int streams_open = talking ? 20 : 100;
  Watched<int> left;
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    peer.ReadMessage();
    peer.BeginChunked();
    while (talking && peer.Chunk("talk, talk, talk\n")) {
    }
    peer.WaitForClose();
    left.Update([](int& n) { ++n; });
  });
  CppRestTransport transport(EndpointOf(server));

  std::atomic<bool> gone{false};
  std::atomic<int> too_late{0};
  Watched<int> opened;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < streams_open; ++i) {
    StreamEvents events;
    events.on_open = [&](const Response&) { opened.Update([](int& n) { ++n; }); };
    events.on_data = [&](std::string_view) { too_late += gone ? 1 : 0; };
    events.on_end = [&](const Result<void>&) { too_late += gone ? 1 : 0; };
    streams.push_back(transport.Open(Get("/watch"), std::move(events)));
  }
  REQUIRE(opened.WaitFor([&](int n) { return n == streams_open; }));

  const auto start = Clock::now();
  streams.clear();
  gone = true;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  REQUIRE(left.WaitFor([&](int n) { return n == streams_open; }));
  const auto seen = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  INFO(streams_open << (talking ? " talking" : " silent") << " streams: destroyed in " << took.count()
                    << " us, all seen closed by the server after " << seen.count() << " us");
  CHECK(too_late == 0);
  if (!talking) CHECK(took < 1s);
}

TEST_CASE("a stream: its destructor waits for the callback that is running") {
  Speaker speaker;
  ScriptedServer server(Loopback(), std::ref(speaker));
  CppRestTransport transport(EndpointOf(server));
  Watched<int> phase;  // 1: the callback runs, 2: the destructor was called
  std::atomic<bool> finished{false};
  StreamEvents events;
  events.on_open = [](const Response&) {};
  events.on_data = [&](std::string_view) {
    phase.Update([](int& now) { now = 1; });
    phase.WaitFor([](int now) { return now == 2; });
    finished = true;
  };
  events.on_end = [](const Result<void>&) {};
  auto stream = transport.Open(Get("/watch"), std::move(events));
  speaker.Say("event");
  REQUIRE(phase.WaitFor([](int now) { return now == 1; }));
  std::thread release([&] { phase.Update([](int& now) { now = 2; }); });
  stream.reset();
  CHECK(finished);
  release.join();
  speaker.Say("");
}

TEST_CASE("a stream: it may be destroyed by any of its own callbacks, which is then the last") {
  const int which = GENERATE(0, 1, 2);
  ScriptedServer server(Loopback(), [](Peer& peer) {
    peer.ReadMessage();
    peer.BeginChunked();
    peer.Chunk("one\n");
    peer.EndChunked();
    peer.WaitForClose();
  });
  CppRestTransport transport(EndpointOf(server));
  Watched<std::unique_ptr<Stream>*> ready;  // the stream is known before a callback may destroy it
  Watched<std::array<int, 3>> calls;
  std::unique_ptr<Stream> stream;
  const auto called = [&](int now) {
    ready.WaitFor([](const auto* known) { return known != nullptr; });
    if (now == which) stream.reset();
    calls.Update([&](auto& count) { ++count[now]; });
  };
  StreamEvents events;
  events.on_open = [&](const Response&) { called(0); };
  events.on_data = [&](std::string_view) { called(1); };
  events.on_end = [&](const Result<void>&) { called(2); };
  stream = transport.Open(Get("/watch"), std::move(events));
  ready.Update([&](auto& known) { known = &stream; });
  REQUIRE(calls.WaitFor([&](const auto& count) { return count[which] == 1; }));
  // Another whole stream on the same pool: had the first one more to say, it would have.
  const auto recorder = std::make_shared<Recorder>();
  const auto other = transport.Open(Get("/watch"), Into(recorder));
  REQUIRE(recorder->WaitFor(Ended));
  std::array<int, 3> expected{};
  std::fill_n(expected.begin(), which + 1, 1);
  CHECK(calls.Get() == expected);
}

TEST_CASE("streams do not stand in the queue of the calls, nor outlive their transport") {
  Watched<int> left;
  ScriptedServer server(Loopback(), [&](Peer& peer) {
    const std::string request = peer.ReadMessage();
    if (request.starts_with("GET /call")) {
      peer.Answer(200, "ok");
      return;
    }
    peer.BeginChunked();
    peer.WaitForClose();
    left.Update([](int& n) { ++n; });
  });
  std::vector<std::unique_ptr<Stream>> streams;
  const auto recorder = std::make_shared<Recorder>();
  {
    CppRestTransport transport(EndpointOf(server), {.max_calls = 1});
    for (int i = 0; i < 10; ++i) streams.push_back(transport.Open(Get("/watch"), Into(recorder)));
    REQUIRE(recorder->WaitFor([](const Told& told) { return told.heads.size() == 10; }));
    CHECK(Ask(transport, Get("/call")));
  }
  CHECK(left.WaitFor([](int n) { return n == 10; }));
  CHECK(recorder->Get().ends.empty());
}
