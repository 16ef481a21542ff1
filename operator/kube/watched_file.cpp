#include "kube/watched_file.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "base/log.hpp"

namespace marea::kube {

namespace {

constexpr std::chrono::seconds kLookInterval{1};

MonotonicTime SteadyNow() {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

}  // namespace

Result<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Fail(ErrorKind::kNotFound, path + ": no such file");
  if (std::filesystem::is_directory(path, error)) return Fail(ErrorKind::kInvalid, path + ": is a directory");
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(ErrorKind::kInvalid, path + ": cannot be opened");
  std::string content(max_bytes + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad()) return Fail(ErrorKind::kInvalid, path + ": cannot be read");
  content.resize(static_cast<std::size_t>(file.gcount()));
  content.shrink_to_fit();  // a token is kept for good, and is no megabyte
  if (content.size() > max_bytes) {
    return Fail(ErrorKind::kInvalid, path + ": larger than " + std::to_string(max_bytes) + " bytes");
  }
  if (content.empty()) return Fail(ErrorKind::kInvalid, path + ": is empty");
  return content;
}

Result<std::shared_ptr<WatchedFile>> WatchedFile::Open(std::string path, std::size_t max_bytes, Clock clock) {
  if (!clock) clock = SteadyNow;
  std::shared_ptr<WatchedFile> file(new WatchedFile(std::move(path), max_bytes, std::move(clock)));
  file->stamp_ = StampOf(file->path_);  // before the content: a change in between is seen at the next look
  file->looked_ = file->clock_();
  auto content = ReadSmallFile(file->path_, max_bytes);
  if (!content) return tl::unexpected<Error>(std::move(content.error()));
  file->content_ = std::move(*content);
  return file;
}

std::string WatchedFile::Content() {
  const std::lock_guard lock(mutex_);
  const MonotonicTime now = clock_();
  if (now - looked_ < kLookInterval) return content_;
  looked_ = now;
  const auto stamp = StampOf(path_);
  if (stamp && stamp == stamp_) return content_;
  auto content = ReadSmallFile(path_, max_bytes_);
  if (!content) {
    log::Warn("a credentials file cannot be read; its last content stays in use",
              {{"error", content.error().message}});
    return content_;
  }
  stamp_ = stamp;
  content_ = std::move(*content);
  return content_;
}

WatchedFile::WatchedFile(std::string path, std::size_t max_bytes, Clock clock)
    : path_(std::move(path)), max_bytes_(max_bytes), clock_(std::move(clock)) {}

std::optional<WatchedFile::Stamp> WatchedFile::StampOf(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Stamp{status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

}  // namespace marea::kube
