// What may differ between two runs of a script, replaced by what it stands for: uids, versions, times,
// addresses, tokens, and the texts that keep runs apart.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace marea::testing::conformance {

class Mask {
 public:
  // `id`: the text that no other run uses.
  explicit Mask(std::string id) : id_(std::move(id)) {}

  // One line for each member of an answer; `ignore` names the paths to leave out ("spec.taints",
  // "items.status": lists are looked through).
  std::string Lines(nlohmann::json answer, const std::vector<std::string>& ignore);
  std::string Text(std::string text) const;

 private:
  void Hide(nlohmann::json& json, const std::string& key);
  void HideMetadata(nlohmann::json& metadata);
  std::string Symbol(const std::string& uid);

  std::string id_;
  std::map<std::string, std::string> uids_;
  std::map<std::string, std::vector<std::string>> versions_;  // of each uid, in the order they were seen
};

}  // namespace marea::testing::conformance
