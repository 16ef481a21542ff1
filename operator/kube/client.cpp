#include "kube/client.hpp"

#include <array>

#include "kube/codec.hpp"
#include "kube/delete_options.hpp"
#include "kube/url.hpp"

namespace marea::kube {

namespace {

constexpr std::string_view kFieldManager = "?fieldManager=marea";  // who owns the fields, in managedFields
constexpr std::string_view kPageSize = "500";
// A fenced write that hangs is given up, so that it cannot be sent again on another connection much later.
constexpr std::chrono::seconds kFencedTimeout{10};
// Seconds; as client-go's.
constexpr std::array kAnswerBounds{0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0};
constexpr std::chrono::seconds kWatchSilence{150};  // more than WatchOptions::silence, which lists anew

std::string What(std::string_view verb, const ResourceType& type, const Key& key) {
  std::string what = std::string(verb) + " " + std::string(type.plural);
  if (!key.name.empty()) what += " " + ToString(key);
  return what;
}

std::string_view Header(const http::Response& response, const std::string& name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? std::string_view{} : std::string_view(found->second);
}

std::string Selected(const ResourceType& type) {
  return type.field_selector.empty() ? "" : "&fieldSelector=" + PercentEncoded(type.field_selector);
}

}  // namespace

void RequestCounts::Add(std::string_view verb, http::Method method, int status, MonotonicTime begin) {
  const MonotonicTime end = Now();
  const std::lock_guard lock(mutex_);
  ++counts_[{method, status}];
  if (clock_) times_.try_emplace(verb, kAnswerBounds).first->second.Observe(end - begin);
}

RequestCounts::Counts RequestCounts::Get() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

RequestCounts::Times RequestCounts::GetTimes() const {
  const std::lock_guard lock(mutex_);
  return times_;
}

Client Client::Within(std::chrono::milliseconds timeout) const {
  Client hasty = *this;
  hasty.timeout_ = timeout;
  return hasty;
}

Client Client::Fenced(std::function<bool()> may_send) const {
  Client fenced = *this;
  fenced.may_send_ = std::move(may_send);
  return fenced;
}

void Client::Get(const ResourceType& type, const Key& key, Done done) {
  http::Request request;
  request.path = ObjectPath(type, key);
  Send("GET", std::move(request), What("get", type, key), std::move(done));
}

void Client::List(const ResourceType& type, std::string_view next, Done done) {
  http::Request request;
  request.path = CollectionPath(type, {}) + "?limit=" + std::string(kPageSize) + Selected(type);
  if (!next.empty()) request.path += "&continue=" + PercentEncoded(next);
  Send("LIST", std::move(request), What("list", type, {}), std::move(done));
}

void Client::Create(const ResourceType& type, const std::string& ns, std::string body, Done done) {
  http::Request request;
  request.method = http::Method::kPost;
  request.path = CollectionPath(type, ns) + std::string(kFieldManager);
  request.body = std::move(body);
  request.content_type = "application/json";
  Send("CREATE", std::move(request), What("create", type, {}), std::move(done));
}

void Client::MergePatch(const ResourceType& type, const Key& key, std::string_view subresource,
                        std::string body, Done done) {
  http::Request request;
  request.method = http::Method::kPatch;
  request.path = ObjectPath(type, key, subresource) + std::string(kFieldManager);
  request.body = std::move(body);
  request.content_type = "application/merge-patch+json";
  Send("PATCH", std::move(request), What("patch", type, key), std::move(done));
}

void Client::Delete(const ResourceType& type, const Key& key, const Preconditions& preconditions,
                    std::optional<int> grace_seconds, Done done) {
  http::Request request;
  request.method = http::Method::kDelete;
  request.path = ObjectPath(type, key);
  request.body = DeleteOptionsJson(preconditions, grace_seconds);
  request.content_type = "application/json";
  Send("DELETE", std::move(request), What("delete", type, key), std::move(done));
}

std::unique_ptr<http::Stream> Client::Watch(const ResourceType& type, std::string_view resource_version,
                                            int seconds, http::StreamEvents events) {
  http::Request request;
  request.path = CollectionPath(type, {}) +
                 "?watch=1&allowWatchBookmarks=true&resourceVersion=" + PercentEncoded(resource_version) +
                 Selected(type) + "&timeoutSeconds=" + std::to_string(seconds);
  request.timeout = kWatchSilence;
  if (counts_ != nullptr) {
    events.on_open = [counts = counts_, begin = counts_->Now(),
                      on_open = std::move(events.on_open)](http::Response head) {
      counts->Add("WATCH", http::Method::kGet, head.status, begin);
      if (on_open) on_open(std::move(head));
    };
  }
  return transport_.Open(std::move(request), std::move(events));
}

void Client::Send(std::string_view verb, http::Request request, std::string what, Done done) {
  const http::Method method = request.method;
  if (may_send_ && method != http::Method::kGet) {
    request.may_send = may_send_;
    request.timeout = kFencedTimeout;
  }
  if (timeout_) request.timeout = *timeout_;
  const MonotonicTime begin = counts_ != nullptr ? counts_->Now() : MonotonicTime{};
  auto answered = [what = std::move(what), done = std::move(done), verb, method, begin,
                   counts = counts_](Result<http::Response> response) {
    const bool left = response || response.error().kind != ErrorKind::kForbidden;
    if (counts != nullptr && left) counts->Add(verb, method, response ? response->status : 0, begin);
    if (!response) {
      Error error = std::move(response.error());
      error.message = what + ": " + error.message;
      return done(tl::unexpected(std::move(error)));
    }
    if (response->status >= 200 && response->status < 300) return done(std::move(response->body));
    done(tl::unexpected(
        ErrorFromStatus(response->status, response->body, Header(*response, "retry-after"), what)));
  };
  transport_.Send(std::move(request), std::move(answered));
}

}  // namespace marea::kube
