#include "bench/script.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace marea::bench {

namespace {

constexpr std::string_view kVersion = "@VERSION@";
constexpr std::array kMethods{http::Method::kGet, http::Method::kPost, http::Method::kPut,
                              http::Method::kPatch, http::Method::kDelete};

std::vector<std::string> Columns(const std::string& line) {
  std::vector<std::string> columns;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find('\t', begin), line.size());
    columns.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return columns;
}

std::optional<Call> CallOf(const std::vector<std::string>& columns) {
  const auto method =
      std::ranges::find_if(kMethods, [&](http::Method m) { return http::Name(m) == columns[1]; });
  if (method == kMethods.end()) return {};
  const auto marked = [&](char mark) { return columns[0].find(mark) != std::string::npos; };
  return Call{.method = *method,
              .path = columns[2],
              .content_type = columns[3],
              .body = columns[4],
              .loose = marked('l'),
              .versioned = marked('v')};
}

}  // namespace

Result<std::vector<Chain>> ReadScript(std::istream& in) {
  std::vector<Chain> chains;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const auto columns = Columns(line);
    auto call = columns.size() == 5 ? CallOf(columns) : std::nullopt;
    const bool begins_chain = columns[0].starts_with('c');
    if (!call || (chains.empty() && !begins_chain)) {
      return Fail(ErrorKind::kInvalid, "line " + std::to_string(number) +
                                           ": expected MARKS METHOD PATH CONTENT-TYPE BODY between tabs");
    }
    if (begins_chain) chains.emplace_back();
    if (begins_chain || columns[0].starts_with('s')) chains.back().emplace_back();
    chains.back().back().push_back(std::move(*call));
  }
  return chains;
}

http::Request RequestOf(const Call& call, const std::string& version) {
  http::Request request;
  request.method = call.method;
  request.path = call.path;
  request.content_type = call.content_type;
  request.body = call.body;
  if (const auto place = request.body.find(kVersion); place != std::string::npos)
    request.body.replace(place, kVersion.size(), version);
  return request;
}

}  // namespace marea::bench
