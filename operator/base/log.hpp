// Structured logging: one line per thing that happened, key=value pairs or JSON, on stderr.
// Values are escaped and capped; no value may ever be a secret.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace marea::log {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kText, kJson };

using Pair = std::pair<std::string_view, std::string>;

void SetLevel(Level level);
bool Enabled(Level level);
void SetFormat(Format format);  // before other threads write
// "INFO decided key=lab/ada", as it is written after the time.
std::string Line(Level level, std::string_view message, std::initializer_list<Pair> pairs);

// Takes the lines of the calling thread in place of stderr; an empty one gives them back to it. For
// simulations, whose log has its own time.
using Sink = std::function<void(Level, std::string_view message, std::initializer_list<Pair>)>;
void SetSink(Sink sink);

void Write(Level level, std::string_view message, std::initializer_list<Pair> pairs);

inline void Debug(std::string_view m, std::initializer_list<Pair> p = {}) {
  Write(Level::kDebug, m, p);
}
inline void Info(std::string_view m, std::initializer_list<Pair> p = {}) {
  Write(Level::kInfo, m, p);
}
inline void Warn(std::string_view m, std::initializer_list<Pair> p = {}) {
  Write(Level::kWarn, m, p);
}
inline void Error(std::string_view m, std::initializer_list<Pair> p = {}) {
  Write(Level::kError, m, p);
}

}  // namespace marea::log
