#include "runtime/cache.hpp"

#include <catch2/catch.hpp>
#include <random>

namespace marea::runtime {

namespace {

using kube::Pod;
const Key kAda{"a", "ada"};

std::shared_ptr<const Pod> Make(const Key& key, const std::string& uid, std::uint64_t version) {
  Pod pod;
  pod.metadata.ns = key.ns;
  pod.metadata.name = key.name;
  pod.metadata.uid = uid;
  pod.metadata.resource_version = std::to_string(version);
  return std::make_shared<const Pod>(std::move(pod));
}

// A cache whose listener writes down what it hears: "a/ada 3->5", "-" for none.
struct Bench {
  Cache<Pod> cache;
  std::vector<std::string> heard;

  Bench() {
    cache.Listen([this](const Key& key, const Cache<Pod>::Ptr& before, const Cache<Pod>::Ptr& after) {
      const auto version = [](const auto& pod) {
        return pod ? pod->metadata.resource_version : std::string("-");
      };
      heard.push_back(ToString(key) + " " + version(before) + "->" + version(after));
    });
  }
  std::string Held(const Key& key = kAda) const {
    const auto pod = cache.Get(key);
    return pod ? pod->metadata.uid + "@" + pod->metadata.resource_version : "none";
  }
  using Heard = std::vector<std::string>;
};

}  // namespace

TEST_CASE("events come in, and listeners hear what was and what is") {
  Bench bench;
  CHECK(bench.cache.Upsert(Make(kAda, "u1", 3)));
  CHECK(bench.cache.Upsert(Make(kAda, "u1", 5)));
  CHECK(bench.cache.Erase(*Make(kAda, "u1", 8)));
  CHECK(bench.heard == Bench::Heard{"a/ada -->3", "a/ada 3->5", "a/ada 5->-"});
  CHECK(bench.Held() == "none");
}

TEST_CASE("versions are numbers, not texts") {
  Bench bench;
  CHECK(bench.cache.Upsert(Make(kAda, "u1", 9)));
  CHECK(bench.cache.Upsert(Make(kAda, "u1", 10)));
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u1", 9)));
  CHECK(ParseVersion("18446744073709551615") == 18446744073709551615u);
  for (const auto* text : {"", "x", "1x", " 1", "-1", "18446744073709551616"})
    CHECK(ParseVersion(text) == std::nullopt);
}

TEST_CASE("an object without a version is not taken") {
  Bench bench;
  auto pod = std::make_shared<Pod>(*Make(kAda, "u1", 1));
  pod->metadata.resource_version = "";
  CHECK_FALSE(bench.cache.Upsert(pod));
  CHECK_FALSE(bench.cache.Erase(*pod));
  CHECK(bench.Held() == "none");
}

TEST_CASE("an older event after the answer to our write changes nothing") {
  Bench bench;
  bench.cache.Upsert(Make(kAda, "u1", 7));  // our patch was answered
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u1", 5)));
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u1", 7)));
  CHECK(bench.heard.size() == 1);
}

TEST_CASE("an object that our delete removed at once does not come back by older events") {
  Bench bench;
  bench.cache.Upsert(Make(kAda, "u1", 3));
  bench.cache.EraseByUid(kAda, "u1");
  CHECK(bench.Held() == "none");
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u1", 4)));
  CHECK_FALSE(bench.cache.Erase(*Make(kAda, "u1", 6)));
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u0", 2)));  // an incarnation before it
  CHECK(bench.cache.Upsert(Make(kAda, "u2", 9)));
  CHECK(bench.Held() == "u2@9");
}

TEST_CASE("a late answer to a patch does not bring back what the watch saw deleted") {
  Bench bench;
  bench.cache.Upsert(Make(kAda, "u1", 3));
  bench.cache.Erase(*Make(kAda, "u1", 9));
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u1", 6)));
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u1", 12)));  // whatever its version: a uid never comes back
}

TEST_CASE("a delete answered before anything of the object was seen") {
  Bench bench;
  bench.cache.EraseByUid(kAda, "u1");
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u1", 4)));
  CHECK(bench.cache.Upsert(Make(kAda, "u2", 5)));
}

TEST_CASE("the end of one incarnation does not touch the next") {
  Bench bench;
  bench.cache.Upsert(Make(kAda, "u2", 9));  // our create was answered before the DELETED of the one before it
  CHECK_FALSE(bench.cache.Erase(*Make(kAda, "u1", 6)));
  bench.cache.EraseByUid(kAda, "u1");
  CHECK(bench.Held() == "u2@9");
  CHECK(bench.cache.Erase(*Make(kAda, "u2", 11)));
}

TEST_CASE("a name made anew replaces what was held, even when its end was never told") {
  Bench bench;
  bench.cache.Upsert(Make(kAda, "u1", 3));
  CHECK(bench.cache.Upsert(Make(kAda, "u2", 9)));
  CHECK(bench.heard.back() == "a/ada 3->9");
}

TEST_CASE("a complete list removes what it does not name, but not what is newer than it") {
  Bench bench;
  const Key bob{"a", "bob"}, cid{"a", "cid"};
  bench.cache.Upsert(Make(kAda, "u1", 3));
  bench.cache.Upsert(Make(bob, "u2", 4));
  bench.cache.Upsert(Make(cid, "u3", 12));  // our create, answered after the list was served
  CHECK_FALSE(bench.cache.Synced());
  bench.cache.FinishList({bob}, "10");
  CHECK(bench.cache.Synced());
  CHECK(bench.Held(kAda) == "none");
  CHECK(bench.Held(bob) == "u2@4");
  CHECK(bench.Held(cid) == "u3@12");
  CHECK(bench.heard.back() == "a/ada 3->-");
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u1", 8)));  // a late answer
}

TEST_CASE("the answer to a create that comes after a list without the object is too late") {
  Bench bench;
  bench.cache.FinishList({}, "10");
  CHECK_FALSE(bench.cache.UpsertAnswer(Make(kAda, "u1", 10)));
  CHECK(bench.cache.UpsertAnswer(Make(kAda, "u2", 11)));
  CHECK(bench.cache.UpsertAnswer(Make(kAda, "u2", 12)));
}

TEST_CASE("iteration is in the order of keys") {
  Bench bench;
  for (const char* name : {"c", "a", "b"}) bench.cache.Upsert(Make({"x", name}, name, 1));
  std::string order;
  for (const auto& [key, pod] : bench.cache.All()) order += key.name;
  CHECK(order == "abc");
}

TEST_CASE("the oldest tombstones go first") {
  Tombstones stones(2);
  const Key one{"", "1"}, two{"", "2"}, three{"", "3"};
  stones.Add(one, "u1", 1);
  stones.Add(two, "u2", 2);
  stones.Add(one, "u1", 3);  // known already: counts once
  CHECK(stones.Cover(one, "u1", 9));
  CHECK(stones.Cover(two, "u2", 9));
  stones.Add(one, "u1b", 7);
  CHECK_FALSE(stones.Cover(one, "u1", 8));
  CHECK(stones.Cover(one, "u0", 7));
  stones.Add(three, "u3", 4);
  CHECK_FALSE(stones.Cover(two, "u2", 2));
  stones.Add(three, "u3b", 5);
  CHECK_FALSE(stones.Cover(one, "u1b", 1));
  CHECK(stones.Cover(three, "u3", 9));
}

TEST_CASE("the late answer to an old delete does not forget the newer one") {
  Bench bench;
  bench.cache.Upsert(Make(kAda, "u2", 5));
  bench.cache.EraseByUid(kAda, "u2");
  bench.cache.EraseByUid(kAda, "u1");
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u2", 6)));
}

// The watch tells all in order; answers to our writes tell some of it earlier or later; a list may come at
// any time.
TEST_CASE("whatever the order of events, answers and lists: no step back, and in the end the truth") {
  std::mt19937_64 random(GENERATE(range(1u, 80u)));
  const auto pick = [&](std::uint64_t n) { return random() % n; };
  struct Fact {
    Key key;
    std::string uid;
    std::uint64_t version;
    bool deleted;
    bool by_us;
  };
  std::vector<Fact> history;
  std::map<Key, std::string> alive;
  const std::vector<Key> keys{{"a", "1"}, {"a", "2"}, {"b", "1"}};
  for (std::uint64_t version = 1; version <= 300; ++version) {
    const Key& key = keys[pick(keys.size())];
    const bool by_us = pick(2) == 0;
    if (!alive.contains(key)) {
      alive[key] = "u" + std::to_string(version);
      history.push_back({key, alive[key], version, false, by_us});
    } else {
      const bool deleted = pick(4) == 0;
      history.push_back({key, alive[key], version, deleted, by_us});
      if (deleted) alive.erase(key);
    }
  }

  Cache<Pod> cache;
  std::map<Key, std::uint64_t> newest;
  std::set<std::string> ended;
  cache.Listen([&](const Key& key, const Cache<Pod>::Ptr& before, const Cache<Pod>::Ptr& after) {
    if (after) {
      const auto version = *ParseVersion(after->metadata.resource_version);
      REQUIRE(version > newest[key]);
      newest[key] = version;
      REQUIRE_FALSE(ended.contains(after->metadata.uid));
    }
    if (before && (!after || after->metadata.uid != before->metadata.uid)) ended.insert(before->metadata.uid);
  });

  std::size_t served = 0, watched = 0;  // how far the server is, and the watch
  std::vector<std::size_t> answers;     // on their way to us
  const auto watch_one = [&] {
    const Fact& fact = history[watched++];
    const auto object = Make(fact.key, fact.uid, fact.version);
    fact.deleted ? (void)cache.Erase(*object) : (void)cache.Upsert(object);
  };
  const auto answer_one = [&] {
    const auto at = answers.begin() + static_cast<std::ptrdiff_t>(pick(answers.size()));
    const Fact& fact = history[*at];
    answers.erase(at);
    fact.deleted ? cache.EraseByUid(fact.key, fact.uid)
                 : (void)cache.UpsertAnswer(Make(fact.key, fact.uid, fact.version));
  };
  while (served < history.size() || watched < history.size() || !answers.empty()) {
    const auto what = pick(20);
    if (what < 8 && served < history.size()) {
      if (history[served].by_us) answers.push_back(served);
      ++served;
    } else if (what < 14 && watched < served) {
      watch_one();
    } else if (what < 19 && !answers.empty()) {
      answer_one();
    } else if (what == 19) {  // the watch starts over with a list of what the server has now
      const std::size_t listed_at = served;
      std::map<Key, const Fact*> state;
      for (std::size_t i = 0; i < listed_at; ++i) {
        history[i].deleted ? (void)state.erase(history[i].key) : (void)(state[history[i].key] = &history[i]);
      }
      while (!answers.empty() && pick(2) == 0) answer_one();  // while the list is under way
      std::set<Key> listed;
      for (const auto& [key, fact] : state) {
        listed.insert(key);
        cache.Upsert(Make(key, fact->uid, fact->version));
      }
      cache.FinishList(listed, std::to_string(listed_at));
      watched = std::max(watched, listed_at);
    }
  }
  std::map<Key, std::string> held;
  for (const auto& [key, pod] : cache.All()) held[key] = pod->metadata.uid;
  CHECK(held == alive);
}

TEST_CASE("a list from before what was seen is a new epoch, and its objects win") {
  Bench bench;
  int epochs = 0;
  bench.cache.ListenForEpochs([&] { ++epochs; });
  const Key bob{"a", "bob"}, eve{"a", "eve"};
  bench.cache.Upsert(Make(kAda, "u1", 50));
  bench.cache.Upsert(Make(bob, "u2", 60));
  bench.cache.Erase(*Make(eve, "u3", 70));

  bench.cache.BeginList();
  bench.cache.BeginPages("40");
  CHECK(epochs == 1);
  CHECK(bench.cache.Upsert(Make(kAda, "u1", 30)));  // older than what is held, and true
  CHECK(bench.cache.Upsert(Make(eve, "u3", 20)));   // its deletion never happened
  bench.cache.FinishList({kAda, eve}, "40");
  CHECK(bench.Held() == "u1@30");
  CHECK(bench.Held(bob) == "none");
  CHECK(bench.Held(eve) == "u3@20");
  CHECK_FALSE(bench.cache.Upsert(Make(kAda, "u1", 29)));  // from here on versions count as ever

  bench.cache.BeginList();
  bench.cache.BeginPages("41");
  CHECK(epochs == 1);
}

TEST_CASE(
    "what we made while the first list of an epoch was under way comes back with the watch, not before") {
  const bool noticed_here = GENERATE(true, false);
  CAPTURE(noticed_here);
  Bench bench;
  bench.cache.Upsert(Make(kAda, "u1", noticed_here ? 50 : 30));
  bench.cache.Upsert(Make({"a", "bob"}, "u2", noticed_here ? 60 : 20));
  if (!noticed_here) bench.cache.ExpectEpoch();
  bench.cache.BeginList();
  bench.cache.UpsertAnswer(Make({"a", "eve"}, "u3", 41));
  bench.cache.BeginPages("40");
  bench.cache.FinishList({kAda, {"a", "bob"}}, "40");
  CHECK(bench.Held({"a", "eve"}) == "none");
  CHECK_FALSE(bench.cache.UpsertAnswer(Make({"a", "eve"}, "u3", 42)));  // of which epoch?
  CHECK(bench.cache.Upsert(Make({"a", "eve"}, "u3", 41)));
  CHECK(bench.cache.UpsertAnswer(Make({"a", "eve"}, "u3", 42)));
  CHECK(bench.Held({"a", "eve"}) == "u3@42");
}

TEST_CASE("a list that was overtaken by our own write is no new epoch") {
  Bench bench;
  int epochs = 0;
  bench.cache.ListenForEpochs([&] { ++epochs; });
  bench.cache.Upsert(Make(kAda, "u1", 50));
  bench.cache.BeginList();
  bench.cache.UpsertAnswer(Make(kAda, "u1", 60));
  bench.cache.BeginPages("55");
  bench.cache.Upsert(Make(kAda, "u1", 50));
  bench.cache.FinishList({kAda}, "55");
  CHECK(epochs == 0);
  CHECK(bench.Held() == "u1@60");
}

}  // namespace marea::runtime
