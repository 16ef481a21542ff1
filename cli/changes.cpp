// start, stop and extend: decided on what was read, written with its version, and waited for if wanted.
#include <algorithm>
#include <ostream>

#include "cli/change.hpp"
#include "cli/edge.hpp"
#include "cli/exit_code.hpp"
#include "json/encode.hpp"

namespace marea::cli {
namespace {

constexpr int kAttempts = 6;  // of a write that meets another's
constexpr std::chrono::milliseconds kFirstPause{250}, kLongestPause{2000};

struct ChangePage {
  std::string ns, session, said, summary, url;
  std::int64_t run = 0;
  std::optional<Time> expires_time;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"namespace", &ChangePage::ns}, json::Field{"session", &ChangePage::session},
                      json::Field{"message", &ChangePage::said}, json::Field{"summary", &ChangePage::summary},
                      json::Field{"run", &ChangePage::run}, json::Field{"url", &ChangePage::url},
                      json::Field{"expiresTime", &ChangePage::expires_time});
  }
};

Result<Change> Decide(const Options& options, Calls& calls, const api::Session& session, Time now) {
  if (options.command == Command::kStart) return StartOf(session, options.restart);
  if (options.command == Command::kStop) return StopOf(session);
  const auto limits = calls.Read<api::SessionClass>({"", session.spec.class_name});
  const bool hidden = !limits && limits.error().kind == ErrorKind::kForbidden;
  const bool missing = !limits && limits.error().kind == ErrorKind::kNotFound;
  if (!limits && !hidden && !missing) return tl::unexpected(limits.error());
  return ExtensionOf(session, limits ? &*limits : nullptr, options.by, now);
}

struct Written {
  api::Session session;
  Change change;
};

// Somebody else's write in between makes the decision anew.
Result<Written> Write(const Options& options, Edge& edge, Calls& calls, const Key& key) {
  Error last;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (attempt > 0) edge.clock.sleep(std::chrono::milliseconds(50 * attempt));
    auto session = calls.Read<api::Session>(key);
    if (!session) return tl::unexpected(std::move(session.error()));
    auto change = Decide(options, calls, *session, edge.clock.now());
    if (!change) return tl::unexpected(std::move(change.error()));
    if (change->patch.empty()) return Written{std::move(*session), std::move(*change)};
    auto body = calls.MergePatch(api::kSessions, key, change->patch).get();
    if (body) {
      auto patched = kube::DecodeObject<api::Session>(*body);
      if (!patched) return tl::unexpected(std::move(patched.error()));
      return Written{std::move(*patched), std::move(*change)};
    }
    if (body.error().kind != ErrorKind::kConflict) return tl::unexpected(std::move(body.error()));
    last = std::move(body.error());
  }
  return tl::unexpected(std::move(last));
}

Standing StandingOf(Command command, const api::Session& session, const Change& change) {
  if (command == Command::kStart) return StandingOfStart(session, change);
  if (command == Command::kStop) return StandingOfStop(session, change);
  return StandingOfExtension(session, change);
}

// An API server that is away for a moment does not end the waiting.
bool Passes(ErrorKind kind) {
  return kind == ErrorKind::kUnavailable || kind == ErrorKind::kTimeout || kind == ErrorKind::kThrottled;
}

int Await(const Options& options, Edge& edge, Calls& calls, Written& written) {
  const Key key{written.session.metadata.ns, written.session.metadata.name};
  const Time deadline = edge.clock.now() + options.timeout;
  std::chrono::milliseconds pause = kFirstPause;
  std::string told;
  for (;;) {
    const auto standing = StandingOf(options.command, written.session, written.change);
    if (standing.way == Standing::Way::kReached) {
      written.change.said = standing.said;
      return Exit::kDone;
    }
    if (standing.way == Standing::Way::kFailed) {
      edge.err << "error: " << Printable(standing.said) << "\nSee `kubectl marea why " << AddressOf(options)
               << "`.\n";
      return Exit::kWillNotCome;
    }
    if (standing.said != told) edge.err << Printable(standing.said) << "\n" << std::flush;
    told = standing.said;
    if (edge.clock.now() >= deadline) {
      edge.err << "error: not within " << Span(options.timeout) << ": " << Printable(standing.said) << "\n";
      return Exit::kTimeout;
    }
    edge.clock.sleep(std::min<Duration>(pause, deadline - edge.clock.now()));
    pause = std::min(pause * 3 / 2, kLongestPause);
    auto session = calls.Read<api::Session>(key);
    if (session && session->metadata.uid != written.session.metadata.uid) {
      return Report(edge, {ErrorKind::kNotFound, key.name + " was deleted, and another was created", {}});
    } else if (session) {
      written.session = std::move(*session);
    } else if (!Passes(session.error().kind)) {
      return Report(edge, session.error());
    }
  }
}

}  // namespace

int RunChange(const Options& options, Edge& edge) {
  Calls calls(edge.transport);
  auto written = Write(options, edge, calls, {edge.ns, options.session});
  if (!written) return Report(edge, written.error());
  if (options.wait) {
    const bool new_word = !written->change.patch.empty();
    if (new_word) edge.err << Printable(written->change.said) << "\n" << std::flush;
    if (const int code = Await(options, edge, calls, *written); code != Exit::kDone) return code;
  }
  const auto& [session, change] = *written;
  const ChangePage page{.ns = session.metadata.ns,
                        .session = session.metadata.name,
                        .said = change.said,
                        .summary = session.status.summary,
                        .url = session.status.url,
                        .run = session.status.run,
                        .expires_time = session.status.expires_time};
  Print(options, edge, Printable(change.said) + "\n", json::Encode(page));
  return Exit::kDone;
}

}  // namespace marea::cli
