"""What a measurement stands on: a cluster of simulated nodes, classes, namespaces full of Sessions with homes that are
bound at once, so that no provisioner is what is measured."""

import itertools
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "e2e" / folder) for folder in ("platform", "suites", "cluster")]

import access  # noqa: E402
import kwok  # noqa: E402
import script  # noqa: E402
from audit import OPERATOR  # noqa: E402
from catalogue import GPU_TAINT, IMAGE, thing  # noqa: E402
from installation.cluster import Cluster, Unmet, wait  # noqa: E402
from installation.operator import ACCOUNT, NAMESPACE, Operator, install, namespace  # noqa: E402

SEATS = 100  # devices of a simulated node
MARK = {"marea.dev/bench": "true"}
CLASSES = (
    thing("AcceleratorClass", "bench", {
        "device": {"extendedResource": {"name": "nvidia.com/gpu"}}, "nodeSelector": MARK, "tolerations": GPU_TAINT}),
    thing("SessionClass", "bench", {
        "images": [IMAGE],
        "resources": {"default": {"cpu": "100m", "memory": "256Mi"}},
        "accelerators": [{"className": "bench", "maxCount": 1}],
        "home": {"size": "100Mi", "storageClassName": "bench"},
        "pod": {"nodeSelector": MARK, "tolerations": GPU_TAINT, "sharedMemory": "64Mi"}}),
    {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "bench"},
     "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"},
)


