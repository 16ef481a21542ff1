#include "http/transport_test_kit.hpp"

#include <optional>
#include <stdexcept>

namespace marea::http {

namespace {

using namespace std::chrono_literals;

// In the first line of this program's main, so to speak.
const bool kStarted = (StartCppRestThreads(2), true);

}  // namespace

CertificateAndKey TestCertificate(const std::vector<std::string>& names, std::chrono::hours shift) {
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) + shift;
  auto made = MakeSelfSigned(names, now - 1h, now + 24h);
  if (!made) throw std::runtime_error(made.error().message);
  return *made;
}

const CertificateAndKey& LoopbackCertificate() {
  static const CertificateAndKey kPair = TestCertificate({"localhost", "127.0.0.1"});
  return kPair;
}

ScriptedServerOptions Loopback() {
  return {.identity = LoopbackCertificate(), .client_ca = {}};
}

Endpoint EndpointOf(const ScriptedServer& server, const std::string& ca) {
  Endpoint endpoint;
  endpoint.url = server.url();
  endpoint.ca_pem = [ca] { return ca; };
  return endpoint;
}

Result<Response> Ask(Transport& transport, Request request) {
  // Shared: an answer may come after the wait for it was given up.
  const auto answer = std::make_shared<Watched<std::optional<Result<Response>>>>();
  transport.Send(std::move(request), [answer](Result<Response> result) {
    answer->Update([&](auto& value) { value = std::move(result); });
  });
  if (!answer->WaitFor([](const auto& value) { return value.has_value(); })) {
    return Fail(ErrorKind::kInternal, "the transport never answered");
  }
  return *answer->Get();
}

StreamEvents Into(const std::shared_ptr<Recorder>& recorder) {
  StreamEvents events;
  events.on_open = [recorder](Response head) {
    recorder->Update([&](Told& told) { told.heads.push_back(std::move(head)); });
  };
  events.on_data = [recorder](std::string_view chunk) {
    const auto now = std::chrono::steady_clock::now();
    recorder->Update([&](Told& told) {
      told.data += chunk;
      ++told.pieces;
      told.last = now;
      told.thread = std::this_thread::get_id();
    });
  };
  events.on_end = [recorder](Result<void> end) {
    recorder->Update([&](Told& told) { told.ends.push_back(std::move(end)); });
  };
  return events;
}

}  // namespace marea::http
