#include "simulation/branches.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace marea::simulation {
namespace {

// What copies have to say, a line each. They write one after the other.
class Record {
 public:
  Record() : file_(std::tmpfile(), &std::fclose) {
    if (!file_) throw std::runtime_error("no temporary file can be made");
  }

  void Add(const Branch& branch) {
    const std::string line = Json{{"fault", testing::ToText(branch.fault)},
                                  {"complaints", branch.complaints},
                                  {"steps", branch.steps},
                                  {"died", branch.died}}
                                 .dump(-1, ' ', false, Json::error_handler_t::replace) +
                             "\n";
    // Unbuffered: what is in a buffer is copied with the process.
    for (std::string_view rest = line; !rest.empty();) {
      const auto written = ::write(::fileno(file_.get()), rest.data(), rest.size());
      if (written < 0 && errno != EINTR) throw std::runtime_error("a temporary file cannot be written");
      rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
  }

  std::vector<Branch> Read() {
    std::string text;
    char buffer[1 << 16];
    if (std::fseek(file_.get(), 0, SEEK_SET) != 0)
      throw std::runtime_error("a temporary file cannot be read");
    for (std::size_t size = 0; (size = std::fread(buffer, 1, sizeof buffer, file_.get())) > 0;)
      text.append(buffer, size);
    std::vector<Branch> branches;
    for (std::size_t begin = 0; begin < text.size(); begin = text.find('\n', begin) + 1) {
      const Json line = Json::parse(text.substr(begin, text.find('\n', begin) - begin));
      branches.push_back({.fault = testing::ParseFaultPlan(line.at("fault").get<std::string>()).value().at(0),
                          .complaints = line.at("complaints"),
                          .steps = line.at("steps"),
                          .died = line.at("died")});
    }
    return branches;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

// Nothing when it ended well.
std::string EndOf(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return "died of signal " + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : "ended with " + std::to_string(WEXITSTATUS(status));
}

pid_t Copy() {
  const pid_t copy = ::fork();
  if (copy < 0) throw std::runtime_error("no process can be made");
  return copy;
}

// Plays the story, and makes a copy for each fault whose turn it is.
class Player {
 public:
  Player(const Faults& faults, Record& record, std::size_t turn, std::size_t turns)
      : faults_(faults), record_(record), turn_(turn), turns_(turns) {}

  void Play(const Judge& judge) {
    const auto outcome =
        simulation::Play({.scenario = faults_.scenario}, {},
                         [this](testing::At at, std::uint64_t number, const http::Request& request) {
                           return Strike(at, number, request);
                         });
    if (struck_) record_.Add({.fault = *struck_, .complaints = judge(outcome), .steps = outcome.steps});
  }

 private:
  std::optional<testing::Effect> Strike(testing::At at, std::uint64_t number, const http::Request& request) {
    if (struck_ || at != faults_.at || request.method == faults_.spared) return std::nullopt;
    for (const auto effect : faults_.effects) {
      const bool wanted = place_++ % faults_.stride == 0;
      if (!wanted || chosen_++ % turns_ != turn_) continue;
      const testing::Fault fault{at, number, effect};
      const pid_t copy = Copy();
      if (copy == 0) {
        struck_ = fault;
        return effect;
      }
      if (const auto end = EndOf(copy); !end.empty())
        record_.Add({.fault = fault, .complaints = {"the process " + end}, .died = true});
    }
    return std::nullopt;
  }

  const Faults& faults_;
  Record& record_;
  std::size_t turn_, turns_;
  std::size_t place_ = 0, chosen_ = 0;
  std::optional<testing::Fault> struck_;  // this process is the copy
};

// Players and copies leave without a word: what the caller's program does at its end is none of theirs.
[[noreturn]] void Leave(const std::function<void()>& last) {
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGTERM}) std::signal(number, SIG_DFL);
  int code = 0;
  try {
    last();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    code = 1;
  }
  ::_exit(code);
}

}  // namespace

std::vector<Branch> PlayBranches(const Faults& faults, const Judge& judge) {
  const std::size_t turns = std::max(1u, std::thread::hardware_concurrency());
  std::vector<Record> records(turns);
  std::vector<pid_t> players;
  for (std::size_t turn = 0; turn < turns; ++turn) {
    players.push_back(Copy());
    if (players.back() == 0) Leave([&] { Player(faults, records[turn], turn, turns).Play(judge); });
  }
  std::string trouble;
  for (const pid_t player : players) trouble += EndOf(player);
  if (!trouble.empty()) throw std::runtime_error(faults.scenario + " without faults " + trouble);

  std::vector<Branch> branches;
  for (auto& record : records) std::ranges::move(record.Read(), std::back_inserter(branches));
  std::ranges::sort(branches, {},
                    [](const Branch& branch) { return std::pair(branch.fault.number, branch.fault.effect); });
  return branches;
}

}  // namespace marea::simulation