class Ground:
    """A cluster of its own with the operator installed, not running, and a place for each of `places` sessions."""

    def __init__(self, name, places):
        self.cluster = Cluster(name)
        self.cluster.run("down", "--purge", check=True)
        self.cluster.run("up", "--nodes", "kwok", check=True)
        install(self.cluster, *CLASSES)
        self._admin, self._asked = None, 0
        self.nodes = [node_name(number) for number in range(-(-places // SEATS))]
        for node in self.nodes:
            self.admin.call("POST", "/api/v1/nodes", simulated_node(node))
        wait("the simulated nodes are ready", lambda: len(set(kwok.ready(self.admin))) == 1, 60)
        self.operator = Operator(self.cluster, preset="release")
        self.account = self.cluster.directory / "raw.kubeconfig"
        self.cluster.write_kubeconfig(f"{NAMESPACE}/{ACCOUNT}", self.account)
        self.teams = (Team(self, f"team-{number:03}") for number in itertools.count())

    @property
    def admin(self):
        """The admin's connection; a new one after a while, because the API server ends those that are idle."""
        last, self._asked = self._asked, time.monotonic()
        if not self._admin or self._asked - last > 30:
            self._admin = access.admin(self.cluster.state)
        return self._admin

    def team(self):
        return next(self.teams)

    def down(self):
        self.cluster.run("down", "--purge", check=True)

    def end_of_log(self):
        return self.cluster.audit_log.stat().st_size

    def raw(self, verb, lines, kubeconfig=None):
        """Lets the raw client work; the moment of its last answer, by time.monotonic(). Not as admin, unless it is said."""
        work = self.cluster.directory / f"raw-{verb}.txt"
        work.write_text("".join(f"{line}\n" for line in lines))
        command = [ROOT / "build/release/raw_client", kubeconfig or self.account, verb, work]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return int(said.split()[1]) / 1e9

    def make(self, lines):
        """Creates what tests are about, as admin."""
        self.raw("replay", lines, self.cluster.directory / "admin.kubeconfig")

    def processor_seconds(self):
        """Of the cluster's processes, the operator and the programs that were waited for (`others`)."""
        processes = self.cluster.processes
        spent = {name: processor_seconds(pid) for name in processes.recorded() if (pid := processes.pid(name))}
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {**spent, "others": children.ru_utime + children.ru_stime}

    def node_of(self, number):
        """The node of the number-th session where sessions fill one node after the other."""
        return self.nodes[number // SEATS % len(self.nodes)]


class Team:
    """A namespace with Sessions. All names have the same length, so that all bodies have."""

    def __init__(self, ground, name):
        self.ground, self.name = ground, name
        self.path = f"/apis/marea.dev/v1alpha1/namespaces/{name}/sessions"
        ground.cluster.apply(namespace(name))
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        wait(f"namespace {name} has its default account", lambda: ground.admin.get(account), 30)

    def build_homes(self, numbers):
        """A volume for the home that each of these sessions will claim."""
        self.ground.make(script.create("/api/v1/persistentvolumes", volume(self.name, session_name(n))) for n in numbers)

    def ask(self, numbers):
        """Homes, then Sessions, as quickly as they are taken."""
        self.build_homes(numbers)
        self.ground.make(script.create(self.path, self.session(n)) for n in numbers)

    def session(self, number):
        name = session_name(number)
        spec = {"className": "bench", "user": name, "accelerator": {"alternatives": [{"className": "bench"}]}}
        made = thing("Session", name, spec)
        made["metadata"]["namespace"] = self.name
        return made

    def ask_one(self, number):
        self.ground.admin.call("POST", self.path, self.session(number))

    def sessions(self):
        """Those that are there, as the script knows them, in the order of their names."""
        found, after = [], ""
        while after is not None:
            page = self.ground.admin.get(f"{self.path}?limit=500{after and '&continue=' + after}")
            found += page["items"]
            after = page["metadata"].get("continue") or None
        return [self.as_script(s["metadata"], number) for number, s in enumerate(found)]

    def as_script(self, metadata, number):
        return script.Session(self.name, metadata["name"], metadata["uid"], metadata["resourceVersion"], self.ground.node_of(number))

    def count(self, kind):
        """How many objects of a core kind there are; a small question, whatever the answer."""
        page = self.ground.admin.get(f"/api/v1/namespaces/{self.name}/{kind}?limit=1")
        return len(page["items"]) + page["metadata"].get("remainingItemCount", 0)

    def wait_pods(self, number, seconds):
        wait(f"{number} pods of {self.name} are created", lambda: self.count("pods") >= number, seconds)

    def wait_running(self, number, seconds):
        """Whoever created them: pods that no node takes would spare the cluster its work."""

        def running():
            phases = [p["status"].get("phase") for p in self.ground.admin.get(f"/api/v1/namespaces/{self.name}/pods")["items"]]
            if phases.count("Running") != number:
                raise Unmet(f"{phases.count('Running')} of {len(phases)}")
            return True

        wait(f"{number} pods of {self.name} run", running, seconds, 2)

    def summaries(self):
        """How many sessions there are of each summary."""
        said = self.ground.cluster.kubectl(
            "get", "sessions", "--namespace", self.name, "--output=jsonpath={range .items[*]}{.status.summary}{\"\\n\"}{end}", seconds=120)
        return {word: said.split("\n").count(word) for word in set(said.split())}

    def wait_ready(self, count, seconds, pause):
        def ready():
            summaries = self.summaries()
            if summaries.get("Ready") != count:
                raise Unmet(json.dumps(summaries))
            return True

        wait(f"{count} sessions of {self.name} are Ready", ready, seconds, pause)

    def dissolve(self, seconds=600):
        """Removes the namespace and its volumes, and waits until both are gone."""
        self.ground.cluster.kubectl("delete", "namespace", self.name, "--wait=false")
        wait(f"namespace {self.name} is gone", lambda: not self.ground.admin.get(f"/api/v1/namespaces/{self.name}"), seconds, 0.5)
        self.ground.cluster.kubectl("delete", "persistentvolumes", f"--selector=marea.dev/bench-team={self.name}", seconds=seconds)


def processor_seconds(pid):
    """Of all threads of a process, in user and system mode."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def session_name(number):
    return f"session-{number:05}"


def node_name(number):
    return f"seats-{number:04}"


def simulated_node(name):
    capacity = {"cpu": "64", "memory": "1Ti", "ephemeral-storage": "1Ti", "pods": "250", "nvidia.com/gpu": str(SEATS)}
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"type": "kwok", "kubernetes.io/hostname": name, **MARK}, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "spec": {"taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def volume(team, session):
    """Bound to the home that this session will claim, whoever else looks for one."""
    return {
        "apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": f"{team}-{session}", "labels": {"marea.dev/bench-team": team}},
        "spec": {
            "capacity": {"storage": "100Mi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "bench",
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": f"/nowhere/{team}/{session}"},
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": team, "name": f"claim-{session}"},
        },
    }


def say(text):
    print(f"bench: {time.monotonic() - STARTED:6.1f} s  {text}", file=sys.stderr, flush=True)


STARTED = time.monotonic()
