// Lists of every kind: one item that cannot be read costs no other, and is named.
#include "fuzz/bytes.hpp"
#include "fuzz/fill.hpp"
#include "fuzz/kinds.hpp"
#include "fuzz/law.hpp"
#include "json/encode.hpp"

namespace marea::fuzz {
namespace {

template <class T>
void Check(std::string_view text) {
  const auto list = Bounded(text.size(), [&] { return kube::DecodeList<T>(text); });
  if (!list) {
    Require(list.error().kind == ErrorKind::kInvalid, "what cannot be read is invalid");
    Require(!list.error().message.empty(), "an error says what is wrong");
    return;
  }
  for (const kube::Undecodable& item : list->undecodable) {
    Require(item.error.message.starts_with("items["), "an error names the item");
  }
  for (const T& item : list->items) {
    const std::string alone = json::Encode(item);
    const auto again = kube::DecodeObject<T>(alone);
    Require(again && Same(item, *again), "an item of a list reads as it would alone");
  }
}

}  // namespace
}  // namespace marea::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marea::fuzz;
  Bytes bytes(data, size);
  ForKind(bytes.Byte(), [&]<class T>(std::type_identity<T>) { Check<T>(bytes.Rest()); });
  return 0;
}
