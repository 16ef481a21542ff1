#include "kube/codec.hpp"

#include <catch2/catch.hpp>

#include "kube/types.hpp"

namespace marea::kube {

namespace {

template <class Alternative>
Alternative Expect(Result<WatchEvent<Pod>> event) {
  REQUIRE(event);
  REQUIRE(std::holds_alternative<Alternative>(*event));
  return std::get<Alternative>(std::move(*event));
}

}  // namespace

TEST_CASE("an object is read as narrow as its table") {
  const auto pod =
      DecodeObject<Pod>(R"({"kind":"Pod","metadata":{"name":"ada","namespace":"team-a","uid":"u1",
      "resourceVersion":"7","managedFields":[{"manager":"x"}],"creationTimestamp":"2026-01-05T08:00:00Z"},
      "spec":{"nodeName":"n1","containers":[{"name":"c","resources":{"requests":{"cpu":"500m","memory":"1Gi"}}}]},
      "status":{"phase":"Running"}})");
  REQUIRE(pod);
  CHECK(KeyOf(pod->metadata) == Key{"team-a", "ada"});
  CHECK(pod->spec.node_name == "n1");
  CHECK(pod->spec.containers.at(0).resources.requests.at("cpu") == Quantity::FromMilli(500));
  CHECK(pod->status.phase == "Running");
}

TEST_CASE("a list gives what it can, and names what it cannot read") {
  const auto list =
      DecodeList<Pod>(R"({"kind":"PodList","metadata":{"resourceVersion":"90","continue":"token"},"items":[
      {"metadata":{"name":"good","namespace":"a","resourceVersion":"1"}},
      {"metadata":{"name":"bad","namespace":"a","resourceVersion":"2"},"spec":{"containers":"none"}},
      {"metadata":{"name":"fine","namespace":"b","resourceVersion":"3"}},
      {"metadata":{"name":17}}]})");
  REQUIRE(list);
  CHECK(list->resource_version == "90");
  CHECK(list->next == "token");
  REQUIRE(list->items.size() == 2);
  CHECK(list->items[0].metadata.name == "good");
  CHECK(list->items[1].metadata.name == "fine");
  REQUIRE(list->undecodable.size() == 2);
  CHECK(list->undecodable[0].key == Key{"a", "bad"});
  CHECK(list->undecodable[0].resource_version == "2");
  CHECK_THAT(list->undecodable[0].error.message, Catch::Contains("spec.containers"));
  CHECK(list->undecodable[1].key == Key{});
}

TEST_CASE("an empty list has null items or none") {
  REQUIRE(DecodeList<Pod>(R"({"metadata":{"resourceVersion":"5"},"items":null})"));
  REQUIRE(DecodeList<Pod>(R"({"metadata":{"resourceVersion":"5"}})"));
}

TEST_CASE("what is no JSON is no list") {
  CHECK_FALSE(DecodeList<Pod>("<html>"));
  CHECK_FALSE(DecodeList<Pod>(R"({"items":[{"metadata":{"name":"cut)"));
}

TEST_CASE("watch lines") {
  const std::string object = R"({"kind":"Pod","metadata":{"name":"ada","resourceVersion":"8"}})";
  CHECK(Expect<Changed<Pod>>(DecodeWatchLine<Pod>(R"({"type":"ADDED","object":)" + object + "}"))
            .object.metadata.name == "ada");
  CHECK(Expect<Changed<Pod>>(DecodeWatchLine<Pod>(R"({"object":)" + object + R"(,"type":"MODIFIED"})"))
            .object.metadata.resource_version == "8");
  CHECK(Expect<Deleted<Pod>>(DecodeWatchLine<Pod>(R"({"type":"DELETED","object":)" + object + "}"))
            .object.metadata.name == "ada");
  CHECK(Expect<Bookmark>(
            DecodeWatchLine<Pod>(
                R"({"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"99"}}})"))
            .resource_version == "99");
}

TEST_CASE("an ERROR line is the server's Status") {
  const auto gone = Expect<StreamError>(DecodeWatchLine<Pod>(
      R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
      R"j("message":"too old resource version: 1 (5)","reason":"Expired","code":410}})j"));
  CHECK(gone.error.kind == ErrorKind::kGone);
  CHECK(gone.error.message == "watch: too old resource version: 1 (5)");
  const auto other = Expect<StreamError>(
      DecodeWatchLine<Pod>(R"({"type":"ERROR","object":{"status":"Failure","message":"etcd","code":500}})"));
  CHECK(other.error.kind == ErrorKind::kUnavailable);
}

