#include "kube/resource.hpp"

#include <catch2/catch.hpp>

#include "kube/url.hpp"

namespace marea::kube {

TEST_CASE("paths follow the API's rules") {
  constexpr ResourceType kSessions{"marea.dev", "v1alpha1", "sessions", "Session", true};
  CHECK(ApiVersion(kPods) == "v1");
  CHECK(ApiVersion(kSessions) == "marea.dev/v1alpha1");
  CHECK(CollectionPath(kPods, "") == "/api/v1/pods");
  CHECK(CollectionPath(kPods, "team-a") == "/api/v1/namespaces/team-a/pods");
  CHECK(ObjectPath(kLeases, {"marea-system", "marea-session"}) ==
        "/apis/coordination.k8s.io/v1/namespaces/marea-system/leases/marea-session");
  CHECK(CollectionPath(kNodes, "") == "/api/v1/nodes");
  CHECK(CollectionPath(kNodes, "ignored") == "/api/v1/nodes");
  CHECK(ObjectPath(kNodes, {"", "gpu-1.example.org"}) == "/api/v1/nodes/gpu-1.example.org");
  CHECK(ObjectPath(kSessions, {"team-a", "ada"}, "status") ==
        "/apis/marea.dev/v1alpha1/namespaces/team-a/sessions/ada/status");
}

TEST_CASE("a name cannot leave its place in the path") {
  CHECK(ObjectPath(kPods, {"a", "../secrets?x=1#y"}) == "/api/v1/namespaces/a/pods/..%2Fsecrets%3Fx%3D1%23y");
  CHECK(PercentEncoded("a b+c%\xC3\xA9~_-.") == "a%20b%2Bc%25%C3%A9~_-.");
  CHECK(PercentEncoded("").empty());
}

}  // namespace marea::kube
