// Names made of any text are valid and do not collide; text from outside is harmless once quoted.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/crypto.hpp"
#include "base/names.hpp"
#include "controllers/api/names.hpp"
#include "fuzz/bytes.hpp"
#include "fuzz/fill.hpp"
#include "fuzz/law.hpp"

namespace {

using namespace marea;
using namespace marea::fuzz;

// RFC 1123, told another way than the code tells it.
bool IsLabel(std::string_view text) {
  const auto inner = [](unsigned char c) {
    return (std::isalnum(c) != 0 && std::isupper(c) == 0) || c == '-';
  };
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, inner) && text.front() != '-' &&
         text.back() != '-';
}

bool EndsWithHashOf(std::string_view name, std::string_view text) {
  return name.ends_with("-" + Sha256Hex(text).substr(0, 8));
}

void CheckName(std::string_view text, std::size_t max) {
  const std::string name = SafeName(text, max);
  Require(IsLabel(name), "a safe name is a DNS label");
  Require(name.size() <= max, "a safe name is as short as asked for");
  Require(name == text || EndsWithHashOf(name, text), "a name stands for its text, or bears its hash");
  Require(IsDnsLabel(text) == IsLabel(text), "a DNS label is one");
  if (name != text && !text.empty())
    Require(SafeName(name, max) != name, "nobody gets a name by spelling it");
}

void CheckQuoted(std::string_view text, std::size_t max) {
  const std::string quoted = Quoted(text, max);
  const bool cut = quoted.ends_with("…\"");
  Require(quoted.size() <= max + 2 + (cut ? std::string_view("…").size() : 0),
          "quoted text is as short as asked for");
  Require(std::ranges::none_of(quoted, [](unsigned char c) { return c < 0x20 || c == 0x7F; }),
          "quoted text controls no terminal");
  const auto read = nlohmann::json::parse(quoted, nullptr, /*allow_exceptions=*/false);
  Require(read.is_string(), "quoted text is JSON");
  const std::string whole = Quoted(text, text.size() * 6);
  Require(nlohmann::json::parse(whole, nullptr, false) == Repaired(text), "nothing is lost by quoting");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const std::size_t max = 12 + bytes.Byte() % 64;
  const std::string_view one = bytes.Line(), other = bytes.Rest();
  CheckName(one, max);
  CheckName(other, max);
  if (SafeName(one, max) == SafeName(other, max)) {
    Require(Sha256Hex(one).substr(0, 8) == Sha256Hex(other).substr(0, 8), "two texts have two names");
  }
  CheckQuoted(other, max);
  const std::string claim = api::HomeClaimName({}, other);
  Require(IsLabel(claim), "a home's name is a DNS label");
  return 0;
}
