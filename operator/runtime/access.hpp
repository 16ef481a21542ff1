// Who may read what we serve: the API server is asked who a bearer token is (TokenReview) and whether they
// may get the path (SubjectAccessReview of a non-resource URL), as it would be asked for its own /metrics.
// What it said holds for a minute, a refusal for ten seconds.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "kube/client.hpp"
#include "loop/loop.hpp"

namespace marea::runtime {

enum class Verdict {
  kAllowed,
  kNobody,     // no token, or none that the API server knows
  kForbidden,  // somebody who may not
  kUnknown     // the API server did not say
};

// Loop thread only. The loop and the client outlive it; the loop outlives the client's transport.
class Access {
 public:
  Access(Loop& loop, const kube::Client& client);

  // `done` runs on the loop, at once when the answer is known. The token is kept nowhere.
  void MayGet(const std::string& path, const std::string& bearer_token, std::function<void(Verdict)> done);

 private:
  struct Known {
    Verdict verdict;
    MonotonicTime until;
  };
  void Learn(const std::string& who, Verdict verdict);

  Loop& loop_;
  kube::Client client_;
  std::map<std::string, Known> known_;  // by a digest of path and token
  int asking_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace marea::runtime
