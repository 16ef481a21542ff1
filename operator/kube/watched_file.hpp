// A small file that someone else replaces from time to time: a rotated token or certificate.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>

#include "base/result.hpp"
#include "base/time.hpp"

namespace marea::kube {

// The whole of a file of at most `max_bytes`. Errors: kNotFound when it is not there, kInvalid when it cannot
// be read, is too large or is empty.
Result<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes);

class WatchedFile {
 public:
  using Clock = std::function<MonotonicTime()>;

  // Reads it a first time; `clock` is the steady clock when empty. Errors: as ReadSmallFile.
  static Result<std::shared_ptr<WatchedFile>> Open(std::string path, std::size_t max_bytes, Clock clock = {});

  // Thread-safe. Looks at the file at most once a second and reads it when its inode, size or modification
  // time is another. A file that cannot be read at the moment leaves the content as it was, and is logged.
  std::string Content();

 private:
  using Stamp = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;
  WatchedFile(std::string path, std::size_t max_bytes, Clock clock);
  static std::optional<Stamp> StampOf(const std::string& path);

  std::string path_;
  std::size_t max_bytes_;
  Clock clock_;
  std::mutex mutex_;
  MonotonicTime looked_{};
  std::optional<Stamp> stamp_;
  std::string content_;
};

}  // namespace marea::kube
