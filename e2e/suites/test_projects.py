"""Two Projects with guarantees share the simulated cluster: 48 people who are there all the time, a class of 60, batch jobs on
what is idle, and an operator that is killed in the middle."""

import collections
import itertools
import threading
import time

import catalogue
import pytest
from installation.cluster import Unmet, wait
from team import Team, condition, told

GUARANTEES = {"research": {"t4": 12, "a100": 4, "mig-1g-5gb": 6}, "teaching": {"t4": 10}}
# Asked for by the 48; the second number is of those that may borrow.
STEADY = {
    "t4": (12, 4), "rtx5000": (0, 8), "a100": (4, 2), "a30": (0, 4), "mig-1g-5gb": (6, 2), "mig-1g-10gb": (0, 1), "mig-2g-10gb": (0, 1),
    "mig-3g-20gb": (0, 1), "mig-4g-20gb": (0, 1), "u250": (0, 1), None: (1, 0),
}
CLASS, LESSON_SECONDS = 60, 20
BATCH = 6
PRIORITY = "e2e-batch"
FPGA = ("u250", "amd.com/xilinx_u250_gen3x16_xdma_shell_4_1-0", {"marea.dev/device": "alveo-u250"})


def asked(accelerator, **more):
    device = {"accelerator": {"alternatives": [{"className": accelerator}]}} if accelerator else {}
    return {"className": "shared", **device, **more}


@pytest.fixture
def shared(cluster, operator):
    """A namespace for each project, and what the catalogue lacks for this; all gone afterwards."""
    number = int(time.time())
    teams = {name: Team(cluster, f"{name}-{number}") for name in GUARANTEES}
    names = [*catalogue.GPUS, *(f"mig-{s.replace('.', '-')}" for s in catalogue.SLICES), "u250"]
    cluster.apply(
        catalogue.accelerator(*FPGA),
        catalogue.session_class("shared", names, {"type": "kwok"}, {"cpu": "500m", "memory": "1Gi"}, "ReadWriteMany"),
        {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": PRIORITY}, "value": -100},
        *(catalogue.thing("Project", name, {"namespaces": [teams[name].name], "guarantees": [
            {"className": c, "count": n} for c, n in classes.items()]}) for name, classes in GUARANTEES.items()),
    )
    cluster.kubectl("patch", "acceleratorclass", "t4", "--type=merge", '--patch={"spec":{"reclaimBelowPriority":0}}')
    yield teams
    for team in teams.values():
        team.dissolve()
    cluster.kubectl("patch", "acceleratorclass", "t4", "--type=merge", '--patch={"spec":{"reclaimBelowPriority":null}}')
    cluster.kubectl("delete", "project", *GUARANTEES)
    cluster.kubectl("delete", "acceleratorclass/u250", "sessionclass/shared", f"priorityclass/{PRIORITY}")
    cluster.kubectl("delete", "pods", "--namespace=default", "--selector=batch=e2e", "--wait=false")


class Observer:
    """Looks at everything again and again; what may never be is kept in `complaints`."""

    def __init__(self, cluster, teams, wanted):
        self.cluster, self.teams, self.wanted = cluster, teams, wanted
        self.complaints, self.looks, self.most = [], 0, collections.Counter()
        self.idle = collections.Counter()  # how often in a row a class was seen free while somebody waited for it
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def run(self):
        while not self.done.is_set():
            self.look()
            self.done.wait(1)

    def look(self):
        self.looks += 1
        held = collections.defaultdict(collections.Counter)  # by project and kind: devices by class
        waits = collections.Counter()
        for project, team in self.teams.items():
            for session in team.get("sessions"):
                name, status = session["metadata"]["name"], session.get("status", {})
                if given := status.get("admission"):
                    if given["acceleratorClass"] != (self.wanted[name] or "cpu"):
                        self.complaints.append(f"{name} asked for {self.wanted[name]} and has {given}")
                    if given["kind"] == "Borrowed" and not session["spec"].get("preemptible"):
                        self.complaints.append(f"{name} borrows and is not preemptible")
                    held[project, given["kind"]][given["acceleratorClass"]] += given["count"]
                elif status.get("queue", {}).get("reason") == "NoFreeDevice":
                    waits[self.wanted[name]] += 1
        for (project, kind), devices in held.items():
            for name, count in devices.items():
                promised = GUARANTEES[project].get(name, 0)
                if kind == "Guaranteed" and name != "cpu" and count > promised:
                    self.complaints.append(f"{project} holds {count} {name} as guaranteed, of {promised}")
                self.most[project, name, kind] = max(self.most[project, name, kind], count)
        free = self.free()
        for name in set(self.idle) | set(waits):
            self.idle[name] = self.idle[name] + 1 if waits[name] and free.get(name, 0) > 0 else 0
            if self.idle[name] > 15:  # pods that end and statuses that follow take their time, but not so much
                self.complaints.append(f"{free[name]} {name} were free for 15 s while {waits[name]} waited for one")

    def free(self):
        """Devices of the simulated nodes that no pod holds, by class."""
        resources = {a["metadata"]["name"]: a["spec"] for a in self.cluster.get("acceleratorclasses")}
        left = collections.Counter()
        nodes = {n["metadata"]["name"]: n for n in self.cluster.get("nodes") if n["metadata"]["labels"].get("type") == "kwok"}
        owner = {}
        for name, spec in resources.items():
            resource = spec["device"]["extendedResource"]["name"]
            for node in nodes.values():
                if all(node["metadata"]["labels"].get(k) == v for k, v in spec.get("nodeSelector", {}).items()):
                    left[name] += int(node["status"]["allocatable"].get(resource, 0))
                    owner[node["metadata"]["name"], resource] = name
        for pod in self.cluster.get("pods"):
            if pod["spec"].get("priority", 0) < 0 or pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
                continue  # batch is no obstacle
            for container in pod["spec"]["containers"]:
                for resource, count in container.get("resources", {}).get("limits", {}).items():
                    if name := owner.get((pod["spec"].get("nodeName"), resource)):
                        left[name] -= int(count)
        return left


def batch(number):
    node = {"nodeSelector": {"type": "kwok", "nvidia.com/gpu.product": catalogue.GPUS["t4"]}, "tolerations": [{"operator": "Exists"}]}
    container = {"name": "train", "image": "x", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"batch-{number}", "namespace": "default", "labels": {"batch": "e2e"}},
        "spec": {**node, "priorityClassName": PRIORITY, "terminationGracePeriodSeconds": 1, "containers": [container]},
    }


