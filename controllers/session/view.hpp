// One session and everything around it, looked up once: what the steps of the plan and the projection read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controllers/api/names.hpp"
#include "controllers/api/projects.hpp"
#include "controllers/api/world.hpp"
#include "controllers/session/settings.hpp"

namespace marea::session {

// How often a run goes back to the queue by itself before people are asked.
inline constexpr std::int64_t kMaxRetries = 3;        // pods that were lost; then the run has failed
inline constexpr std::int64_t kMaxUnschedulable = 5;  // places the scheduler refused; then it is Stalled

struct Route {
  const kube::ResourceType* type;
  const kube::ObjectMeta* metadata;
};

struct View {
  const api::World& world;
  const Settings& settings;
  Time now;  // in whole seconds, as times in the API are
  Key key;
  const api::Session& session;
  const api::SessionStatus& status;  // of the session: its records as they are stored

  std::string user;  // as recorded, else as it will be
  const api::SessionClass* session_class = nullptr;
  const kube::Pod* pod = nullptr;          // ours: of our name, and we are its controller
  const kube::Pod* foreign_pod = nullptr;  // of our name, but not ours
  const kube::Service* service = nullptr;
  const kube::Service* foreign_service = nullptr;
  std::vector<Route> routes;                        // ours, of any kind
  const kube::ObjectMeta* foreign_route = nullptr;  // of our name and the kind the class wants
  const kube::PersistentVolumeClaim* home = nullptr;
  const api::SessionMemory* memory = nullptr;  // never null
  const api::Proposal* proposal = nullptr;
  const api::Wait* told = nullptr;  // why it waits, as its status may say it
};

View Look(const api::World& world, const Settings& settings, const api::Session& session, Time now);

// As ChooseProject answers for its namespace; empty, without a reason, while the namespace is not known.
api::ProjectChoice ProjectOf(const View& view);

// The kind of route a class wants; null: none.
const kube::ResourceType* WantedRoute(const api::SessionClass& session_class);

// The class's values, overridden by the spec's.
Quantity AskedCpu(const View& view);
Quantity AskedMemory(const View& view);
// By its name in the class, else the reference the spec gives; the class's first when the spec says nothing.
api::ClassImage ChosenImage(const View& view);
// That a pod made now answers under; starts and ends with a slash.
std::string BasePath(const View& view);
// That the running pod answers under, however its session was edited since; without a pod as BasePath.
std::string ServedPath(const View& view);
// Whether Marea makes the token, for the running pod or, without one, for the next.
bool HasToken(const View& view);
// The claims besides the home: the class's, then the session's.
std::vector<const api::VolumeMount*> FurtherClaims(const View& view);
// Seconds; capped at the class's maximum. Without a class: what was recorded.
std::int64_t EffectiveDuration(const View& view);

// There is none, or the one that the cache holds was read to be gone.
bool HasNoHome(const View& view);
// A pod that has no node yet, and never gets one: the home it mounts is gone.
bool PodLacksHome(const View& view);
// What the API server refused last and is still missing; null: nothing.
const api::Refusal* StandingRefusal(const View& view);

// The scheduler ends pods of lower priority on the node that its pod is pinned to.
bool MakesRoom(const View& view);

bool Terminating(const kube::Pod& pod);
bool PodReady(const kube::Pod& pod);

// Of an object of ours, or "".
std::string Annotation(const kube::ObjectMeta& metadata, std::string_view name);

// Eight hex digits that tell texts apart; they keep no secret.
std::string Digest(std::string_view text);

// Bound pods keep the key that signed their token; new attempts take the newest.
std::string TokenKeyId(const View& view);

}  // namespace marea::session
