#include "json/paths.hpp"

namespace marea::json {
namespace {

void AddLeaves(const Type& type, const std::string& path, std::vector<std::string>& paths) {
  switch (type.shape) {
    case Shape::kStruct:
      for (const Member& member : type.members) {
        AddLeaves(member.type(), (path.empty() ? "" : path + ".") + std::string(member.name), paths);
      }
      return;
    case Shape::kOptional:
      return AddLeaves(type.element(), path, paths);
    case Shape::kList:
    case Shape::kResults:
      return AddLeaves(type.element(), path + "[]", paths);
    case Shape::kMap:
      return AddLeaves(type.element(), path + "{}", paths);
    default:
      paths.push_back(path);
  }
}

}  // namespace

std::vector<std::string> PathsOf(const Type& type) {
  std::vector<std::string> paths;
  AddLeaves(type, "", paths);
  return paths;
}

}  // namespace marea::json
