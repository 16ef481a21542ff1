// Requests: whatever the names, paths are clean and lead where they should; Events keep the server's bounds.
#include <nlohmann/json.hpp>
#include <optional>

#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"
#include "kube/delete_options.hpp"
#include "kube/resource.hpp"
#include "kube/url.hpp"
#include "runtime/event.hpp"

namespace {

using namespace marea;
using namespace marea::fuzz;
using Json = nlohmann::json;

constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/%";

int HexDigit(char c) {
  return static_cast<int>(std::string_view("0123456789ABCDEF").find(c));
}

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    Require(i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 && HexDigit(text[i + 2]) >= 0, "%XX is whole");
    decoded += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
    i += 2;
  }
  return decoded;
}

void CheckPaths(const Key& key) {
  const std::string path = kube::ObjectPath(kube::kPods, key, "status");
  Require(path.find_first_not_of(kAllowed) == path.npos, "a path needs no further encoding");
  const std::string ns = key.ns.empty() ? "" : "/namespaces/" + key.ns;
  Require(PercentDecoded(path) == "/api/v1" + ns + "/pods/" + key.name + "/status",
          "a path leads to its object");
  const std::string name = kube::PercentEncoded(key.name);
  Require(name.find('/') == name.npos && PercentDecoded(name) == key.name, "a name stays one segment");
}

void CheckDelete(const Key& key, std::optional<int> grace) {
  const Json body = Json::parse(kube::DeleteOptionsJson({key.ns, key.name}, grace), nullptr, false);
  Require(body.is_object(), "what we send is JSON");
  const Json preconditions = body.value("preconditions", Json::object());
  Require(preconditions.contains("uid") == !key.ns.empty(), "a uid that is given is a precondition");
  Require(preconditions.contains("resourceVersion") == !key.name.empty(),
          "a resourceVersion that is given is a precondition");
  Require(body.contains("gracePeriodSeconds") == grace.has_value(), "a grace that is given is asked for");
}

void CheckEvent(const Key& key, std::string_view reason, std::string_view message) {
  runtime::Emit emit{&kube::kPods, key, "uid-1", false, std::string(reason), std::string(message), {}};
  const auto event = runtime::EventFor(emit, Time{}, "marea");
  Require(event.name.size() <= 253, "an Event's name has at most 253 characters");
  const Json body = Json::parse(event.body, nullptr, false);
  Require(body.is_object(), "what we send is JSON");
  const std::string said = body.value("message", "");
  Require(said.size() <= 1024, "an Event's message has at most 1024 bytes");
  Require(said.empty() == message.empty(), "an Event says what it was told to");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const Key key{std::string(bytes.Line()), std::string(bytes.Line())};
  const std::string_view reason = bytes.Line(), message = bytes.Rest();
  CheckPaths(key);
  CheckDelete(key, message.empty() ? std::nullopt : std::optional(static_cast<int>(message.size())));
  CheckEvent(key, reason, message);
  return 0;
}
