// What we send: any value of any kind becomes JSON that a strict parser takes and that reads back the same,
// and the merge patch between two values does exactly what is between them.
#include <nlohmann/json.hpp>

#include "fuzz/fill.hpp"
#include "fuzz/kinds.hpp"
#include "fuzz/law.hpp"
#include "json/encode.hpp"
#include "runtime/patch_body.hpp"

namespace {

using namespace marea;
using namespace marea::fuzz;
using Json = nlohmann::json;

Json Strictly(const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  Require(json.is_object(), "what we send is JSON");
  return json;
}

void CheckPatch(const std::string& from, const std::string& to) {
  const std::string patch = json::MergePatchJson(from, to);
  Json patched = Strictly(from);
  const Json wanted = Strictly(to);
  Require(patch.empty() == (patched == wanted), "a patch is empty when there is nothing to do");
  if (patch.empty()) return;
  Json expected = Strictly(patch);
  patched.merge_patch(expected);
  Require(patched == wanted, "a patch turns the one into the other");
  const auto guarded = runtime::WithResourceVersion(patch, "7");
  if (!guarded) return;  // a patch that clears metadata, which is never sent
  expected["metadata"]["resourceVersion"] = "7";
  Require(Strictly(*guarded) == expected, "the precondition comes into a patch and changes nothing else");
}

template <class T>
void Check(Bytes& bytes) {
  const T from = Filled<T>(bytes), to = Filled<T>(bytes);
  const std::string written = json::Encode(from);
  const auto read = kube::DecodeObject<T>(written);
  Require(read.has_value(), "what we send can be read");
  Require(Same(from, *read), "what was sent reads back the same");
  CheckPatch(written, json::Encode(to));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  ForKind(bytes.Byte(), [&]<class T>(std::type_identity<T>) { Check<T>(bytes); });
  return 0;
}
