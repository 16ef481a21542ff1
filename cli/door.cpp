#include "cli/door.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/names.hpp"
#include "kube/base64.hpp"
#include "kube/url.hpp"

namespace marea::cli {
namespace {

bool IsIpAddress(const std::string& host) {
  in6_addr room{};
  return ::inet_pton(AF_INET, host.c_str(), &room) == 1 || ::inet_pton(AF_INET6, host.c_str(), &room) == 1;
}

// 0 for anything that is no port.
int PortIn(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && port > 0 && port < 65536 ? port : 0;
}

std::string HtmlEscaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

tl::unexpected<Error> Unwritten(const std::string& path, int code) {
  return Fail(ErrorKind::kInternal, path + ": cannot be written: " + std::strerror(code));
}

bool WriteAll(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<Address> ReadAddress(std::string_view url) {
  const auto bad = [&] { return Fail(ErrorKind::kInvalid, "the session's address is none: " + Quoted(url)); };
  const auto scheme_end = url.find("://");
  if (scheme_end == url.npos) return bad();
  Address address{.scheme = std::string(url.substr(0, scheme_end)), .host = {}, .path = {}};
  if (address.scheme != "http" && address.scheme != "https") return bad();
  std::string_view rest = url.substr(scheme_end + 3);
  const auto slash = rest.find('/');
  address.path = slash == rest.npos ? "/" : std::string(rest.substr(slash));
  std::string_view authority = rest.substr(0, slash);
  address.port = address.scheme == "http" ? 80 : 443;
  const auto bracket = authority.rfind(']'), colon = authority.rfind(':');
  if (colon != authority.npos && (bracket == authority.npos || colon > bracket)) {
    address.port = PortIn(authority.substr(colon + 1));
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']'))
    authority = authority.substr(1, authority.size() - 2);
  address.host = authority;
  if (address.host.empty() || address.port == 0) return bad();
  address.is_inside = IsIpAddress(address.host);
  return address;
}

int ForwardedPort(std::string_view line) {
  constexpr std::string_view kStart = "Forwarding from 127.0.0.1:";
  if (!line.starts_with(kStart)) return 0;
  line.remove_prefix(kStart.size());
  return PortIn(line.substr(0, line.find(' ')));
}

Result<std::string> TokenIn(std::string_view base64) {
  auto token = kube::Base64Decode(base64);
  if (!token || token->empty()) return Fail(ErrorKind::kInvalid, "the session's Secret holds no token");
  return token;
}

std::string RedirectPage(std::string_view url, std::string_view token) {
  const std::string target = HtmlEscaped(std::string(url) + (url.find('?') == url.npos ? "?" : "&") +
                                         "token=" + kube::PercentEncoded(token));
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"referrer\" content=\"no-referrer\">\n"
         "<meta http-equiv=\"refresh\" content=\"0;url=" +
         target + "\">\n<title>Marea</title>\n</head>\n<body>\n<p><a href=\"" + target +
         "\">The notebook</a> opens by itself.</p>\n</body>\n</html>\n";
}

Result<PrivateFile> PrivateFile::Write(const std::string& name, std::string_view content) {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::error_code error;
  const bool usable = runtime != nullptr && ::access(runtime, W_OK) == 0;
  std::string folder =
      (usable ? std::string(runtime) : std::filesystem::temp_directory_path(error).string()) +
      "/marea-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return Unwritten(folder, errno);  // with mode 0700
  PrivateFile file(folder, folder + "/" + name);
  const int open = ::open(file.path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (open < 0) return Unwritten(file.path_, errno);
  const bool whole = WriteAll(open, content);
  const int code = errno;
  ::close(open);
  if (!whole) return Unwritten(file.path_, code);
  return file;
}

PrivateFile::PrivateFile(PrivateFile&& other) noexcept
    : folder_(std::exchange(other.folder_, {})), path_(std::exchange(other.path_, {})) {}

PrivateFile::~PrivateFile() {
  if (folder_.empty()) return;
  ::unlink(path_.c_str());
  ::rmdir(folder_.c_str());
}

}  // namespace marea::cli
