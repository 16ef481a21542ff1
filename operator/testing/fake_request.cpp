#include "testing/fake_request.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "testing/fake_json.hpp"

namespace marea::testing::fake {

namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decoded(std::string_view text, bool query) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]), low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      plain += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      plain += query && text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

const std::string& Target::Query(std::string_view name) const {
  const auto found = query.find(std::string(name));
  return found == query.end() ? kEmpty : found->second;
}

bool Target::Flag(std::string_view name) const {
  const std::string& value = Query(name);
  return value == "1" || value == "true";
}

Answer<Target> ParseTarget(std::string_view path) {
  Target target;
  const std::size_t mark = path.find('?');
  if (mark != std::string_view::npos) {
    for (const std::string_view pair : Split(path.substr(mark + 1), '&')) {
      const std::size_t sign = std::min(pair.find('='), pair.size());
      const auto name = Decoded(pair.substr(0, sign), true);
      const auto value = Decoded(pair.substr(std::min(sign + 1, pair.size())), true);
      if (name && value) target.query.emplace(*name, *value);
    }
  }
  std::vector<std::string> parts;
  for (const std::string_view part : Split(path.substr(0, mark), '/')) {
    const auto decoded = Decoded(part, false);
    if (!decoded) return Refuse(BadRequest("malformed percent-encoding in the path"));
    parts.push_back(*decoded);
  }
  const bool core = !parts.empty() && parts[0] == "api";
  const std::size_t head = core ? 2 : 3;
  if (parts.size() <= head || (!core && parts[0] != "apis")) return Refuse(NoSuchPath(core));
  target.group = core ? "" : parts[1];
  target.version = parts[head - 1];
  std::span<const std::string> rest(parts.data() + head, parts.size() - head);
  const bool scoped =
      rest[0] == "namespaces" && rest.size() >= 3 && rest[2] != "status" && rest[2] != "finalize";
  if (scoped) {
    target.key.ns = rest[1];
    rest = rest.subspan(2);
  }
  if (rest.size() > 3) return Refuse(NoSuchPath(core));
  target.plural = rest[0];
  if (rest.size() > 1) target.key.name = rest[1];
  if (rest.size() > 2) target.subresource = rest[2];
  return target;
}

}  // namespace marea::testing::fake