def statuses(team):
    return {s["metadata"]["name"]: s.get("status", {}) for s in team.get("sessions")}


def wait_until_all(team, names, what, true_of, seconds):
    def attempt():
        found = statuses(team)
        left = [n for n in names if not true_of(found.get(n, {}))]
        if left:
            raise Unmet(f"{len(left)} are not, such as {left[0]}: {told(found.get(left[0], {}))}")
        return found

    return wait(f"{len(names)} sessions {what}", attempt, seconds, pause=1)


def test_steady_users_and_a_class_share_what_is_there(shared, cluster, operator, record_property):
    research, teaching = shared["research"], shared["teaching"]
    cluster.apply(*(batch(n) for n in range(BATCH)))

    def batch_runs():
        left = [p for p in cluster.get("pods", namespace="default") if p["metadata"].get("labels", {}).get("batch") == "e2e"]
        if len(left) != BATCH or any(p["status"].get("phase") != "Running" for p in left):
            raise Unmet(f"{len(left)} pods")
        return True

    wait("the batch jobs run", batch_runs, 60)

    numbers = itertools.count()
    steady = {}  # name -> (class, preemptible)
    for accelerator, (guaranteed, borrowed) in STEADY.items():
        for preemptible in [False] * guaranteed + [True] * borrowed:
            steady[f"steady-{next(numbers):02}"] = accelerator, preemptible
    assert len(steady) == 48
    lesson = [f"pupil-{n:02}" for n in range(CLASS)]
    wanted = {**{n: a for n, (a, _) in steady.items()}, **dict.fromkeys(lesson, "t4")}

    with Observer(cluster, shared, wanted) as observer:
        for borrows in (False, True):  # who comes first has what was promised
            some = {n: a for n, (a, p) in steady.items() if p == borrows}
            research.cluster.apply(*(research.session(n, user=n, **asked(a, preemptible=borrows)) for n, a in some.items()))
            wait_until_all(research, some, "are admitted", lambda s: s.get("admission"), 120)
        wait_until_all(research, steady, "are Ready", lambda s: s.get("summary") == "Ready", 240)
        began = time.monotonic()
        for part in range(3):  # they come in by and by
            some = lesson[part * 20:part * 20 + 20]
            teaching.cluster.apply(*(teaching.session(
                n, user=n, **asked("t4", preemptible=True, durationSeconds=LESSON_SECONDS)) for n in some))
            if part == 1:
                operator.kill()
                operator.start()
        wait_until_all(teaching, lesson, "had their lesson", lambda s: s.get("stop", {}).get("reason") == "Expired", 480)
        record_property("seconds_for_the_class", round(time.monotonic() - began, 1))
        ready = statuses(research)
        assert all(s["summary"] == "Ready" for s in ready.values()), "somebody lost a session to the class"
        refused = {n: s["refusedPlaces"] for team in shared.values() for n, s in statuses(team).items() if s.get("refusedPlaces")}
        assert not refused, "the scheduler would not have what placement chose"
    assert observer.complaints == []
    assert observer.looks > 20
    # The guarantees were there, and more was lent.
    assert observer.most["research", "t4", "Guaranteed"] == 12
    assert observer.most["teaching", "t4", "Guaranteed"] == 10
    assert observer.most["teaching", "t4", "Borrowed"] > 0
    assert sum(observer.most[p, "t4", k] for p in GUARANTEES for k in ("Guaranteed", "Borrowed")) >= 32
    evicted = BATCH - len([p for p in cluster.get("pods", namespace="default") if p["metadata"].get("labels", {}).get("batch") == "e2e"])
    assert evicted == BATCH, "batch jobs stood in the way of sessions"
    events = [e["message"] for team in shared.values() for e in team.get("events") if e["reason"] == "Admitted"]
    assert any("ends pods of lower priority" in message for message in events)


