#include "controllers/session/acceptance.hpp"

#include <algorithm>
#include <array>

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

std::optional<Problem> ImageIsOffered(const View& view) {
  const auto& images = view.session_class->spec.images;
  const auto& asked = view.session.spec.image;
  if (asked.empty() || std::ranges::find(images, asked, &api::ClassImage::name) != images.end()) return {};
  return Problem{"ImageNotInClass", "spec.image: class " + view.session.spec.class_name + " has no image " +
                                        Quoted(asked) + "; it has: " + Names(images, &api::ClassImage::name) +
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

std::optional<Problem> HomeIsTheirs(const View& view) {
  const std::string name = api::HomeClaimName(view.session.spec, view.user);
  if (view.home == nullptr) {
    if (view.session.spec.home.claim_name.empty()) return {};
    return Problem{"ClaimNotFound", "spec.home.claimName: there is no PersistentVolumeClaim " + Quoted(name) +
                                        " in this namespace; create it, or leave the field out."};
  }
  const auto& annotations = view.home->metadata.annotations;
  const auto owner = annotations.find(std::string(api::kUserAnnotation));
  if (owner == annotations.end() || owner->second == view.user) return {};
  return Problem{"ClaimNotYours", "The PersistentVolumeClaim " + Quoted(name) +
                                      " belongs to another user (annotation " +
                                      std::string(api::kUserAnnotation) + ")."};
}

constexpr std::array<Policy, 6> kPolicies{
    ClassExists,           ImageIsOffered, ResourcesAreWithinClass, AcceleratorsAreOffered,
    DurationIsWithinClass, HomeIsTheirs};

}  // namespace

std::optional<Problem> FindProblem(const View& view) {
  for (const auto policy : kPolicies) {
    if (auto problem = policy(view)) return problem;
  }
  return {};
}

}  // namespace marea::session
