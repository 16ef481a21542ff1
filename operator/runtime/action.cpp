#include "runtime/action.hpp"

namespace marea::runtime {

namespace {

std::string Line(std::string_view verb, const kube::ResourceType& type, const Key& key) {
  return std::string(verb) + " " + std::string(type.plural) + " " + ToString(key);
}

struct Describer {
  std::string operator()(const Create& create) const { return Line("create", *create.type, create.key); }
  std::string operator()(const Patch& patch) const {
    const std::string verb = patch.subresource.empty() ? "patch" : "patch " + patch.subresource + " of";
    return Line(verb, *patch.type, patch.key);
  }
  std::string operator()(const Delete& gone) const { return Line("delete", *gone.type, gone.key); }
  std::string operator()(const ReadFresh& read) const { return Line("read", *read.type, read.key); }
  std::string operator()(const Emit& emit) const {
    return Line("event " + emit.reason + " on", *emit.regarding_type, emit.regarding);
  }
};

}  // namespace

std::string Describe(const Action& action) {
  return std::visit(Describer{}, action);
}

}  // namespace marea::runtime
