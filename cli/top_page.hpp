// Who holds which devices, since when and until when; by session, or summed up by user.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/objects.hpp"
#include "cli/text.hpp"

namespace marea::cli {

struct Holder {
  std::string ns, session, user, device;  // device: an AcceleratorClass, or "cpu"
  std::int64_t count = 0;                 // of devices; 0 of "cpu"
  std::string node, summary;
  std::optional<Time> since, until;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"namespace", &Holder::ns}, json::Field{"session", &Holder::session},
                      json::Field{"user", &Holder::user}, json::Field{"device", &Holder::device},
                      json::Field{"count", &Holder::count}, json::Field{"node", &Holder::node},
                      json::Field{"summary", &Holder::summary}, json::Field{"since", &Holder::since},
                      json::Field{"until", &Holder::until});
  }
};

struct UserSum {
  std::string user;
  std::int64_t sessions = 0;
  std::map<std::string, std::int64_t> devices;  // by class, without "cpu"
  static constexpr auto Fields() {
    return std::tuple(json::Field{"user", &UserSum::user}, json::Field{"sessions", &UserSum::sessions},
                      json::Field{"devices", &UserSum::devices});
  }
};

struct TopPage {
  std::string ns;                              // empty: all namespaces
  std::optional<std::vector<Holder>> holders;  // those that end first come first
  std::optional<std::vector<UserSum>> users;   // instead of the holders; most devices first
  std::vector<std::string> left_out;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"namespace", &TopPage::ns}, json::Field{"holders", &TopPage::holders},
                      json::Field{"users", &TopPage::users}, json::Field{"leftOut", &TopPage::left_out});
  }
};

TopPage MakeTopPage(const std::string& ns, const Seen<api::Session>& sessions, bool by_user);

std::string TopText(const TopPage& page, const Paper& paper);

}  // namespace marea::cli
