"""What goes wrong at a session's start is said within seconds, in a user's words, and heals when it can (docs/troubles.md)."""

import copy
import time

import catalogue
import pytest
from installation.cluster import Unmet, wait
from team import condition, holds, told

# From when Kubernetes shows it to when the session says so. The limit is five seconds; a crowded machine gets some more.
SAID_WITHIN = 15


@pytest.fixture
def offer(cluster, team):
    """A SessionClass of the test's own on the real nodes, changed as the test likes; its name."""

    def make(change=lambda spec: None):
        thing = copy.deepcopy(next(o for o in catalogue.objects() if o["metadata"]["name"] == "default"))
        thing["metadata"]["name"] = team.name
        change(thing["spec"])
        cluster.apply(thing)
        return team.name

    yield make
    cluster.kubectl("delete", "sessionclass", team.name, "--ignore-not-found")


def pod_shows(team, name, shown):
    """Waits until the pod's status shows something, and returns when that was seen."""

    def look():
        pod = team.get("pod", name) or {}
        statuses = pod.get("status", {}).get("containerStatuses", [])
        seen = [s.get("state", {}).get("waiting", {}) for s in statuses]
        if not any(shown(s) for s in statuses):
            raise Unmet(f"container states {seen}")
        return time.monotonic()

    return wait(f"pod {name} shows it", look, 90)


def waits(*reasons):
    return lambda s: s.get("state", {}).get("waiting", {}).get("reason") in reasons


def told_of(team, name, reason, seconds=SAID_WITHIN):
    status = team.wait_for(name, f"says {reason}", lambda s: condition(s, "Ready").get("reason") == reason, seconds)
    assert condition(status, "Ready")["message"], told(status)
    return status


def events(team, reason):
    return [e for e in team.get("events") if e["reason"] == reason and e["involvedObject"]["kind"] == "Session"]


def pull_never(spec):
    spec["images"] = [{"name": "lab", "image": "marea.dev/nobody-has-this:none", "pullPolicy": "Never"}]


def pull_from_nowhere(spec):
    spec["images"] = [{"name": "lab", "image": "registry.invalid/lab:1"}]


def name_that_is_none(spec):
    spec["images"] = [{"name": "lab", "image": "registry.invalid/UPPER/lab:1"}]


def no_such_command(spec):
    spec["pod"]["command"] = ["no-such-program"]


def ends_at_once(spec):
    spec["pod"] |= {"command": ["/bin/sh"], "args": ["-c", "exit 3"]}


def eats_memory(spec):
    spec["pod"] |= {"command": ["python3"], "args": ["-c", "x = bytearray(2**31); print(len(x))"]}


@pytest.mark.parametrize(
    ("break_it", "shown", "reason", "stalled"),
    [
        (pull_never, waits("ErrImageNeverPull"), "ImageNotOnNode", True),
        (pull_from_nowhere, waits("ErrImagePull", "ImagePullBackOff"), "RegistryUnreachable", False),
        (name_that_is_none, waits("InvalidImageName"), "ImageInvalid", True),
        (no_such_command, waits("RunContainerError", "CrashLoopBackOff", "CreateContainerError"), "BadCommand", True),
        (ends_at_once, waits("CrashLoopBackOff"), "CrashLoop", True),
        (eats_memory, lambda s: s.get("lastState", {}).get("terminated", {}).get("reason") == "OOMKilled", "OutOfMemory", None),
    ],
    ids=["never pulled", "registry away", "no name", "no command", "crash loop", "out of memory"],
)
def test_a_container_that_cannot_run_is_explained(team, offer, break_it, shown, reason, stalled):
    team.ask("ada", className=offer(break_it))
    pod_shows(team, "ada", shown)
    status = told_of(team, "ada", reason)
    if stalled is not None:
        assert holds(status, "Stalled") == stalled, told(status)
    assert status["summary"] == "Starting", "what may still heal has not failed"
    assert events(team, reason), "an event tells of it"


