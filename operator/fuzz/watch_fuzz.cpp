// Watch lines of every kind: an event says what the same object says alone.
#include "fuzz/bytes.hpp"
#include "fuzz/fill.hpp"
#include "fuzz/kinds.hpp"
#include "fuzz/law.hpp"
#include "json/encode.hpp"

namespace marea::fuzz {
namespace {

template <class T>
struct Laws {
  std::string_view line;

  void operator()(const kube::Changed<T>& changed) const { ReadsAgain(changed.object); }
  void operator()(const kube::Deleted<T>& deleted) const { ReadsAgain(deleted.object); }
  void operator()(const kube::Bookmark&) const {
    Require(line.find("type") != line.npos || line.find('\\') != line.npos, "a bookmark has a type");
  }
  void operator()(const kube::StreamError& end) const {
    Require(!end.error.message.empty(), "an error says what is wrong");
    Require(end.error.retry_after >= std::chrono::seconds(0), "nobody waits into the past");
    Require(end.error.retry_after <= std::chrono::hours(1), "nobody sends us away for longer than an hour");
  }
  void operator()(const kube::Undecodable& object) const {
    Require(object.error.kind == ErrorKind::kInvalid, "what cannot be read is invalid");
    Require(!object.error.message.empty(), "an error says what is wrong");
  }

  void ReadsAgain(const T& object) const {
    const std::string written = json::Encode(object);
    for (const std::string& text : {R"({"type":"ADDED","object":)" + written + "}",
                                    R"({"object":)" + written + R"(,"type":"ADDED"})"}) {
      const auto event = kube::DecodeWatchLine<T>(text);
      const auto* again = event ? std::get_if<kube::Changed<T>>(&*event) : nullptr;
      Require(again != nullptr, "an object reads in a line, whatever stands first in it");
      Require(fuzz::Same(object, again->object), "an object in a line reads as it would alone");
    }
  }
};

template <class T>
void Check(std::string_view line) {
  const auto event = Bounded(line.size(), [&] { return kube::DecodeWatchLine<T>(line); });
  if (event) return std::visit(Laws<T>{line}, *event);
  Require(event.error().kind == ErrorKind::kInvalid, "what cannot be read is invalid");
  Require(!event.error().message.empty(), "an error says what is wrong");
}

}  // namespace
}  // namespace marea::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace marea::fuzz;
  Bytes bytes(data, size);
  ForKind(bytes.Byte(), [&]<class T>(std::type_identity<T>) { Check<T>(bytes.Rest()); });
  return 0;
}
