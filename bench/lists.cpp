#include "bench/lists.hpp"

#include <memory>
#include <tuple>
#include <utility>

#include "json/decode.hpp"
#include "json/fields.hpp"
#include "kube/url.hpp"

namespace marea::bench {

namespace {

struct Metadata {
  std::string next;
  static constexpr auto Fields() { return std::tuple(json::Field{"continue", &Metadata::next}); }
};

struct Page {
  Metadata metadata;
  static constexpr auto Fields() { return std::tuple(json::Field{"metadata", &Page::metadata}); }
};

struct Reading {
  Loop& loop;
  http::Transport& transport;
  std::function<void(const ListsResult&)> done;
  std::size_t open = 0;  // collections
  ListsResult result;
};

void Request(const std::shared_ptr<Reading>& reading, const std::string& path, const std::string& next);

struct Found {
  std::size_t bytes = 0;
  std::string next, failure;
};

Found Look(const std::string& path, const Result<http::Response>& response) {
  const auto failed = [&](const std::string& why) { return Found{0, {}, path + ": " + why}; };
  if (!response) return failed(response.error().message);
  if (response->status != 200) return failed(std::to_string(response->status));
  auto page = json::Decode<Page>(response->body);
  if (!page) return failed(page.error().message);
  return {response->body.size(), std::move(page->metadata.next), {}};
}

void Take(const std::shared_ptr<Reading>& reading, const std::string& path, const Found& found) {
  ListsResult& result = reading->result;
  ++result.pages;
  result.bytes += found.bytes;
  if (result.failure.empty()) result.failure = found.failure;
  if (!found.next.empty()) return Request(reading, path, found.next);
  if (--reading->open == 0) reading->done(result);
}

void Request(const std::shared_ptr<Reading>& reading, const std::string& path, const std::string& next) {
  http::Request request;
  request.path = next.empty() ? path : path + "&continue=" + kube::PercentEncoded(next);
  reading->transport.Send(std::move(request), [reading, path](const Result<http::Response>& response) {
    reading->loop.Post([reading, path, found = Look(path, response)] { Take(reading, path, found); });
  });
}

}  // namespace

void ReadLists(Loop& loop, http::Transport& transport, const std::vector<std::string>& paths,
               std::function<void(const ListsResult&)> done) {
  const auto reading = std::make_shared<Reading>(Reading{loop, transport, std::move(done), paths.size(), {}});
  for (const auto& path : paths) Request(reading, path, {});
}

}  // namespace marea::bench
