#include "cli/calls.hpp"

#include <memory>

#include "kube/url.hpp"

namespace marea::cli {
namespace {

constexpr std::string_view kPageSize = "500";
constexpr std::string_view kFieldManager = "?fieldManager=kubectl-marea";  // in managedFields

std::string What(std::string_view verb, const kube::ResourceType& type, const Key& key) {
  const std::string what = std::string(verb) + " " + std::string(type.plural);
  if (key.name.empty()) return what + (key.ns.empty() ? "" : " in namespace " + key.ns);
  return what + " " + ToString(key);
}

}  // namespace

Calls::Answer Calls::Get(const kube::ResourceType& type, const Key& key) {
  http::Request request;
  request.path = kube::ObjectPath(type, key);
  return Send(std::move(request), What("get", type, key));
}

Calls::Answer Calls::List(const kube::ResourceType& type, std::string_view ns, std::string_view selector,
                          std::string_view next) {
  http::Request request;
  request.path = kube::CollectionPath(type, ns) + "?limit=" + std::string(kPageSize);
  if (!selector.empty()) request.path += "&fieldSelector=" + kube::PercentEncoded(selector);
  if (!next.empty()) request.path += "&continue=" + kube::PercentEncoded(next);
  return Send(std::move(request), What("list", type, {type.namespaced ? std::string(ns) : "", ""}));
}

Calls::Answer Calls::MergePatch(const kube::ResourceType& type, const Key& key, std::string patch) {
  http::Request request;
  request.method = http::Method::kPatch;
  request.path = kube::ObjectPath(type, key) + std::string(kFieldManager);
  request.body = std::move(patch);
  request.content_type = "application/merge-patch+json";
  return Send(std::move(request), What("patch", type, key));
}

Calls::Answer Calls::Send(http::Request request, std::string what) {
  request.timeout = timeout_;
  auto promise = std::make_shared<std::promise<Result<std::string>>>();
  auto answer = promise->get_future();
  transport_.Send(std::move(request), [promise, what = std::move(what)](Result<http::Response> response) {
    if (!response) {
      response.error().message = what + ": " + response.error().message;
      return promise->set_value(tl::unexpected(std::move(response.error())));
    }
    if (response->status >= 200 && response->status < 300)
      return promise->set_value(std::move(response->body));
    const auto after = response->headers.find("retry-after");
    promise->set_value(tl::unexpected(kube::ErrorFromStatus(
        response->status, response->body, after == response->headers.end() ? "" : after->second, what)));
  });
  return answer;
}

}  // namespace marea::cli
