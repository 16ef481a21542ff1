// Other programs: kubectl for what only it does, and a browser. No secret ever stands among their arguments.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace marea::cli {

// The program takes the place of this one; it returns only with an error, such as that it is not in PATH.
Error Become(const std::vector<std::string>& command);

// A program beside this one, whose standard output is read line by line; its input is empty, its errors go
// where ours do. Ctrl-C, SIGTERM and SIGHUP to us end it, and we go on after it.
class Child {
 public:
  static Result<Child> Start(const std::vector<std::string>& command);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();  // ends it

  std::optional<std::string> ReadLine();  // without its newline; nullopt: it has closed its output
  int Wait();                             // until it ends; its exit code, 128 + signal when it was killed

 private:
  Child(pid_t pid, int output) : pid_(pid), output_(output) {}
  pid_t pid_;
  int output_;
  std::string buffer_;
};

// Whether a child was ended because we were told to end.
bool WasToldToEnd();

// Starts a program and does not wait for it; false when it cannot be started.
bool StartApart(const std::vector<std::string>& command);

}  // namespace marea::cli
