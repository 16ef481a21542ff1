#include "testing/fake_watch.hpp"

#include <algorithm>
#include <vector>

namespace marea::testing::fake {

namespace {

std::string Line(std::string_view type, std::string_view object) {
  std::string line;
  line.reserve(type.size() + object.size() + 24);
  return line.append(R"({"type":")").append(type).append(R"(","object":)").append(object).append("}\n");
}

// The lines of one commit, made when the first watch wants them and shared by all.
class Lines {
 public:
  explicit Lines(const Kind& kind, const Commit& commit) : kind_(kind), commit_(commit) {}

  const std::string& Added() { return Once(added_, "ADDED"); }
  const std::string& Modified() { return Once(modified_, "MODIFIED"); }
  // Of an object that is gone, or left the selection: its last selected state with the version of the change.
  const std::string& Deleted() {
    if (!deleted_.empty()) return deleted_;
    if (commit_.type == Commit::Type::kDeleted) return Once(deleted_, "DELETED");
    const Version last(kind_, commit_.before->object(), commit_.after->number());
    return deleted_ = Line("DELETED", last.Text());
  }

 private:
  const std::string& Once(std::string& line, std::string_view type) {
    if (line.empty()) line = Line(type, commit_.after->Text());
    return line;
  }

  const Kind& kind_;
  const Commit& commit_;
  std::string added_, modified_, deleted_;
};

void Show(const Watch& watch, const Commit& commit, Lines& lines) {
  if (watch.mute || commit.after->number() <= watch.from) return;
  if (!watch.ns.empty() && watch.ns != commit.key.ns) return;
  const auto selected = [&](const VersionPtr& version) {
    return version != nullptr && (watch.selector.empty() || watch.selector.Matches(version->object()));
  };
  const bool before = selected(commit.before);
  const bool after = commit.type != Commit::Type::kDeleted && selected(commit.after);
  if (before && after) {
    watch.on_line(lines.Modified());
  } else if (after) {
    watch.on_line(lines.Added());
  } else if (before) {
    watch.on_line(lines.Deleted());
  }
}

std::string BookmarkLine(const Kind& kind, std::uint64_t version, bool initial_end) {
  Json object = {{"kind", kind.kind},
                 {"apiVersion", kind.api_version()},
                 {"metadata", {{"resourceVersion", std::to_string(version)}}}};
  if (initial_end) object["metadata"]["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  return Line("BOOKMARK", Dump(object));
}

}  // namespace

Watches::Id Watches::Open(Watch watch, const Store& store, bool initial, bool initial_end) {
  const auto opened = std::make_shared<Watch>(std::move(watch));
  const Id id = ++last_;
  open_[id] = opened;
  if (!initial) {
    const auto& history = opened->collection->history;
    const auto first = std::ranges::upper_bound(history, opened->from, {},
                                                [](const Commit& commit) { return commit.after->number(); });
    const std::vector<Commit> missed(first, history.end());  // what is told may lead to more
    for (const Commit& commit : missed) {
      Lines lines(opened->collection->kind, commit);
      Show(*opened, commit, lines);
    }
    return id;
  }
  const Snapshot objects = opened->collection->versions;
  opened->from = store.version();
  for (const auto& [key, version] : objects) {
    const bool wanted =
        (opened->ns.empty() || opened->ns == key.ns) && opened->selector.Matches(version->object());
    if (wanted) opened->on_line(Line("ADDED", version->Text()));
  }
  if (initial_end) opened->on_line(BookmarkLine(opened->collection->kind, opened->from, true));
  return id;
}

void Watches::Close(Id id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  found->second->mute = true;  // it may be listening right now
  open_.erase(found);
}

void Watches::Tell(const Collection& collection, const Commit& commit) {
  std::vector<std::shared_ptr<Watch>> listening;  // a line may open or close watches
  for (const auto& [id, watch] : open_) {
    if (watch->collection == &collection) listening.push_back(watch);
  }
  Lines lines(collection.kind, commit);
  for (const auto& watch : listening) Show(*watch, commit, lines);
}

std::string Watches::Bookmark(Id id, std::uint64_t version) const {
  const auto found = open_.find(id);
  if (found == open_.end()) return {};
  const Watch& watch = *found->second;
  if (!watch.bookmarks || watch.mute || watch.from > version) return {};
  return BookmarkLine(watch.collection->kind, version, false);
}

void Watches::MuteAll() {
  for (const auto& [id, watch] : open_) watch->mute = true;
}

std::string ErrorLine(const Refusal& refusal) {
  return Line("ERROR", Dump(StatusObject(refusal)));
}

}  // namespace marea::testing::fake
