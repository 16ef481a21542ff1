#include "testing/fake_reads.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/crypto.hpp"
#include "testing/fake_json.hpp"

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

// --- Continue tokens: {"v":…,"rv":VERSION,"start":"/LAST\0"} in base64url, as the real server makes them
// -----

// The key that is stored for an object, as a list of all namespaces or of one sees it.
std::string StartAfter(const Target& target, const Key& last) {
  const std::string scope = target.key.ns.empty() && !last.ns.empty() ? "/" + last.ns : "";
  return scope + "/" + last.name + std::string(1, '\0');
}

std::string Token(std::uint64_t version, const std::string& start) {
  std::string token = Base64Encode(Dump({{"v", "meta.k8s.io/v1"}, {"rv", version}, {"start", start}}));
  for (char& c : token) c = c == '+' ? '-' : c == '/' ? '_' : c;
  token.erase(std::min(token.find('='), token.size()));
  return token;
}

struct Place {
  std::uint64_t version;
  std::string start;
  Key last;
};

std::optional<std::string> Base64UrlDecoded(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string plain;
  unsigned bits = 0, held = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(digit)) & 0xFFFFFF;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    plain += static_cast<char>(bits >> held & 0xFF);
  }
  return plain;
}

std::optional<Place> ReadToken(const Target& target, std::string_view token) {
  const auto text = Base64UrlDecoded(token);
  if (!text) return std::nullopt;
  const Json json = Json::parse(*text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  Place place{0, TextAt(json, "start"), {target.key.ns, ""}};
  if (const Json& version = At(json, "rv"); version.is_number_unsigned()) place.version = version;
  std::string key = place.start;
  if (key.size() < 3 || key.front() != '/' || key.back() != '\0') return std::nullopt;
  key = key.substr(1, key.size() - 2);
  if (const std::size_t slash = key.find('/'); slash != std::string::npos) {
    if (!target.key.ns.empty()) return std::nullopt;
    place.last.ns = key.substr(0, slash);
    key.erase(0, slash + 1);
  }
  place.last.name = key;
  return place;
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
  if (!version) return Refuse(BadRequest("invalid resource version: " + version.error().message));
  list.version = *version;
  // Whatever the cache has, it gives whole.
  const bool any = target.Query("resourceVersion") == "0" && target.Query("continue").empty();
  if (any) list.limit = std::numeric_limits<std::uint64_t>::max();
  const std::string& match = target.Query("resourceVersionMatch");
  if (!match.empty() && target.Query("resourceVersion").empty()) {
    const Kind options{.group = "meta.k8s.io", .kind = "ListOptions"};
    return Refuse(Invalid(options, "",
                          {ForbiddenField("resourceVersionMatch",
                                          "resourceVersionMatch is forbidden unless resourceVersion "
                                          "is provided")}));
  }
  list.exact = target.Query("resourceVersionMatch") == "Exact";
  if (const std::string& token = target.Query("continue"); !token.empty()) {
    list.place = ReadToken(target, token);
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
  refusal.metadata["continue"] = Token(now, place.start);
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
  if (kind.custom()) metadata["continue"] = "";
  if (left > 0) {
    metadata["continue"] = Token(version, StartAfter(target, last));
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
  if (list->place) version = list->place->version;
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
