#include "testing/conformance/fake_server.hpp"

#include "testing/fake_owners.hpp"

namespace marea::testing::conformance {

FakeServer::FakeServer(const std::string& crds, const std::string& ns)
    : now_(*ParseTime("2026-11-21T09:00:00Z")), api_([this] { return now_; }) {
  api_.InstallCrds(crds);
  Send({http::Method::kPost, "/api/v1/namespaces", R"({"metadata":{"name":")" + ns + R"("}})",
        "application/json"});
  api_.Compact();
}

http::Response FakeServer::Send(const http::Request& request) {
  now_ += std::chrono::seconds(1);
  return api_.Handle(request);
}

std::variant<http::Response, int> FakeServer::Open(const http::Request& request) {
  const auto lines = std::make_shared<std::deque<std::string>>();
  auto opened = api_.Open(request, [lines](const std::string& line) { lines->push_back(line); });
  if (auto* refusal = std::get_if<http::Response>(&opened)) return std::move(*refusal);
  const int number = static_cast<int>(watches_.size()) + 1;
  watches_[number] = {std::get<FakeApi::WatchId>(opened), lines};
  return number;
}

std::optional<std::string> FakeServer::Next(int watch, Wait wait) {
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return std::nullopt;
  auto& lines = *found->second.lines;
  if (wait == Wait::kBookmark && lines.empty()) {
    std::string bookmark = api_.Bookmark(found->second.id);
    return bookmark.empty() ? std::nullopt : std::optional(std::move(bookmark));
  }
  if (wait == Wait::kEvent) {
    for (int i = 0; i < 10 && lines.empty(); ++i) Pause();
  }
  if (lines.empty()) return std::nullopt;
  std::string line = std::move(lines.front());
  lines.pop_front();
  return line;
}

void FakeServer::Pause() {
  now_ += std::chrono::seconds(1);
  CollectByOwners(api_);
  BindClaims();
}

// A claim that names a volume which is there for it.
void FakeServer::BindClaims() {
  const FakeApi::Objects claims = api_.All("persistentvolumeclaims");
  for (const auto& [key, claim] : claims) {
    const std::string volume_name = claim->at("spec").value("volumeName", "");
    const auto volume = api_.Get("persistentvolumes", {"", volume_name});
    if (volume == nullptr || claim->at("status").at("phase") == "Bound") continue;
    const FakeApi::Json status = {{"phase", "Bound"},
                                  {"accessModes", volume->at("spec").at("accessModes")},
                                  {"capacity", volume->at("spec").at("capacity")}};
    api_.Handle({http::Method::kPatch, api_.Path("persistentvolumeclaims", key) + "/status",
                 FakeApi::Json{{"status", status}}.dump(), "application/merge-patch+json"});
  }
}

bool FakeServer::Compact() {
  api_.Compact();
  return true;
}

}  // namespace marea::testing::conformance
