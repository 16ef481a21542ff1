// What the tests of the transport share: certificates, a call that waits, a stream's events written down.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http/cpprest_transport.hpp"
#include "http/scripted_server.hpp"
#include "http/self_signed.hpp"
#include "http/watched.hpp"

namespace marea::http {

// Valid from an hour ago for a day, unless `shift` moves that.
CertificateAndKey TestCertificate(const std::vector<std::string>& names, std::chrono::hours shift = {});

// One for 127.0.0.1 and localhost, made once: what most servers here use.
const CertificateAndKey& LoopbackCertificate();

// A TLS server with that certificate.
ScriptedServerOptions Loopback();

// The endpoint that trusts `ca` (plain http: empty).
Endpoint EndpointOf(const ScriptedServer& server,
                    const std::string& ca = LoopbackCertificate().certificate_pem);

// Sends and waits for the answer; an answer that never comes is kInternal.
Result<Response> Ask(Transport& transport, Request request);
inline Request Get(std::string path) {
  return Request{.method = Method::kGet, .path = std::move(path), .body = {}, .content_type = {}};
}

// What a stream told.
struct Told {
  std::vector<Response> heads;
  std::string data;
  int pieces = 0;
  std::vector<Result<void>> ends;
  std::chrono::steady_clock::time_point last;
  std::thread::id thread;
};
using Recorder = Watched<Told>;

StreamEvents Into(const std::shared_ptr<Recorder>& recorder);

}  // namespace marea::http
