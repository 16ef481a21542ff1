#include "controllers/session/pending.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "json/encode.hpp"

namespace marea::session {
namespace {

// What this version of Marea itself puts into a pod; counted up with every change of objects or pod bodies.
constexpr const char* kTemplate = "1";

template <class T>
std::string ListText(const std::vector<T>& items) {
  std::string text;
  for (const auto& item : items) text += json::Encode(item) + "\n";
  return text;
}

struct ClassPart {  // of the class, what the parts above do not show already
  std::string mount_path, pull_policy;
  std::vector<std::string> pull_secrets;
  std::vector<api::VolumeMount> volumes;
  std::optional<api::ClassScratch> scratch;
  api::ClassRoute route;
  api::ClassPod pod;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"mountPath", &ClassPart::mount_path}, json::Field{"pullPolicy", &ClassPart::pull_policy},
        json::Field{"pullSecrets", &ClassPart::pull_secrets}, json::Field{"volumes", &ClassPart::volumes},
        json::Field{"scratch", &ClassPart::scratch}, json::Field{"route", &ClassPart::route},
        json::Field{"pod", &ClassPart::pod});
  }
};

std::string ClassText(const View& view) {
  const auto& c = view.session_class->spec;
  return json::Encode(ClassPart{c.home.mount_path, ChosenImage(view).pull_policy, c.image_pull_secret_names,
                                c.volumes, c.scratch, c.route, c.pod});
}

std::string DeviceText(const View& view, const std::string& accelerator_class) {
  const auto device = view.world.accelerator_classes.Get({"", accelerator_class});
  return device ? json::Encode(device->spec) : accelerator_class;
}

// In the words of spec, then what else a pod is made from.
using Parts = std::vector<std::pair<std::string_view, std::string>>;

Parts PartsOf(const View& view, const std::string& accelerator_class) {
  const auto& spec = view.session.spec;
  return {{"className", spec.class_name},
          {"image", ChosenImage(view).image},
          {"resources", AskedCpu(view).ToString() + " " + AskedMemory(view).ToString()},
          {"accelerator", json::Encode(spec.accelerator)},
          {"volumes", ListText(spec.volumes)},
          {"env", ListText(spec.env)},
          {"auth", std::string(json::Name(spec.auth))},
          {"credentials", std::string(json::Name(spec.credentials))},
          {"basePath", BasePath(view)},
          {"the SessionClass", ClassText(view)},
          {"the AcceleratorClass", DeviceText(view, accelerator_class)},
          {"Marea's own template", kTemplate}};
}

// The digest that `made_from` has for a part, or "".
std::string_view Find(std::string_view made_from, std::string_view part) {
  while (!made_from.empty()) {
    const auto entry = made_from.substr(0, made_from.find(','));
    const auto equals = entry.find('=');
    if (equals != entry.npos && entry.substr(0, equals) == part) return entry.substr(equals + 1);
    made_from.remove_prefix(std::min(made_from.size(), entry.size() + 1));
  }
  return {};
}

}  // namespace

std::string MadeFrom(const View& view, const std::string& accelerator_class) {
  std::string text;
  for (const auto& [name, value] : PartsOf(view, accelerator_class)) {
    text += (text.empty() ? "" : ",") + std::string(name) + "=" + Digest(value);
  }
  return text;
}

std::string PendingChange(const View& view) {
  if (view.pod == nullptr || view.session_class == nullptr || !view.status.admission) return {};
  const std::string made_from = Annotation(view.pod->metadata, api::kMadeFromAnnotation);
  std::string changed;
  for (const auto& [name, value] : PartsOf(view, view.status.admission->accelerator_class)) {
    const auto known = Find(made_from, name);
    // A part that an earlier version did not know is no change.
    if (known.empty() || known == Digest(value)) continue;
    changed += (changed.empty() ? "" : ", ") + std::string(name);
  }
  const bool borrowed = view.status.admission->kind == api::AdmissionKind::kBorrowed;
  if (borrowed && !view.session.spec.preemptible)
    changed += (changed.empty() ? "" : ", ") + std::string("preemptible");
  return changed;
}

}  // namespace marea::session
