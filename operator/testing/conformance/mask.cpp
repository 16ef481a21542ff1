#include "testing/conformance/mask.hpp"

#include <algorithm>

#include "base/time.hpp"

namespace marea::testing::conformance {

namespace {

using Json = nlohmann::json;

std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// The scripts' own times are of 2020; others are the server's.
bool IsServersTime(const std::string& text) {
  return text.size() >= 20 && text.size() <= 35 && !text.starts_with("2020") && ParseTime(text).has_value();
}

void Remove(Json& json, std::string_view path) {
  if (json.is_array()) {
    for (Json& item : json) Remove(item, path);
    return;
  }
  if (!json.is_object()) return;
  // The longest member name wins: annotations have dots of their own.
  if (json.contains(path)) {
    json.erase(std::string(path));
    return;
  }
  for (std::size_t dot = path.rfind('.'); dot != std::string_view::npos && dot > 0;
       dot = path.rfind('.', dot - 1)) {
    const auto member = json.find(std::string(path.substr(0, dot)));
    if (member != json.end()) return Remove(*member, path.substr(dot + 1));
  }
}

}  // namespace

std::string Mask::Symbol(const std::string& uid) {
  const auto [at, fresh] = uids_.try_emplace(uid);
  if (fresh) at->second = "<uid " + std::to_string(uids_.size()) + ">";
  return at->second;
}

void Mask::HideMetadata(Json& metadata) {
  metadata.erase("managedFields");
  const std::string uid = metadata.value("uid", "");
  if (const std::string prefix = metadata.value("generateName", "");
      !prefix.empty() && metadata.contains("name")) {
    metadata["name"] = prefix + "<suffix>";
  }
  if (metadata.contains("resourceVersion") && metadata["resourceVersion"].is_string()) {
    const std::string version = metadata["resourceVersion"];
    std::string shown = "<version>";
    if (!uid.empty()) {
      auto& seen = versions_[uid];
      auto at = std::ranges::find(seen, version);
      if (at == seen.end()) at = seen.insert(seen.end(), version);
      shown = "<version " + std::to_string(at - seen.begin() + 1) + ">";
    }
    metadata["resourceVersion"] = shown;
  }
  if (!metadata.value("continue", "").empty()) metadata["continue"] = "<token>";
}

void Mask::Hide(Json& json, const std::string& key) {
  if (key == "metadata" && json.is_object()) HideMetadata(json);
  // Go's maps have no order, and neither have their faults.
  if (key == "causes" && json.is_array()) std::sort(json.begin(), json.end());
  if (json.is_structured()) {
    for (const auto& [name, value] : json.items()) Hide(value, json.is_array() ? key : name);
    return;
  }
  if (!json.is_string()) return;
  const std::string text = json;
  if (key == "uid") json = Symbol(text);
  if (IsServersTime(text)) json = "<time>";
  const bool address = (key == "clusterIP" || key == "clusterIPs") && text != "None" && !text.empty();
  if (address) json = "<address>";
}

std::string Mask::Text(std::string text) const {
  for (const auto& [uid, symbol] : uids_) text = Replaced(std::move(text), uid, symbol);
  return Replaced(std::move(text), id_, "{id}");
}

std::string Mask::Lines(Json answer, const std::vector<std::string>& ignore) {
  for (const std::string& path : ignore) Remove(answer, path);
  Hide(answer, "");
  const auto dump = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  if (!answer.is_object()) return Text(dump(answer) + "\n");
  std::string lines;
  for (const auto& [name, value] : answer.items()) {
    if (name == "items" && value.is_array()) {
      lines += "  items:\n";
      for (const Json& item : value) lines += "    " + dump(item) + "\n";
    } else {
      lines += "  " + name + ": " + dump(value) + "\n";
    }
  }
  return Text(std::move(lines));
}

}  // namespace marea::testing::conformance
