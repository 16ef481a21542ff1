#include "controllers/session/container_trouble.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace marea::session {
namespace {

bool HasAny(const std::string& text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](auto part) { return text.find(part) != text.npos; });
}

// "Back-off pulling image "x": ErrImagePull: why": only why, so that error and back-off read alike.
std::string Why(std::string text) {
  for (const std::string_view mark : {"ErrImagePull: ", "RegistryUnavailable: "}) {
    const auto at = text.find(mark);
    if (at != text.npos) text.erase(0, at + mark.size());
  }
  return Quoted(text, 300);
}

Trouble NotPulled(const std::string& message) {
  const bool backing_off = message.starts_with("Back-off") && message.find("ErrImagePull") == message.npos;
  const std::string why = backing_off ? "" : " (" + Why(message) + ")";
  if (HasAny(message, {"not found", "manifest unknown", "no such manifest"})) {
    return {"ImageNotFound",
            "The registry has no such image" + why + "; correct spec.image or the class's reference.", true};
  }
  if (HasAny(message, {"unauthorized", "denied", "authentication required", "401", "403"})) {
    return {
        "ImageRefused",
        "The registry does not give the image out" + why +
            "; an administrator must check the class's imagePullSecretNames and that the Secret is in this "
            "namespace.",
        true};
  }
  if (HasAny(message, {"no such host", "timeout", "connection refused", "i/o", "network", "EOF"})) {
    return {"RegistryUnreachable", "The registry does not answer" + why + "; it is tried again by itself.",
            false};
  }
  return {"ImageNotPulled", "The image cannot be pulled" + why + "; it is tried again by itself.", false};
}

Trouble NotConfigured(const std::string& message) {
  if (HasAny(message, {"-credentials\" not found"})) {
    return {"CredentialsMissing",
            "The Secret with the session's credentials is not there yet (" + Quoted(message, 200) +
                "); it starts as soon as its Hub has made it.",
            false};
  }
  if (HasAny(message, {"runAsNonRoot", "non-numeric user"})) {
    return {"ImageRunsAsRoot",
            "The image wants to run as root (" + Quoted(message, 200) +
                "); an administrator must set the class's pod.runAsUser, or offer another image.",
            true};
  }
  return {"NotConfigured", "The container cannot be made as it is asked for: " + Quoted(message, 400) + ".",
          true};
}

bool BadCommand(const std::string& message, std::int64_t exit_code) {
  return exit_code == 126 || exit_code == 127 ||
         HasAny(message, {"executable file not found", "no such file or directory", "exec format error",
                          "permission denied"});
}

Trouble Ended(const kube::ContainerTerminated& last, Quantity memory) {
  if (last.reason == "OOMKilled") {
    return {"OutOfMemory",
            "JupyterLab was ended because it used more than its " + memory.ToString() +
                " of memory; raise spec.resources.memory and start a new run.",
            true};
  }
  if (BadCommand(last.message, last.exit_code)) {
    return {"BadCommand",
            "The image cannot be started as a notebook (exit code " + std::to_string(last.exit_code) +
                (last.message.empty() ? "" : ", " + Quoted(last.message, 300)) +
                "); correct the class's pod.command and args, or choose another image.",
            true};
  }
  return {"CrashLoop",
          "JupyterLab ends by itself again and again (exit code " + std::to_string(last.exit_code) +
              (last.message.empty() ? "" : ", " + Quoted(last.message, 300)) +
              "); look at its log with kubectl logs --previous.",
          true};
}

Trouble Pulls(const kube::PodStatus& pod) {
  const auto* prepared = kube::FindCondition(pod.conditions, "PodReadyToStartContainers");
  const bool since = prepared->last_transition_time.has_value();
  return {"PullingImage",
          "The node is pulling the image" +
              (since ? ", since " + FormatTime(*prepared->last_transition_time) : std::string()) +
              "; a large one takes minutes the first time.",
          false};
}

}  // namespace

std::optional<Trouble> ContainerTrouble(const kube::ContainerStatus& container, const kube::PodStatus& pod,
                                        Quantity memory) {
  const auto& last = container.last_state.terminated;
  if (const auto& waiting = container.state.waiting) {
    const auto& reason = waiting->reason;
    if (reason == "ErrImagePull" || reason == "ImagePullBackOff" || reason == "RegistryUnavailable")
      return NotPulled(waiting->message);
    if (reason == "InvalidImageName")
      return Trouble{"ImageInvalid",
                     "The image's name is none (" + Quoted(waiting->message, 200) +
                         "); correct spec.image or the class's reference.",
                     true};
    if (reason == "ErrImageNeverPull")
      return Trouble{"ImageNotOnNode",
                     "The class never pulls this image, and the node does not have it; an administrator must "
                     "bring it there or change its pullPolicy.",
                     true};
    if (reason == "CreateContainerConfigError") return NotConfigured(waiting->message);
    if (reason == "CreateContainerError" || reason == "RunContainerError" || reason == "StartError") {
      if (BadCommand(waiting->message, 0))
        return Ended({.exit_code = 127, .reason = {}, .message = waiting->message, .finished_time = {}},
                     memory);
      return Trouble{"NotStarted", "The container cannot be started: " + Quoted(waiting->message, 400) + ".",
                     true};
    }
    if (reason == "CrashLoopBackOff" && last) return Ended(*last, memory);
    const auto* prepared = kube::FindCondition(pod.conditions, "PodReadyToStartContainers");
    if (reason == "ContainerCreating" && prepared != nullptr && prepared->status == "True") return Pulls(pod);
    return {};
  }
  // It runs again, or is about to.
  if (last && last->reason == "OOMKilled") {
    return Trouble{"OutOfMemory",
                   "JupyterLab was started again because it had used more than its " + memory.ToString() +
                       " of memory; ask for more in spec.resources.memory.",
                   false};
  }
  return {};
}

}  // namespace marea::session
