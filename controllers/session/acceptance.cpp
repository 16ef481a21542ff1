#include "controllers/session/acceptance.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>

namespace marea::session {
namespace {

using Policy = std::optional<Problem> (*)(const View&);

// "a, b, c", at most ten of them.
template <class Range, class Projection>
std::string Names(const Range& range, Projection name) {
  std::string list;
  int left = 10;
  for (const auto& item : range) {
    if (left-- == 0) return list + ", …";
    list += (list.empty() ? "" : ", ") + std::invoke(name, item);
  }
  return list.empty() ? "none" : list;
}

std::optional<Problem> ClassExists(const View& view) {
  if (view.session_class != nullptr) return {};
  return Problem{
      "ClassNotFound",
      "spec.className: there is no SessionClass " + Quoted(view.session.spec.class_name) + "; there are: " +
          Names(view.world.session_classes.All(), [](const auto& item) { return item.first.name; }) + "."};
}

// A registry and a path that begin as the class allows, and no way out of it again.
bool PrefixAllowed(const View& view, const std::string& reference) {
  if (reference.find("..") != reference.npos || reference.find("//") != reference.npos) return false;
  const auto& prefixes = view.session_class->spec.allowed_image_prefixes;
  return std::ranges::any_of(prefixes, [&](const auto& prefix) {
    return prefix.ends_with('/') && reference.size() > prefix.size() && reference.starts_with(prefix);
  });
}

std::optional<Problem> ProjectIsTheirs(const View& view) {
  const auto& charged = view.status.project;
  if (charged.empty()) {
    const auto choice = ProjectOf(view);
    return choice.reason.empty() ? std::nullopt : std::optional(Problem{choice.reason, choice.message});
  }
  if (charged == api::kDefaultProject || view.world.projects.Get({"", charged})) return {};
  return Problem{
      "ProjectNotFound",
      "Project " + Quoted(charged) +
          ", which the session is charged to, is gone; an administrator must create it again, or delete "
          "the Session (its home stays) and create another."};
}

std::optional<Problem> ImageIsOffered(const View& view) {
  const auto& images = view.session_class->spec.images;
  const auto& asked = view.session.spec.image;
  if (asked.empty() || std::ranges::find(images, asked, &api::ClassImage::name) != images.end()) return {};
  if (PrefixAllowed(view, asked)) return {};
  const auto& prefixes = view.session_class->spec.allowed_image_prefixes;
  return Problem{"ImageNotInClass", "spec.image: class " + view.session.spec.class_name + " has no image " +
                                        Quoted(asked) + "; it has: " + Names(images, &api::ClassImage::name) +
                                        (prefixes.empty() ? ""
                                                          : ", and allows references that begin with: " +
                                                                Names(prefixes, std::identity{})) +
                                        "."};
}

std::optional<Problem> ResourcesAreWithinClass(const View& view) {
  const auto& max = view.session_class->spec.resources.max;
  const auto above = [&](const char* field, Quantity asked, Quantity most) {
    return Problem{"ResourcesAboveClass", std::string("spec.resources.") + field + ": " + asked.ToString() +
                                              " is more than class " + view.session.spec.class_name +
                                              " allows, " + most.ToString() + "."};
  };
  if (max.cpu && AskedCpu(view) > *max.cpu) return above("cpu", AskedCpu(view), *max.cpu);
  if (max.memory && AskedMemory(view) > *max.memory) return above("memory", AskedMemory(view), *max.memory);
  return {};
}

std::optional<Problem> AcceleratorsAreOffered(const View& view) {
  const auto& offered = view.session_class->spec.accelerators;
  int index = 0;
  for (const auto& wanted : view.session.spec.accelerator.alternatives) {
    const std::string field = "spec.accelerator.alternatives[" + std::to_string(index++) + "]";
    const auto found = std::ranges::find(offered, wanted.class_name, &api::ClassAccelerator::class_name);
    if (found == offered.end()) {
      return Problem{"AcceleratorNotInClass",
                     field + ".className: class " + view.session.spec.class_name + " does not offer " +
                         Quoted(wanted.class_name) +
                         "; it offers: " + Names(offered, &api::ClassAccelerator::class_name) + "."};
    }
    if (wanted.count > found->max_count) {
      return Problem{"TooManyAccelerators", field + ".count: class " + view.session.spec.class_name +
                                                " allows at most " + std::to_string(found->max_count) + " " +
                                                wanted.class_name + "."};
    }
  }
  return {};
}

std::optional<Problem> DurationIsWithinClass(const View& view) {
  const auto most = view.session_class->spec.max_duration_seconds;
  if (view.session.spec.duration_seconds.value_or(0) <= most) return {};
  return Problem{"DurationAboveClass", "spec.durationSeconds: class " + view.session.spec.class_name +
                                           " allows at most " + std::to_string(most) + " seconds."};
}

// The user it is marked for, when that is another.
std::optional<Problem> ForAnother(const View& view, const kube::PersistentVolumeClaim& claim) {
  const std::string owner = Annotation(claim.metadata, api::kUserAnnotation);
  if (owner.empty() || owner == view.user) return {};
  return Problem{"ClaimNotYours", "The PersistentVolumeClaim " + Quoted(claim.metadata.name) +
                                      " belongs to another user (annotation " +
                                      std::string(api::kUserAnnotation) + "); name one of your own."};
}

std::optional<Problem> HomeIsTheirs(const View& view) {
  const std::string name = api::HomeClaimName(view.session.spec, view.user);
  if (view.home != nullptr) return ForAnother(view, *view.home);
  if (view.session.spec.home.claim_name.empty()) return {};
  return Problem{"ClaimNotFound", "spec.home.claimName: there is no PersistentVolumeClaim " + Quoted(name) +
                                      " in this namespace; create it, or leave the field out."};
}

std::optional<Problem> ClaimsAreThere(const View& view) {
  const auto look = [&](const std::string& field, const api::VolumeMount& mount) -> std::optional<Problem> {
    const auto claim = view.world.claims.Get({view.key.ns, mount.claim_name});
    if (claim) return ForAnother(view, *claim);
    return Problem{"ClaimNotFound", field + ".claimName: there is no PersistentVolumeClaim " +
                                        Quoted(mount.claim_name) + " in namespace " + view.key.ns +
                                        "; create it, or leave the volume out."};
  };
  for (const auto& mount : view.session_class->spec.volumes) {
    if (auto problem = look("volumes of class " + view.session.spec.class_name, mount)) return problem;
  }
  int index = 0;
  for (const auto& mount : view.session.spec.volumes) {
    if (auto problem = look("spec.volumes[" + std::to_string(index++) + "]", mount)) return problem;
  }
  return {};
}

std::optional<Problem> MountPathsAreFree(const View& view) {
  const auto& limits = view.session_class->spec;
  std::map<std::string, std::string> taken{{limits.home.mount_path, "the home"}};
  if (limits.scratch) taken[limits.scratch->mount_path] = "the scratch space";
  for (const auto& mount : limits.volumes) taken[mount.mount_path] = "a volume of the class";
  int index = 0;
  for (const auto& mount : view.session.spec.volumes) {
    const std::string field = "spec.volumes[" + std::to_string(index++) + "].mountPath: ";
    const auto found = taken.find(mount.mount_path);
    if (found == taken.end()) continue;
    return Problem{"MountPathTaken", field + found->second + " is mounted at " + mount.mount_path +
                                         " already; choose another path."};
  }
  return {};
}

// Where many sessions share a host name, each has the part below its own path and no other.
std::optional<Problem> BasePathIsItsOwn(const View& view) {
  const auto& path = view.session.spec.base_path;
  if (view.session_class->spec.route.type == api::RouteType::kNone || path.empty()) return {};
  if (path.starts_with(api::OwnPath(view.session))) return {};
  return Problem{"BasePathNotAllowed", "spec.basePath: sessions of class " + view.session.spec.class_name +
                                           " share a host name; leave it out, or begin it with " +
                                           api::OwnPath(view.session) + "."};
}

std::optional<Problem> RouteIsServed(const View& view) {
  if (view.session_class->spec.route.type != api::RouteType::kHttpRoute || view.settings.gateway_api)
    return {};
  return Problem{"RouteNotServed",
                 "Class " + view.session.spec.class_name +
                     " asks for HTTPRoutes, and the operator runs without --gateway-api; an "
                     "administrator must turn it on or change the class."};
}

constexpr std::array<Policy, 11> kPolicies{
    ClassExists,           ProjectIsTheirs, ImageIsOffered, ResourcesAreWithinClass, AcceleratorsAreOffered,
    DurationIsWithinClass, HomeIsTheirs,    ClaimsAreThere, MountPathsAreFree,       BasePathIsItsOwn,
    RouteIsServed};

}  // namespace

std::optional<Problem> FindProblem(const View& view) {
  for (const auto policy : kPolicies) {
    if (auto problem = policy(view)) return problem;
  }
  return {};
}

}  // namespace marea::session
