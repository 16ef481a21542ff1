// MakeReflector; included by reflector.hpp alone.
#pragma once

#include <memory>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/list_watch.hpp"
#include "runtime/reflector.hpp"

namespace marea::runtime {

// Where the findings of a reflector go. Findings hold it weakly: they may come after its end.
template <class T>
struct ReflectorTarget {
  Cache<T>& cache;
  Pruning<T> prune;
  std::set<Key> listed;  // by the list under way
};

template <class T>
class TypedDecoder final : public Decoder {
 public:
  TypedDecoder(std::weak_ptr<ReflectorTarget<T>> target, Pruning<T> prune)
      : target_(std::move(target)), prune_(prune) {}

  Result<Findings> Page(std::string_view body) const override {
    auto list = kube::DecodeList<T>(body);
    if (!list) return tl::unexpected<Error>(std::move(list.error()));
    Findings findings;
    findings.resource_version = std::move(list->resource_version);
    findings.next = std::move(list->next);
    findings.undecodable = std::move(list->undecodable);
    findings.objects = list->items.size();
    findings.apply = [weak = target_, objects = Shared(std::move(list->items), prune_),
                      version = findings.resource_version, bad = KeysOf(findings.undecodable)] {
      const auto target = weak.lock();
      if (!target) return;
      target->cache.BeginPages(version);
      target->listed.insert(bad.begin(), bad.end());  // they are there, if unreadable
      for (const auto& object : objects) {
        target->listed.insert(KeyOf(object->metadata));
        target->cache.Upsert(object);
      }
    };
    return findings;
  }

  Findings Lines(const std::vector<std::string_view>& lines) const override {
    Findings findings;
    std::vector<Change> changes;
    for (const std::string_view line : lines) {
      auto event = kube::DecodeWatchLine<T>(line);
      if (!event) {
        findings.error = std::move(event.error());
        break;
      }
      if (auto* failed = std::get_if<kube::StreamError>(&*event)) {
        findings.error = std::move(failed->error);
        break;
      }
      findings.alive = true;
      std::visit([&](auto& e) { Take(std::move(e), findings, changes); }, *event);
    }
    if (!changes.empty()) {
      findings.apply = [weak = target_, changes = std::move(changes)] {
        const auto target = weak.lock();
        if (!target) return;
        for (const Change& change : changes) {
          change.deleted ? target->cache.Erase(*change.object) : target->cache.Upsert(change.object);
        }
      };
    }
    return findings;
  }

 private:
  using Ptr = typename Cache<T>::Ptr;
  struct Change {
    Ptr object;
    bool deleted;
  };

  static std::vector<Ptr> Shared(std::vector<T> items, Pruning<T> prune) {
    std::vector<Ptr> shared;
    shared.reserve(items.size());
    for (T& item : items) {
      prune(item);
      shared.push_back(std::make_shared<const T>(std::move(item)));
    }
    return shared;
  }

  static std::vector<Key> KeysOf(const std::vector<kube::Undecodable>& undecodable) {
    std::vector<Key> keys;
    keys.reserve(undecodable.size());
    for (const auto& object : undecodable) keys.push_back(object.key);
    return keys;
  }

  void Take(T object, bool deleted, Findings& findings, std::vector<Change>& changes) const {
    ++findings.objects;
    findings.resource_version = object.metadata.resource_version;
    prune_(object);
    changes.push_back({std::make_shared<const T>(std::move(object)), deleted});
  }
  void Take(kube::Changed<T> changed, Findings& findings, std::vector<Change>& changes) const {
    Take(std::move(changed.object), false, findings, changes);
  }
  void Take(kube::Deleted<T> deleted, Findings& findings, std::vector<Change>& changes) const {
    Take(std::move(deleted.object), true, findings, changes);
  }
  static void Take(kube::Bookmark bookmark, Findings& findings, std::vector<Change>&) {
    findings.resource_version = std::move(bookmark.resource_version);
  }
  static void Take(kube::Undecodable object, Findings& findings, std::vector<Change>&) {
    ++findings.objects;
    if (!object.resource_version.empty()) findings.resource_version = object.resource_version;
    findings.undecodable.push_back(std::move(object));
  }
  static void Take(kube::StreamError, Findings&, std::vector<Change>&) {}  // ended the loop above

  std::weak_ptr<ReflectorTarget<T>> target_;
  Pruning<T> prune_;
};

template <class T>
class Reflector final : public AnyReflector {
 public:
  Reflector(Loop& loop, kube::Client& calls, kube::Client& watches, Cache<T>& cache, Pruning<T> prune,
            kube::WatchOptions options)
      : target_(std::make_shared<ReflectorTarget<T>>(ReflectorTarget<T>{cache, prune, {}})),
        list_watch_(loop, calls, watches, T::kType, std::make_shared<TypedDecoder<T>>(target_, prune),
                    {[target = target_.get()] {
                       target->listed.clear();
                       target->cache.BeginList();
                     },
                     [target = target_.get()](const std::string& resource_version) {
                       target->cache.FinishList(std::exchange(target->listed, {}), resource_version);
                     }},
                    options) {}

  void Start() override { list_watch_.Begin(); }

  WatchHealth Health() const override {
    const ListWatch::Stats stats = list_watch_.GetStats();
    const auto& cache = target_->cache;
    return {.type = &T::kType,
            .synced = cache.Synced(),
            .last_sign = stats.last_sign,
            .lists = stats.lists,
            .events = stats.events,
            .undecodable = stats.undecodable,
            .objects = cache.All().size(),
            .epochs = cache.Epochs(),
            .last_error = stats.last_error};
  }

  void ListAnew() override { list_watch_.ListAgain(); }

  void BeginEpoch() override {
    target_->cache.ExpectEpoch();
    ListAnew();
  }

  Result<std::function<void()>> Decode(std::string_view body) const override {
    auto object = kube::DecodeObject<T>(body);
    if (!object) return tl::unexpected<Error>(std::move(object.error()));
    target_->prune(*object);
    return [weak = std::weak_ptr(target_), shared = std::make_shared<const T>(std::move(*object))] {
      if (const auto target = weak.lock()) target->cache.UpsertAnswer(shared);
    };
  }

  void Erase(const Key& key, const std::string& uid) override { target_->cache.EraseByUid(key, uid); }

 private:
  std::shared_ptr<ReflectorTarget<T>> target_;
  ListWatch list_watch_;
};

template <class T>
std::unique_ptr<AnyReflector> MakeReflector(Loop& loop, kube::Client& calls, kube::Client& watches,
                                            Cache<T>& cache, Pruning<T> prune, kube::WatchOptions options) {
  return std::make_unique<Reflector<T>>(loop, calls, watches, cache, prune, options);
}

}  // namespace marea::runtime
