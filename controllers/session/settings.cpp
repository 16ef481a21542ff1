#include "controllers/session/settings.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "base/crypto.hpp"
#include "base/names.hpp"

namespace marea::session {

Result<TokenKeys> LoadTokenKeys(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code failed;
  TokenKeys keys;
  for (fs::directory_iterator entry(directory, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string id = entry->path().filename().string();
    if (id.starts_with(".") || entry->is_directory()) continue;  // a mounted Secret keeps its data in ..data
    if (!IsDnsLabel(id) || id.size() > 8) {
      return Fail(ErrorKind::kInvalid,
                  "token key " + Quoted(id) + " in " + directory +
                      ": a key's file is named by its id, such as 20261121 (at most 8 of a-z, 0-9, -)");
    }
    std::ifstream file(entry->path(), std::ios::binary);
    std::string key((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (key.size() < 32) {
      return Fail(ErrorKind::kInvalid,
                  "token key " + id + " in " + directory + ": must hold at least 32 random bytes");
    }
    keys.by_id.emplace(id, std::move(key));
  }
  if (failed)
    return Fail(ErrorKind::kNotFound, "token keys: cannot read " + directory + ": " + failed.message());
  if (keys.by_id.empty()) {
    return Fail(ErrorKind::kNotFound,
                "token keys: " + directory + " holds no key; put 32 random bytes into a file named by date");
  }
  return keys;
}

std::string Token(const std::string& key, const std::string& uid, std::int64_t attempt) {
  return HmacSha256Base64Url(key, uid + "/" + std::to_string(attempt));
}

}  // namespace marea::session