def test_credentials_that_come_late_heal_by_themselves(team, offer):
    team.ask("ada", className=offer(), credentials="Required")
    pod_shows(team, "ada", waits("CreateContainerConfigError"))
    status = told_of(team, "ada", "CredentialsMissing")
    assert not holds(status, "Stalled"), told(status)
    team.kubectl("create", "secret", "generic", "ada-credentials", "--from-literal=GREETING=hello")
    team.wait_ready("ada")


def test_a_full_quota_stalls_a_session_until_there_is_room(team, offer):
    team.kubectl("create", "quota", "none", "--hard=pods=0")
    wait("the quota counts", lambda: "pods" in (team.get("resourcequota", "none").get("status", {}).get("hard") or {}), 30)
    team.ask("ada", className=offer())
    status = told_of(team, "ada", "QuotaExceeded", 60)
    assert holds(status, "Stalled") and "pods=0" in condition(status, "Stalled")["message"], told(status)
    team.kubectl("delete", "quota", "none")
    team.wait_ready("ada", 150)


def test_a_name_that_is_taken_is_told_and_nothing_is_touched(team, offer):
    team.kubectl("create", "service", "clusterip", "ada", "--tcp=80")
    before = team.get("service", "ada")["metadata"]
    team.ask("ada", className=offer())
    status = told_of(team, "ada", "NameTaken", 60)
    assert holds(status, "Stalled") and team.get("pod", "ada") is None
    assert team.get("service", "ada")["metadata"]["resourceVersion"] == before["resourceVersion"]
    team.kubectl("delete", "service", "ada")
    team.wait_ready("ada")


def test_a_storage_class_that_is_not_there_is_named(team, offer):
    team.ask("ada", className=offer(), home={"storageClassName": "no-such-class"})
    status = told_of(team, "ada", "HomePending", 60)
    assert "no-such-class" in condition(status, "Ready")["message"], told(status)
    assert holds(status, "Stalled"), told(status)


def test_a_mount_that_fails_is_told_in_the_kubelets_words(cluster, team, offer):
    volume = {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": f"broken-{team.name}"},
        "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "storageClassName": "", "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": "/no/such/folder", "type": "Directory"},
        },
    }  # fmt: skip
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "broken", "namespace": team.name},
        "spec": {
            "accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": volume["metadata"]["name"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }  # fmt: skip
    cluster.apply(volume, claim)
    try:
        wait("the claim is bound", lambda: team.get("persistentvolumeclaim", "broken")["status"].get("phase") == "Bound", 30)
        team.ask("ada", className=offer(), volumes=[{"claimName": "broken", "mountPath": "/mnt/broken"}])
        status = told_of(team, "ada", "VolumeNotMounted", 60)
        assert "/no/such/folder" in condition(status, "Ready")["message"], told(status)
        assert not holds(status, "Stalled"), told(status)
    finally:
        cluster.kubectl("delete", "persistentvolume", volume["metadata"]["name"], "--wait=false")


def test_a_class_that_is_removed_gives_the_place_back_and_heals_when_it_returns(team, offer):
    name = offer(pull_never)
    team.ask("ada", className=name)
    told_of(team, "ada", "ImageNotOnNode", 60)
    team.cluster.kubectl("delete", "sessionclass", name)
    team.kubectl("delete", "pod", "ada", "--wait=false")
    status = team.wait_for("ada", "is not accepted", lambda s: condition(s, "Accepted").get("reason") == "ClassNotFound", 60)
    assert "admission" not in status, told(status)
    offer()
    team.wait_ready("ada")


def test_what_a_session_may_not_have_is_refused_before_it_costs_anything(team, offer):
    team.ask("ada", className=offer(), volumes=[{"claimName": "nowhere", "mountPath": "/mnt/x"}])
    status = team.wait_for("ada", "is not accepted", lambda s: condition(s, "Accepted").get("reason") == "ClaimNotFound")
    assert "spec.volumes[0].claimName" in condition(status, "Accepted")["message"]
    assert team.names("pods") == [] and team.names("persistentvolumeclaims") == []
