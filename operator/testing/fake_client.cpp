#include <algorithm>

#include "kube/delete_options.hpp"
#include "testing/fake_owners.hpp"
#include "testing/fake_parts.hpp"

namespace marea::testing {
namespace {

http::Request RequestOf(http::Method method, std::string path, std::string body, std::string content_type) {
  http::Request request;
  request.method = method;
  request.path = std::move(path);
  request.body = std::move(body);
  request.content_type = std::move(content_type);
  return request;
}

bool Good(const http::Response& response) {
  return response.status < 300;
}

}  // namespace

void FakeClient::After(Duration delay, std::function<void()> task) {
  const auto spread = static_cast<std::uint64_t>(delay.count()) + 1;
  world_.After(delay / 2 + Duration{static_cast<Duration::rep>(world_.Random() % spread)}, std::move(task));
}

bool FakeClient::Create(const kube::ResourceType& type, const std::string& ns, const Json& body) {
  return Good(api_.Handle(
      RequestOf(http::Method::kPost, kube::CollectionPath(type, ns), body.dump(), "application/json")));
}

bool FakeClient::Patch(const kube::ResourceType& type, const Key& key, std::string_view subresource,
                       const Json& body) {
  return Good(api_.Handle(RequestOf(http::Method::kPatch, kube::ObjectPath(type, key, subresource),
                                    body.dump(), "application/merge-patch+json")));
}

bool FakeClient::Post(const kube::ResourceType& type, const Key& key, std::string_view subresource,
                      const Json& body) {
  return Good(api_.Handle(RequestOf(http::Method::kPost, kube::ObjectPath(type, key, subresource),
                                    body.dump(), "application/json")));
}

bool FakeClient::Delete(const kube::ResourceType& type, const Key& key, const std::string& uid,
                        std::optional<int> grace_seconds) {
  return Good(api_.Handle(RequestOf(http::Method::kDelete, kube::ObjectPath(type, key),
                                    kube::DeleteOptionsJson({uid, {}}, grace_seconds), "application/json")));
}

void FakeClient::CollectByOwners() {
  testing::CollectByOwners(api_);
}

void FakeClient::Warn(const Json& about, const std::string& reason, const std::string& message) {
  const Json& metadata = about.at("metadata");
  const std::string ns = metadata.at("namespace"), uid = metadata.at("uid");
  std::string name = metadata.at("name").get<std::string>() + "." + uid + "." + reason;
  std::ranges::transform(name, name.begin(),
                         [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (api_.Get("events", {ns, name})) return;
  Create(kube::kEvents, ns,
         {{"apiVersion", "v1"},
          {"kind", "Event"},
          {"metadata", {{"name", name}, {"namespace", ns}}},
          {"involvedObject",
           {{"apiVersion", about.value("apiVersion", "v1")},
            {"kind", about.value("kind", "")},
            {"namespace", ns},
            {"name", metadata.at("name")},
            {"uid", uid}}},
          {"type", "Warning"},
          {"reason", reason},
          {"message", message}});
}

std::string NodeOf(const Json& pod) {
  return pod.at("spec").value("nodeName", "");
}

std::string PhaseOf(const Json& object) {
  const auto status = object.find("status");
  return status == object.end() ? "" : status->value("phase", "");
}

bool IsTerminating(const Json& object) {
  return object.at("metadata").contains("deletionTimestamp");
}

bool HasEnded(const Json& pod) {
  const auto phase = PhaseOf(pod);
  return phase == "Succeeded" || phase == "Failed";
}

std::vector<Key> ClaimsOf(const Json& pod) {
  std::vector<Key> claims;
  for (const auto& volume : pod.at("spec").value("volumes", Json::array())) {
    const auto claim = volume.find("persistentVolumeClaim");
    if (claim != volume.end()) claims.push_back({pod.at("metadata").at("namespace"), claim->at("claimName")});
  }
  return claims;
}

Json WithCondition(const Json& object, const std::string& type, const std::string& status,
                   const std::string& reason, const std::string& message, Time now) {
  Json conditions = object.value("status", Json::object()).value("conditions", Json::array());
  Json next = {{"type", type}, {"status", status}, {"lastTransitionTime", FormatTime(now)}};
  if (!reason.empty()) next["reason"] = reason;
  if (!message.empty()) next["message"] = message;
  for (auto& condition : conditions) {
    if (condition.at("type") != type) continue;
    if (condition.at("status") == status) next["lastTransitionTime"] = condition.at("lastTransitionTime");
    condition = next;
    return conditions;
  }
  conditions.push_back(next);
  return conditions;
}

}  // namespace marea::testing
