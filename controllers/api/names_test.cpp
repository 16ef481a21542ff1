#include "controllers/api/names.hpp"

#include <catch2/catch.hpp>

namespace marea::api {
namespace {

Session Named(const char* name) {
  Session session;
  session.metadata.ns = "lab";
  session.metadata.name = name;
  return session;
}

TEST_CASE("names are derived from the session alone and fit their kinds") {
  const auto longest = Named("a123456789012345678901234567890123456789012345678901");
  REQUIRE(longest.metadata.name.size() == 52);
  CHECK(PodKey(longest) == ServiceKey(longest));
  CHECK(IsDnsLabel(ServiceKey(longest).name));
  CHECK(SecretKey(Named("ada"), 3, "20261121") == Key{"lab", "ada-3-20261121"});
}

TEST_CASE("a home is named by its user, however odd, unless the spec names one") {
  SessionSpec spec;
  CHECK(HomeClaimName(spec, "ada") == "claim-ada");
  CHECK(IsDnsLabel(HomeClaimName(spec, "Ada Lovelace <ada@example.org>")));
  CHECK(HomeClaimName(spec, "Ada") != HomeClaimName(spec, "ada"));
  CHECK(IsDnsLabel(HomeClaimName(spec, std::string(253, 'x'))));
  spec.home.claim_name = "mine";
  CHECK(HomeClaimName(spec, "ada") == "mine");
}

}  // namespace
}  // namespace marea::api
