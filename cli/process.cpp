#include "cli/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

extern char** environ;

namespace marea::cli {
namespace {

constexpr std::array kEndings{SIGINT, SIGTERM, SIGHUP};
constexpr std::size_t kMaxLine = 64 * 1024;

volatile sig_atomic_t ending = 0;  // the pid that is told to end with us; there is one at a time
volatile sig_atomic_t told = 0;

void PassOn(int) {
  told = 1;
  if (ending > 0) ::kill(ending, SIGTERM);
}

std::vector<char*> Pointers(const std::vector<std::string>& command) {
  std::vector<char*> pointers;
  for (const auto& argument : command) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

Error NotStarted(const std::string& program, int code) {
  return {
      ErrorKind::kInternal, program + ": " + (code == ENOENT ? "is not in PATH" : std::strerror(code)), {}};
}

// With an empty input, and `output` (unless -1) as its standard output.
Result<pid_t> Spawn(const std::vector<std::string>& command, int output) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (output >= 0) ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  pid_t pid = 0;
  const int code =
      ::posix_spawnp(&pid, command.front().c_str(), &actions, nullptr, Pointers(command).data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return tl::unexpected(NotStarted(command.front(), code));
  return pid;
}

}  // namespace

Error Become(const std::vector<std::string>& command) {
  ::execvp(command.front().c_str(), Pointers(command).data());
  return NotStarted(command.front(), errno);
}

Result<Child> Child::Start(const std::vector<std::string>& command) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return tl::unexpected(NotStarted(command.front(), errno));
  auto pid = Spawn(command, pipe[1]);
  ::close(pipe[1]);
  if (!pid) {
    ::close(pipe[0]);
    return tl::unexpected(std::move(pid.error()));
  }
  ending = *pid;
  struct sigaction action{};
  action.sa_handler = PassOn;  // without SA_RESTART: a read that waits looks again
  for (const int number : kEndings) ::sigaction(number, &action, nullptr);
  return Child(*pid, pipe[0]);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      output_(std::exchange(other.output_, -1)),
      buffer_(std::move(other.buffer_)) {}

Child::~Child() {
  if (output_ >= 0) ::close(output_);
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  Wait();
}

std::optional<std::string> Child::ReadLine() {
  for (;;) {
    if (const auto end = buffer_.find('\n'); end != buffer_.npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> piece{};
    const ssize_t got = ::read(output_, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || buffer_.size() > kMaxLine) return {};
    buffer_.append(piece.data(), static_cast<std::size_t>(got));
  }
}

int Child::Wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) break;
  }
  ending = 0;
  pid_ = 0;
  for (const int number : kEndings) ::signal(number, SIG_DFL);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool WasToldToEnd() {
  return told != 0;
}

bool StartApart(const std::vector<std::string>& command) {
  return Spawn(command, -1).has_value();
}

}  // namespace marea::cli
