// A SessionClass: the catalogue a Session chooses from (crds/marea.dev_sessionclasses.yaml).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controllers/api/common.hpp"

namespace marea::api {

inline constexpr kube::ResourceType kSessionClasses{"marea.dev", "v1alpha1", "sessionclasses", "SessionClass",
                                                    false};

struct ClassImage {
  std::string name, image, pull_policy;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"name", &ClassImage::name}, json::Field{"image", &ClassImage::image},
                      json::Field{"pullPolicy", &ClassImage::pull_policy});
  }
};

struct ClassResources {
  AskedResources default_resources, max;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"default", &ClassResources::default_resources},
                      json::Field{"max", &ClassResources::max});
  }
};

struct ClassAccelerator {
  std::string class_name;
  std::int64_t max_count = 1;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"className", &ClassAccelerator::class_name},
                      json::Field{"maxCount", &ClassAccelerator::max_count});
  }
};

struct ClassHome {
  Quantity size;
  std::string storage_class_name, access_mode, mount_path;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"size", &ClassHome::size},
                      json::Field{"storageClassName", &ClassHome::storage_class_name},
                      json::Field{"accessMode", &ClassHome::access_mode},
                      json::Field{"mountPath", &ClassHome::mount_path});
  }
};

struct ClassScratch {
  Quantity size;
  std::string mount_path;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"size", &ClassScratch::size},
                      json::Field{"mountPath", &ClassScratch::mount_path});
  }
};

enum class RouteType { kNone, kIngress, kHttpRoute };
enum class Scheme { kHttps, kHttp };

struct IngressSettings {
  std::string class_name, tls_secret_name;
  kube::StringMap annotations;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"className", &IngressSettings::class_name},
                      json::Field{"tlsSecretName", &IngressSettings::tls_secret_name},
                      json::Field{"annotations", &IngressSettings::annotations});
  }
};

struct GatewayReference {
  std::string name, ns, section_name;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"name", &GatewayReference::name},
                      json::Field{"namespace", &GatewayReference::ns},
                      json::Field{"sectionName", &GatewayReference::section_name});
  }
};

struct ClassRoute {
  RouteType type = RouteType::kNone;
  std::string hostname;
  Scheme scheme = Scheme::kHttps;
  IngressSettings ingress;
  GatewayReference gateway;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"type", &ClassRoute::type}, json::Field{"hostname", &ClassRoute::hostname},
                      json::Field{"scheme", &ClassRoute::scheme},
                      json::Field{"ingress", &ClassRoute::ingress},
                      json::Field{"gateway", &ClassRoute::gateway});
  }
};

struct ClassPod {
  std::int64_t port = 8888;
  std::vector<std::string> command, args;
  std::int64_t run_as_user = 1000, run_as_group = 1000;
  Quantity shared_memory;
  std::string priority_class_name, runtime_class_name;
  kube::StringMap node_selector;
  std::vector<kube::Toleration> tolerations;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"port", &ClassPod::port}, json::Field{"command", &ClassPod::command},
                      json::Field{"args", &ClassPod::args}, json::Field{"runAsUser", &ClassPod::run_as_user},
                      json::Field{"runAsGroup", &ClassPod::run_as_group},
                      json::Field{"sharedMemory", &ClassPod::shared_memory},
                      json::Field{"priorityClassName", &ClassPod::priority_class_name},
                      json::Field{"runtimeClassName", &ClassPod::runtime_class_name},
                      json::Field{"nodeSelector", &ClassPod::node_selector},
                      json::Field{"tolerations", &ClassPod::tolerations});
  }
};

struct SessionClassSpec {  // the API server has filled in the schema's defaults
  std::vector<ClassImage> images;
  std::vector<std::string> allowed_image_prefixes, image_pull_secret_names;
  ClassResources resources;
  std::vector<ClassAccelerator> accelerators;
  std::int64_t default_duration_seconds = 0, max_duration_seconds = 0, start_deadline_seconds = 0;
  std::int64_t alternative_patience_seconds = 0;
  ClassHome home;
  std::vector<VolumeMount> volumes;
  std::optional<ClassScratch> scratch;
  ClassRoute route;
  ClassPod pod;
  static constexpr auto Fields() {
    return std::tuple(
        json::Field{"images", &SessionClassSpec::images},
        json::Field{"allowedImagePrefixes", &SessionClassSpec::allowed_image_prefixes},
        json::Field{"imagePullSecretNames", &SessionClassSpec::image_pull_secret_names},
        json::Field{"resources", &SessionClassSpec::resources},
        json::Field{"accelerators", &SessionClassSpec::accelerators},
        json::Field{"defaultDurationSeconds", &SessionClassSpec::default_duration_seconds},
        json::Field{"maxDurationSeconds", &SessionClassSpec::max_duration_seconds},
        json::Field{"startDeadlineSeconds", &SessionClassSpec::start_deadline_seconds},
        json::Field{"alternativePatienceSeconds", &SessionClassSpec::alternative_patience_seconds},
        json::Field{"home", &SessionClassSpec::home}, json::Field{"volumes", &SessionClassSpec::volumes},
        json::Field{"scratch", &SessionClassSpec::scratch}, json::Field{"route", &SessionClassSpec::route},
        json::Field{"pod", &SessionClassSpec::pod});
  }
};

struct SessionClass {
  static constexpr const kube::ResourceType& kType = kSessionClasses;
  kube::ObjectMeta metadata;
  SessionClassSpec spec;
  static constexpr auto Fields() {
    return std::tuple(json::Field{"metadata", &SessionClass::metadata},
                      json::Field{"spec", &SessionClass::spec});
  }
};

}  // namespace marea::api

template <>
struct marea::json::EnumNames<marea::api::RouteType> {
  static constexpr std::array<std::string_view, 3> names{"None", "Ingress", "HTTPRoute"};
};
template <>
struct marea::json::EnumNames<marea::api::Scheme> {
  static constexpr std::array<std::string_view, 2> names{"HTTPS", "HTTP"};
};
