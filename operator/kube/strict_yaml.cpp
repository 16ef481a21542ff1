#include "kube/strict_yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <set>
#include <sstream>
#include <vector>

namespace marea::kube {

namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr int kMaxValues = 10'000;  // yaml-cpp takes some hundred bytes for each

// What yaml-cpp's own tree hides: aliases (a small file that unfolds into a huge one), keys given twice (of
// which one silently wins), and what it costs.
class StrictnessCheck final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Value(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw YAML::ParserException(mark, "aliases are not supported");
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    if (open_.empty() || !open_.back().expects_key) return Value(mark);
    if (!open_.back().keys.insert(value).second)
      throw YAML::ParserException(mark, "duplicate key \"" + value + "\"");
    open_.back().expects_key = false;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Enter(mark, false);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Enter(mark, true);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Collection {
    bool is_map;
    bool expects_key;
    std::set<std::string> keys;
  };

  void Value(const YAML::Mark& mark) {
    if (++values_ > kMaxValues) throw YAML::ParserException(mark, "more values than a kubeconfig has");
    if (open_.empty() || !open_.back().is_map) return;
    if (open_.back().expects_key) throw YAML::ParserException(mark, "a key that is not a string");
    open_.back().expects_key = true;
  }
  void Enter(const YAML::Mark& mark, bool is_map) {
    Value(mark);
    if (open_.size() == kMaxDepth) throw YAML::ParserException(mark, "nested too deeply");
    open_.push_back({is_map, is_map, {}});
  }

  std::vector<Collection> open_;
  int values_ = 0;
};

}  // namespace

Result<YAML::Node> ParseStrictly(const std::string& text, const std::string& path) {
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    StrictnessCheck check;
    parser.HandleNextDocument(check);
    YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) return Fail(ErrorKind::kInvalid, path + ": is no kubeconfig");
    return root;
  } catch (const YAML::Exception& error) {
    return Fail(ErrorKind::kInvalid, path + ": " + error.what());
  }
}

}  // namespace marea::kube
