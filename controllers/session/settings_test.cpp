#include "controllers/session/settings.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

namespace marea::session {
namespace {

class KeyDirectory {
 public:
  KeyDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "marea-keys-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~KeyDirectory() { std::filesystem::remove_all(path_); }
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ + "/" + name) << content;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_CASE("the greatest key id signs, hidden files are not keys") {
  const KeyDirectory directory;
  directory.Write("20260101", std::string(32, 'a'));
  directory.Write("20261121", std::string(32, 'b'));
  directory.Write("..data", "");
  const auto keys = LoadTokenKeys(directory.path());
  REQUIRE(keys);
  CHECK(keys->by_id.size() == 2);
  CHECK(keys->newest_id() == "20261121");
}

TEST_CASE("unusable keys are refused with the remedy") {
  const KeyDirectory directory;
  CHECK(LoadTokenKeys(directory.path()).error().kind == ErrorKind::kNotFound);
  CHECK(LoadTokenKeys(directory.path() + "/none").error().kind == ErrorKind::kNotFound);
  SECTION("short") {
    directory.Write("20260101", "short");
  }
  SECTION("name") {
    directory.Write("my_key", std::string(32, 'a'));
  }
  const auto keys = LoadTokenKeys(directory.path());
  REQUIRE_FALSE(keys);
  CHECK(keys.error().kind == ErrorKind::kInvalid);
}

TEST_CASE("a token is the same for the same attempt and different for any other") {
  const std::string key(32, 'k');
  CHECK(Token(key, "uid", 1) == Token(key, "uid", 1));
  CHECK(Token(key, "uid", 1) != Token(key, "uid", 2));
  CHECK(Token(key, "uid", 1) != Token(key, "other", 1));
  CHECK(Token(key, "uid", 1) != Token(std::string(32, 'l'), "uid", 1));
  CHECK(Token(key, "uid", 1).size() == 43);
}

}  // namespace
}  // namespace marea::session