def test_the_status_of_a_project_adds_up_and_people_are_told_their_place(shared, cluster, operator):
    research, teaching = shared["research"], shared["teaching"]
    research.ask("one", "two", **asked("t4"))
    teaching.ask("class", **asked("a100", preemptible=True))
    research.wait_ready("one"), research.wait_ready("two"), teaching.wait_ready("class")
    assert research.status("one")["project"] == "research" and research.status("one")["admission"]["kind"] == "Guaranteed"
    assert teaching.status("class")["admission"]["kind"] == "Borrowed"

    def adds_up():
        found = {n: (cluster.get("project", n) or {}).get("status", {}) for n in GUARANTEES}
        classes = {n: {c["className"]: c for c in s.get("classes", [])} for n, s in found.items()}
        mine, theirs = classes["research"].get("t4", {}), classes["teaching"].get("a100", {})
        if (mine.get("used"), mine.get("guaranteed"), mine.get("guarantee")) != (2, 12, "Now") or theirs.get("borrowed") != 1:
            raise Unmet(str(found))
        return found

    found = wait("the projects add up", adds_up, 30)
    assert condition(found["research"], "Guaranteed")["reason"] == "Now"
    assert found["research"]["sessions"] == 2 and found["research"]["fairShare"]["time"]
    head, *rows = cluster.kubectl("get", "projects").splitlines()
    assert len(head) <= 80 and {r.split()[0] for r in rows} >= set(GUARANTEES)

    # Who may not borrow is told at once, with the remedy; with it, it is admitted.
    teaching.ask("never", **asked("a30"))
    status = teaching.wait_for("never", "is told", lambda s: condition(s, "Stalled").get("status") == "True", 30)
    assert condition(status, "Stalled")["reason"] == "ProjectLimit" and "preemptible: true" in condition(status, "Stalled")["message"]
    teaching.change("never", preemptible=True)
    teaching.wait_ready("never")

    # Three wait for two of a kind: each knows its place, and how large a machine would help.
    scarce = asked("mig-7g-40gb", preemptible=True)
    for number in range(5):
        teaching.ask(f"place-{number}", **scarce)
    waiting = wait("three are told their places", lambda: places(teaching) == [1, 2, 3] or None, 30)
    assert waiting
    last = next(s for s in statuses(teaching).values() if s.get("queue", {}).get("position") == 3)
    assert last["queue"]["shape"] == {"className": "mig-7g-40gb", "count": 1, "cpu": "500m", "memory": "1Gi"}
    first = next(n for n, s in statuses(teaching).items() if s.get("queue", {}).get("position") == 1)
    teaching.kubectl("delete", "session", first)
    wait("those behind it move up", lambda: places(teaching) == [1, 2] or None, 30)


def places(team):
    return sorted(s["queue"]["position"] for s in statuses(team).values() if s.get("queue", {}).get("position"))
