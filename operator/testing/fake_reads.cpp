#include "testing/fake_reads.hpp"

#include <charconv>
#include <limits>

namespace marea::testing::fake {

namespace {

template <class Number>
std::optional<Number> ReadNumber(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The resourceVersion of a request; 0 when it names none.
Answer<std::uint64_t> VersionOf(const Target& target) {
  const std::string& text = target.Query("resourceVersion");
  if (text.empty()) return 0;
  if (const auto number = ReadNumber<std::uint64_t>(text)) return *number;
  return Refuse({500, "",
                 "resourceVersion: Invalid value: " + Dump(Json(text)) + ": strconv.ParseUint: parsing " +
                     Dump(Json(text)) + ": invalid syntax"});
}

// --- Continue tokens: the version of the list and the last key that was shown, in hex ------------

std::string Token(std::uint64_t version, const Key& last) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string token = std::to_string(version) + ".";
  for (const char c : last.ns + "/" + last.name) {
    const auto byte = static_cast<unsigned char>(c);
    token += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return token;
}

struct Place {
  std::uint64_t version;  // 0: of now, consistency is given up
  Key last;
};

std::optional<Place> ReadToken(std::string_view token) {
  const std::size_t dot = token.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto version = ReadNumber<std::uint64_t>(token.substr(0, dot));
  std::string key;
  for (std::size_t at = dot + 1; at < token.size(); at += 2) {
    unsigned byte = 0;
    const char* const end = token.data() + std::min(at + 2, token.size());
    if (std::from_chars(token.data() + at, end, byte, 16).ptr != token.data() + at + 2) return std::nullopt;
    key += static_cast<char>(byte);
  }
  const std::size_t slash = key.find('/');
  if (!version || slash == std::string::npos) return std::nullopt;
  return Place{*version, {key.substr(0, slash), key.substr(slash + 1)}};
}

// --- Lists ---------------------------------------------------------------------------------------

struct ListRequest {
  Selector selector;
  std::uint64_t limit;  // the greatest number: none
  std::uint64_t version;
  std::optional<Place> place;
  bool exact;
};

Answer<ListRequest> ReadList(const Kind& kind, const Target& target) {
  ListRequest list{{}, std::numeric_limits<std::uint64_t>::max(), 0, std::nullopt, false};
  auto selector = Selector::Parse(kind, target.Query("labelSelector"), target.Query("fieldSelector"));
  if (!selector) return Refuse(selector.error());
  list.selector = std::move(*selector);
  if (const std::string& text = target.Query("limit"); !text.empty()) {
    const auto limit = ReadNumber<std::int64_t>(text);
    if (!limit) {
      return Refuse(BadRequest("strconv.ParseInt: parsing " + Dump(Json(text)) + ": invalid syntax"));
    }
    if (*limit > 0) list.limit = static_cast<std::uint64_t>(*limit);
  }
  const auto version = VersionOf(target);
  if (!version) return Refuse(version.error());
  list.version = *version;
  list.exact = target.Query("resourceVersionMatch") == "Exact";
  if (const std::string& token = target.Query("continue"); !token.empty()) {
    list.place = ReadToken(token);
    if (!list.place) return Refuse(BadRequest("invalid continue token: continue key is not valid"));
    if (list.version != 0) {
      return Refuse(BadRequest("specifying resource version is not allowed when using continue"));
    }
  }
  return list;
}

tl::unexpected<Refusal> TokenTooOld(std::uint64_t now, const Place& place) {
  Refusal refusal = Expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new "
      "list "
      "without the continue parameter, or use the continue token in this response to retrieve the remainder "
      "of "
      "the results. Continuing with the provided token results in an inconsistent list - objects that were "
      "created, modified, or deleted between the time the first chunk was returned and now may show up in "
      "the "
      "list.");
  refusal.metadata["continue"] = Token(now, place.last);
  return Refuse(std::move(refusal));
}

bool Selected(const Target& target, const Selector& selector, const Key& key, const Version& version) {
  if (!target.key.ns.empty() && target.key.ns != key.ns) return false;
  return selector.empty() || selector.Matches(version.object());
}

// Items of core kinds say neither apiVersion nor kind.
void AppendItem(const Kind& kind, const Version& version, std::string& items) {
  if (!items.empty()) items += ',';
  if (kind.custom()) {
    items += version.Text();
  } else {
    items.append("{").append(version.TypelessTail());
  }
}

http::Response Page(const Kind& kind, const Target& target, const ListRequest& list, const Snapshot& objects,
                    std::uint64_t version) {
  std::string items;
  std::uint64_t shown = 0, left = 0;
  Key last;
  auto at = list.place ? objects.upper_bound(list.place->last) : objects.begin();
  for (; at != objects.end(); ++at) {
    if (!Selected(target, list.selector, at->first, *at->second)) continue;
    if (shown == list.limit) {
      ++left;
      continue;
    }
    AppendItem(kind, *at->second, items);
    last = at->first;
    ++shown;
  }
  Json metadata = {{"resourceVersion", std::to_string(version)}};
  if (left > 0) {
    metadata["continue"] = Token(version, last);
    if (list.selector.empty()) metadata["remainingItemCount"] = left;
  }
  return JsonResponse(200, R"({"kind":")" + kind.kind + R"(List","apiVersion":")" + kind.api_version() +
                               R"(","metadata":)" + Dump(metadata) + R"(,"items":[)" + items + "]}");
}

}  // namespace

