// Single objects of every kind: what is read can be written and read again, and no JSON is called broken.
#include <nlohmann/json.hpp>

#include "fuzz/bytes.hpp"
#include "fuzz/fill.hpp"
#include "fuzz/kinds.hpp"
#include "fuzz/law.hpp"
#include "json/encode.hpp"

namespace marea::fuzz {
namespace {

bool IsJsonObject(std::string_view text) {
  // nlohmann reads over a mark at the start and ends at a zero.
  const bool lenient = text.starts_with("\xEF\xBB\xBF") || text.find('\0') != text.npos;
  return !lenient && nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false).is_object();
}

template <class T>
void Check(std::string_view text) {
  const auto object = Bounded(text.size(), [&] { return kube::DecodeObject<T>(text); });
  if (!object) {
    Require(object.error().kind == ErrorKind::kInvalid, "what cannot be read is invalid");
    Require(!object.error().message.empty(), "an error says what is wrong");
    const bool broken = object.error().message.find("not JSON") != std::string::npos;
    Require(!broken || !IsJsonObject(text), "what is JSON is not called broken");
    return;
  }
  const std::string written = json::Encode(*object);
  const auto again = kube::DecodeObject<T>(written);
  Require(again.has_value(), "what we write can be read");
  Require(Same(*object, *again), "what is read again is the same");
}

}  // namespace
}  // namespace marea::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marea::fuzz;
  Bytes bytes(data, size);
  ForKind(bytes.Byte(), [&]<class T>(std::type_identity<T>) { Check<T>(bytes.Rest()); });
  return 0;
}
