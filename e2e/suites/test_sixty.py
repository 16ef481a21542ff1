"""A class of sixty arrives at once, each with a new home, each asking for a certain device."""

import collections
import time

from installation.cluster import Unmet, wait
from team import told

# As many as the simulated nodes have room for, beside each other.
WANTED = ["t4"] * 24 + ["rtx5000"] * 12 + ["a30"] * 6 + ["a100"] * 6 + ["mig-1g-5gb"] * 8 + ["mig-2g-10gb"] * 2 + [None] * 2
READY_SECONDS = 300


def test_sixty_sessions_at_once_are_each_ready_on_what_they_asked_for(team, record_property):
    assert len(WANTED) == 60
    wanted = {f"user-{number:02}": accelerator for number, accelerator in enumerate(WANTED)}
    began = time.monotonic()
    team.cluster.apply(*(team.session(name, user=name, **spec(accelerator)) for name, accelerator in wanted.items()))
    created = time.monotonic() - began
    assert created < 60

    def all_ready():
        statuses = {s["metadata"]["name"]: s.get("status", {}) for s in team.get("sessions")}
        waiting = {n: s for n, s in statuses.items() if s.get("summary") != "Ready"}
        if waiting:
            name, status = next(iter(waiting.items()))
            raise Unmet(f"{dict(collections.Counter(s.get('summary') for s in statuses.values()))}; {name}: {told(status)}")
        return statuses

    statuses = wait("60 sessions are Ready", all_ready, READY_SECONDS, pause=1)
    record_property("seconds_to_create", round(created, 1))
    record_property("seconds_until_all_ready", round(time.monotonic() - began, 1))

    given = {name: status["admission"]["acceleratorClass"] for name, status in statuses.items()}
    assert given == {name: accelerator or "cpu" for name, accelerator in wanted.items()}
    assert {status["homeClaimName"] for status in statuses.values()} == {f"claim-{name}" for name in wanted}
    assert team.names("persistentvolumeclaims") == sorted(f"claim-{name}" for name in wanted)
    nodes = {n["metadata"]["name"]: n for n in team.cluster.get("nodes")}
    for pod in team.get("pods"):
        name, node = pod["metadata"]["name"], nodes[pod["spec"]["nodeName"]]
        assert statuses[name]["nodeName"] == node["metadata"]["name"]
        assert node["metadata"]["labels"]["type"] == "kwok"
    assert overbooked(team, nodes) == []


def spec(accelerator):
    asked = {"accelerator": {"alternatives": [{"className": accelerator}]}} if accelerator else {}
    return {"className": "simulated", **asked}


def overbooked(team, nodes):
    """Nodes of which more devices are held than they have."""
    held = collections.Counter()
    for pod in team.get("pods"):
        for resource, count in pod["spec"]["containers"][0]["resources"]["limits"].items():
            if "/" in resource:
                held[pod["spec"]["nodeName"], resource] += int(count)
    return [(n, r, c) for (n, r), c in held.items() if c > int(nodes[n]["status"]["allocatable"].get(r, 0))]