Answer<http::Response> Get(const Store& store, const Collection& collection, const Target& target) {
  const auto version = VersionOf(target);
  if (!version) return Refuse(version.error());
  if (*version > store.version()) return Refuse(TooLargeVersion(*version, store.version()));
  const auto found = collection.versions.find(target.key);
  if (found == collection.versions.end()) return Refuse(NotFound(collection.kind, target.key.name));
  return JsonResponse(200, found->second->Text());
}

Answer<http::Response> List(const Store& store, const Collection& collection, const Target& target) {
  const auto list = ReadList(collection.kind, target);
  if (!list) return Refuse(list.error());
  if (list->version > store.version()) return Refuse(TooLargeVersion(list->version, store.version()));
  std::uint64_t version = store.version();
  if (list->place && list->place->version != 0) version = list->place->version;
  if (list->exact) version = list->version;
  if (version == store.version()) return Page(collection.kind, target, *list, collection.versions, version);
  const auto snapshot = store.At(collection, version);
  if (!snapshot && list->place) return TokenTooOld(store.version(), *list->place);
  if (!snapshot) {
    return Refuse(Expired("The resourceVersion for the provided list is too old."));
  }
  return Page(collection.kind, target, *list, *snapshot, version);
}

Answer<WatchRequest> ReadWatch(Collection& collection, const Target& target) {
  auto selector =
      Selector::Parse(collection.kind, target.Query("labelSelector"), target.Query("fieldSelector"));
  if (!selector) return Refuse(selector.error());
  const auto version = VersionOf(target);
  if (!version) return Refuse(version.error());
  const bool bookmarks = target.Flag("allowWatchBookmarks");
  const bool initial = target.Flag("sendInitialEvents");
  if (initial && target.Query("resourceVersionMatch") != "NotOlderThan") {
    const Kind options{
        .group = "meta.k8s.io", .version = "v1", .plural = "listoptions", .kind = "ListOptions"};
    return Refuse(Invalid(options, "",
                          {ForbiddenField("resourceVersionMatch",
                                          "sendInitialEvents requires setting "
                                          "resourceVersionMatch to NotOlderThan")}));
  }
  const bool resumes = *version != 0;
  return WatchRequest{{&collection, target.key.ns, std::move(*selector), bookmarks, *version, {}},
                      initial || (!resumes && target.Query("sendInitialEvents") != "false"),
                      initial && bookmarks};
}

}  // namespace marea::testing::fake
