#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>

#include "base/names.hpp"

namespace marea::log {
namespace {

constexpr std::size_t kMaxValue = 512;  // bytes
constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %v";
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})";

std::atomic<Level> g_level{Level::kInfo};
std::atomic<Format> g_format{Format::kText};

Sink& TheSink() {
  static thread_local Sink sink;
  return sink;
}

// spdlog contributes the clock, the lock around a line and the sink; the words are ours.
spdlog::logger& Logger() {
  static spdlog::logger logger = [] {
    spdlog::logger made("marea", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern(kTextPattern, spdlog::pattern_time_type::utc);
    made.set_level(spdlog::level::trace);
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return logger;
}

const char* Text(Level level) {
  switch (level) {
    case Level::kDebug:
      return "DEBUG";
    case Level::kInfo:
      return "INFO";
    case Level::kWarn:
      return "WARN";
    case Level::kError:
      break;
  }
  return "ERROR";
}

// What stands between the braces, after the time.
std::string JsonMembers(Level level, std::string_view message, std::initializer_list<Pair> pairs) {
  std::string line =
      R"("level":")" + std::string(Text(level)) + R"(","message":)" + Quoted(message, kMaxValue);
  for (const auto& [key, value] : pairs) line += "," + Quoted(key) + ":" + Quoted(value, kMaxValue);
  return line;
}

bool NeedsQuotes(std::string_view value) {
  const auto plain = [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\' && c != '='; };
  return value.empty() || value.size() > kMaxValue || !std::ranges::all_of(value, plain);
}

}  // namespace

void SetLevel(Level level) {
  g_level = level;
}
bool Enabled(Level level) {
  return level >= g_level;
}

std::string Line(Level level, std::string_view message, std::initializer_list<Pair> pairs) {
  std::string line = Text(level);
  line += ' ';
  line += message;
  for (const auto& [key, value] : pairs) {
    line += ' ';
    line += key;
    line += '=';
    line += NeedsQuotes(value) ? Quoted(value, kMaxValue) : value;
  }
  return line;
}

void SetFormat(Format format) {
  g_format = format;
  Logger().set_pattern(format == Format::kJson ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc);
}

void SetSink(Sink sink) {
  TheSink() = std::move(sink);
}

void Write(Level level, std::string_view message, std::initializer_list<Pair> pairs) {
  if (!Enabled(level)) return;
  if (TheSink()) return TheSink()(level, message, pairs);
  const std::string line =
      g_format == Format::kJson ? JsonMembers(level, message, pairs) : Line(level, message, pairs);
  Logger().log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace marea::log