TEST_CASE("an unreadable object still says which one it is") {
  const std::string bad =
      R"({"metadata":{"name":"ada","namespace":"a","uid":"u","resourceVersion":"8"},"status":{"phase":{}}})";
  const auto changed =
      Expect<Undecodable>(DecodeWatchLine<Pod>(R"({"type":"MODIFIED","object":)" + bad + "}"));
  CHECK(changed.key == Key{"a", "ada"});
  CHECK(changed.resource_version == "8");
  CHECK_THAT(changed.error.message, Catch::Contains("status.phase"));
  // That it is gone needs no more than that.
  const auto gone = Expect<Deleted<Pod>>(DecodeWatchLine<Pod>(R"({"type":"DELETED","object":)" + bad + "}"));
  CHECK(KeyOf(gone.object.metadata) == Key{"a", "ada"});
  CHECK(gone.object.metadata.uid == "u");
  CHECK(gone.object.metadata.resource_version == "8");
}

TEST_CASE("what is no watch line is an error") {
  CHECK_FALSE(DecodeWatchLine<Pod>("garbage"));
  CHECK_FALSE(DecodeWatchLine<Pod>(R"({"type":"ADDED"})"));
  CHECK_FALSE(DecodeWatchLine<Pod>(R"({"type":"SURPRISE","object":{"metadata":{}}})"));
}

TEST_CASE("statuses become errors") {
  struct Row {
    int status;
    std::string body;
    ErrorKind kind;
  };
  const auto row =
      GENERATE(Row{400, "", ErrorKind::kInvalid}, Row{401, "", ErrorKind::kForbidden},
               Row{403, "", ErrorKind::kForbidden}, Row{404, "", ErrorKind::kNotFound},
               Row{409, "", ErrorKind::kConflict},
               Row{409, R"({"reason":"AlreadyExists"})", ErrorKind::kAlreadyExists},
               Row{409, R"({"reason":"Conflict"})", ErrorKind::kConflict}, Row{410, "", ErrorKind::kGone},
               Row{422, R"({"reason":"Invalid"})", ErrorKind::kInvalid}, Row{429, "", ErrorKind::kThrottled},
               Row{500, "", ErrorKind::kUnavailable}, Row{503, "", ErrorKind::kUnavailable},
               Row{504, "", ErrorKind::kTimeout},
               Row{504, R"({"reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge"}]}})",
                   ErrorKind::kGone},
               Row{302, "", ErrorKind::kInternal});
  CHECK(ErrorFromStatus(row.status, row.body, "", "get x").kind == row.kind);
}

TEST_CASE("the wait is the longer of what header and body ask, within an hour") {
  const auto wait = [](std::string_view body, std::string_view header) {
    return ErrorFromStatus(429, body, header, "get x").retry_after;
  };
  CHECK(wait("", "3") == std::chrono::seconds(3));
  CHECK(wait(R"({"details":{"retryAfterSeconds":9}})", "3") == std::chrono::seconds(9));
  CHECK(wait("", "99999999") == std::chrono::hours(1));
  CHECK(wait("", "-5") == std::chrono::seconds(0));
  CHECK(wait("", "Wed, 21 Oct 2026 07:28:00 GMT") == std::chrono::seconds(0));
}

TEST_CASE("a proxy's page is quoted, not trusted") {
  const Error error = ErrorFromStatus(502, "<html>\n" + std::string(10'000, 'x'), "", "list pods");
  CHECK(error.kind == ErrorKind::kUnavailable);
  CHECK(error.message.size() < 200);
  CHECK(error.message.find('\n') == std::string::npos);
}

// As a 1.36 API server answers.
TEST_CASE("the answer to a delete says whether the object is gone") {
  struct Row {
    std::string body;
    bool gone;
  };
  const auto row = GENERATE(
      Row{R"({"kind":"Status","status":"Success","details":{"name":"c","kind":"secrets","uid":"u1"}})", true},
      // an unbound pod
      Row{R"({"kind":"Pod","metadata":{"uid":"u1","deletionTimestamp":"2026-11-21T09:45:39Z","deletionGracePeriodSeconds":0}})",
          true},
      // a bound one
      Row{R"({"kind":"Pod","metadata":{"uid":"u1","deletionTimestamp":"2026-11-21T09:46:12Z","deletionGracePeriodSeconds":30}})",
          false},
      // a protected claim
      Row{R"({"kind":"PersistentVolumeClaim","metadata":{"uid":"u1","deletionTimestamp":"2026-11-21T09:45:42Z",
              "deletionGracePeriodSeconds":0,"finalizers":["kubernetes.io/pvc-protection"]}})",
          false},
      Row{R"({"kind":"Service","metadata":{"uid":"u1"}})", true});
  const auto answer = DecodeDeleteAnswer(row.body);
  REQUIRE(answer);
  CHECK(answer->gone == row.gone);
  CHECK(answer->uid == "u1");
}

}  // namespace marea::kube
