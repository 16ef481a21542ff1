#include "cli/door.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/process.hpp"

namespace marea::cli {

TEST_CASE("an address is taken apart, and an IP address is inside the cluster") {
  struct Row {
    std::string url, host, path;
    int port;
    bool inside;
  };
  const auto row = GENERATE(values<Row>({
      {"http://10.0.7.12:8888/", "10.0.7.12", "/", 8888, true},
      {"http://10.0.7.12:8888/session/demo/ada/", "10.0.7.12", "/session/demo/ada/", 8888, true},
      {"http://[fd00::7]:8888/", "fd00::7", "/", 8888, true},
      {"https://lab.example.org/session/demo/ada/", "lab.example.org", "/session/demo/ada/", 443, false},
      {"http://lab.example.org", "lab.example.org", "/", 80, false},
  }));
  const auto address = ReadAddress(row.url);
  REQUIRE(address);
  CHECK(address->host == row.host);
  CHECK(address->path == row.path);
  CHECK(address->port == row.port);
  CHECK(address->is_inside == row.inside);
}

TEST_CASE("what is no address is refused") {
  CHECK_FALSE(ReadAddress(GENERATE("", "lab", "file:///etc/passwd", "javascript://x/", "http://",
                                   "http://:80/", "http://a:0/", "http://a:99999/", "http://a:x/")));
}

TEST_CASE("kubectl says which port it took") {
  CHECK(ForwardedPort("Forwarding from 127.0.0.1:40123 -> 8888") == 40123);
  CHECK(ForwardedPort("Forwarding from [::1]:40123 -> 8888") == 0);
  CHECK(ForwardedPort("Forwarding from 127.0.0.1:x -> 8888") == 0);
  CHECK(ForwardedPort("") == 0);
}

TEST_CASE("a Secret holds a token, or it is said that it does not") {
  CHECK(TokenIn("c2VzYW1l").value() == "sesame");
  CHECK_FALSE(TokenIn(""));
  CHECK_FALSE(TokenIn("!"));
}

TEST_CASE("the page leads to the notebook, and nothing in it is markup") {
  CHECK_THAT(RedirectPage("http://127.0.0.1:40123/", "se-same_"),
             Catch::Contains("content=\"0;url=http://127.0.0.1:40123/?token=se-same_\""));
  const auto hostile = RedirectPage("http://a/\"><script>x</script>", "'\"<&");
  CHECK_THAT(hostile, !Catch::Contains("<script>") && !Catch::Contains("'"));
  CHECK_THAT(RedirectPage("http://a/?b=c", "t"), Catch::Contains("?b=c&amp;token=t"));
}

TEST_CASE("the page is its owner's alone, and is gone afterwards") {
  std::string path;
  {
    const auto file = PrivateFile::Write("open.html", "secret");
    REQUIRE(file);
    path = file->path();
    struct stat of_file{};
    struct stat of_folder{};
    REQUIRE(::stat(path.c_str(), &of_file) == 0);
    REQUIRE(::stat(std::filesystem::path(path).parent_path().c_str(), &of_folder) == 0);
    CHECK((of_file.st_mode & 0777) == 0600);
    CHECK((of_folder.st_mode & 0777) == 0700);
    std::ifstream in(path);
    CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "secret");
  }
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_FALSE(std::filesystem::exists(std::filesystem::path(path).parent_path()));
}

TEST_CASE("a child is read line by line, and its end is seen") {
  auto child = Child::Start({"sh", "-c", "printf 'one\\ntwo\\n'; exit 3"});
  REQUIRE(child);
  CHECK(child->ReadLine() == "one");
  CHECK(child->ReadLine() == "two");
  CHECK_FALSE(child->ReadLine());
  CHECK(child->Wait() == 3);
}

TEST_CASE("a child that goes on is ended with us") {
  auto child = Child::Start({"sh", "-c", "echo here; exec sleep 600"});
  REQUIRE(child);
  CHECK(child->ReadLine() == "here");
  CHECK_FALSE(WasToldToEnd());
  ::raise(SIGTERM);  // passed on
  CHECK_FALSE(child->ReadLine());
  CHECK(child->Wait() == 128 + SIGTERM);
  CHECK(WasToldToEnd());
}

TEST_CASE("a program that is not there is said by its name") {
  CHECK_THAT(Child::Start({"no-such-program-at-all"}).error().message,
             Catch::Contains("no-such-program-at-all: is not in PATH"));
  CHECK_THAT(Become({"no-such-program-at-all"}).message, Catch::Contains("is not in PATH"));
  CHECK_FALSE(StartApart({"no-such-program-at-all"}));
}

}  // namespace marea::cli
