// How a browser comes to a session: by its own address where a route leads there, else through a port of this
// machine; and the page that hands the token over without showing it to anybody.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace marea::cli {

// "http://10.0.7.12:8888/session/demo/ada/" taken apart.
struct Address {
  std::string scheme, host, path;
  int port = 0;            // as given, or the scheme's own
  bool is_inside = false;  // an IP address: the Service's, which is reached inside the cluster alone
};
Result<Address> ReadAddress(std::string_view url);

// The local port of kubectl's "Forwarding from 127.0.0.1:40123 -> 8888"; 0 for any other line.
int ForwardedPort(std::string_view line);

// The token in the base64 that a Secret holds. Errors: kInvalid.
Result<std::string> TokenIn(std::string_view base64);

// A page that sends its reader to `url` with the token; nothing in it is taken for markup.
std::string RedirectPage(std::string_view url, std::string_view token);

// A file that only its owner can read, in a folder of its own; both are gone with it.
class PrivateFile {
 public:
  // In $XDG_RUNTIME_DIR, else in the folder for temporary files.
  static Result<PrivateFile> Write(const std::string& name, std::string_view content);
  PrivateFile(PrivateFile&& other) noexcept;
  PrivateFile& operator=(PrivateFile&&) = delete;
  ~PrivateFile();
  const std::string& path() const { return path_; }

 private:
  PrivateFile(std::string folder, std::string path) : folder_(std::move(folder)), path_(std::move(path)) {}
  std::string folder_, path_;
};

}  // namespace marea::cli
