// One page of what is going on: sessions, the queue, devices by class, problems.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/objects.hpp"
#include "cli/text.hpp"

namespace marea::cli {

struct SummaryCount {
  std::string summary;
  std::int64_t count = 0;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"summary", &SummaryCount::summary},
                      json::Field{"count", &SummaryCount::count});
  }
};

struct QueuedSession {
  std::string ns, session, user, project, wants;  // wants: "1 a100 or 2 t4"
  std::optional<Time> since;
  std::optional<std::int64_t> position;  // in line for its devices, as it is told
  std::string reason, message;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"namespace", &QueuedSession::ns}, json::Field{"session", &QueuedSession::session},
        json::Field{"user", &QueuedSession::user}, json::Field{"project", &QueuedSession::project},
        json::Field{"wants", &QueuedSession::wants}, json::Field{"since", &QueuedSession::since},
        json::Field{"position", &QueuedSession::position}, json::Field{"reason", &QueuedSession::reason},
        json::Field{"message", &QueuedSession::message});
  }
};

struct DeviceCount {
  std::string name, resource;
  std::optional<std::int64_t> nodes, capacity, allocated, free, queued;  // absent: nobody has counted
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"name", &DeviceCount::name}, json::Field{"resource", &DeviceCount::resource},
        json::Field{"nodes", &DeviceCount::nodes}, json::Field{"capacity", &DeviceCount::capacity},
        json::Field{"allocated", &DeviceCount::allocated}, json::Field{"free", &DeviceCount::free},
        json::Field{"queued", &DeviceCount::queued});
  }
};

struct ProblemRow {
  std::string kind, ns, name, reason, message;
  std::optional<Time> since;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"kind", &ProblemRow::kind}, json::Field{"namespace", &ProblemRow::ns},
                      json::Field{"name", &ProblemRow::name}, json::Field{"reason", &ProblemRow::reason},
                      json::Field{"message", &ProblemRow::message}, json::Field{"since", &ProblemRow::since});
  }
};

struct StatusPage {
  std::string ns;  // empty: all namespaces
  std::optional<std::vector<SummaryCount>> sessions;
  std::optional<std::vector<QueuedSession>> queue;  // in its order
  std::optional<std::vector<DeviceCount>> devices;
  std::optional<std::vector<ProblemRow>> problems;  // of what is shown; never absent
  std::vector<std::string> left_out;                // why a section is absent
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"namespace", &StatusPage::ns}, json::Field{"sessions", &StatusPage::sessions},
        json::Field{"queue", &StatusPage::queue}, json::Field{"devices", &StatusPage::devices},
        json::Field{"problems", &StatusPage::problems}, json::Field{"leftOut", &StatusPage::left_out});
  }
};

StatusPage MakeStatusPage(const std::string& ns, const Seen<api::Session>& sessions,
                          const Seen<api::SessionClass>& classes, const Seen<api::AcceleratorClass>& devices,
                          Time now);

std::string StatusText(const StatusPage& page, const Paper& paper);

DeviceCount CountOf(const api::AcceleratorClass& device);
std::string DevicesText(const std::vector<DeviceCount>& devices, const Paper& paper);

// "1 a100 or 2 t4"; without alternatives "cpu".
std::string Wanted(const api::SessionSpec& spec);

}  // namespace marea::cli
