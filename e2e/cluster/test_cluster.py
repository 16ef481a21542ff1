"""The cluster on itself: it comes up, works, heals, and leaves nothing behind."""

import datetime
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE))

import layout  # noqa: E402

CLUSTER = HERE / "cluster"

POD_WITH_CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: home}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: work}
spec:
  tolerations: [{operator: Exists}]
  nodeSelector: SELECTOR
  securityContext: {runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
  terminationGracePeriodSeconds: 0
  containers:
  - name: work
    image: marea.dev/jupyterlab:local
    command: [sh, -c, "cat /home/jovyan/visits 2>/dev/null; echo $HOSTNAME >> /home/jovyan/visits; sleep 600"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    resources: {limits: {nvidia.com/gpu: 1}}
    volumeMounts: [{name: home, mountPath: /home/jovyan}]
  volumes: [{name: home, persistentVolumeClaim: {claimName: home}}]
"""

STARTED = "jsonpath={.status.containerStatuses[0].state.running.startedAt}"


class Cluster:
    def __init__(self, name):
        self.name = name

    def __call__(self, command, *arguments, **options):
        """Runs `cluster COMMAND --name NAME ...` and returns what it printed."""
        call = [sys.executable, CLUSTER, command, "--name", self.name, *arguments]
        done = subprocess.run(call, capture_output=True, text=True, **options)
        assert done.returncode == 0, f"cluster {command} {arguments}: {done.stderr}"
        return done.stdout

    def kubectl(self, *arguments, **options):
        return self("kubectl", "--", *arguments, **options)

    def wait_for(self, what, condition, seconds=60):
        self.kubectl("wait", what, f"--for={condition}", f"--timeout={seconds}s")

    def run_pod(self, selector):
        self.kubectl("apply", "-f", "-", input=POD_WITH_CLAIM.replace("SELECTOR", selector))
        self.wait_for("pod/work", "condition=Ready")

    def pids(self):
        lines = [line.split() for line in self("status").splitlines()]
        return {words[0]: int(words[2]) for words in lines if words[1:2] == ["pid"]}

    @property
    def directory(self):
        return layout.directory_of(self.name)


def traces(name):
    """Everything on this machine that belongs to the cluster of this name or to no cluster we know."""
    found = set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            texts = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            groups = (process / "cgroup").read_text()
        except OSError:
            continue
        marks = f"/clusters/{name}".encode()
        if any(text.split(b"\0") and marks in text for text in texts) or f"/marea-{name}-" in groups:
            found.add(f"process {process.name} {texts[0][:80]!r}")
    mounts = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    found |= {f"mount {line.split()[4]}" for line in mounts if f"/clusters/{name}/" in line}
    found |= {f"cgroup {p}" for p in pathlib.Path("/sys/fs/cgroup").glob(f"**/marea-{name}-*")}
    found |= {f"log {p}" for p in pathlib.Path("/var/log/containers").glob("*") if f"/clusters/{name}/" in str(p.readlink())}
    found |= {f"slot {p}" for p in pathlib.Path("/tmp").glob("marea-slots-*/*")
              if p.is_symlink() and p.readlink().name == name}
    return found


def links_and_routes():
    """Those of the machine, without those of other clusters, which may come and go while we look."""
    others = layout.claimed()
    found = set()
    for command in (["ip", "-brief", "link"], ["ip", "route"], ["nft", "list", "tables"]):
        lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
        found |= {f"{command[1]} {line.strip()}" for line in lines}
    words = {w for c in [*others, *layout.claimed()] for w in (f"marea{c.slot}", str(c.services), str(c.kwok_pods))}
    return {line for line in found if words.isdisjoint(line.replace("@", " ").split())}


def made_and_unmade(kind):
    before = links_and_routes()
    made = Cluster(f"selftest-{kind}-{os.getpid()}")
    yield made
    if made.directory.exists():
        made("down")
        assert traces(made.name) == set()
        assert {p.name for p in made.directory.iterdir()} <= {"audit.log", "logs"}
        made("down", "--purge")
    assert not made.directory.exists()
    assert links_and_routes() - before == set()


@pytest.fixture(scope="module")
def simulated():
    """A cluster with simulated nodes; when the last test is done with it nothing of it may be left."""
    for cluster in made_and_unmade("k"):
        cluster("up", "--nodes", "kwok")
        assert traces(cluster.name) != set()
        yield cluster


@pytest.fixture(scope="module")
def real():
    """The same with both kinds."""
    for cluster in made_and_unmade("r"):
        cluster("up", "--nodes", "real,kwok")
        yield cluster


@pytest.fixture
def unborn():
    """A cluster that the test itself brings up."""
    yield from made_and_unmade("u")


def test_simulated_nodes_run_pods_with_claims(simulated):
    simulated.run_pod("{type: kwok}")
    assert simulated.kubectl("get", "pvc", "home", "-o", "jsonpath={.status.phase}") == "Bound"
    volume = simulated.kubectl("get", "pv", "-o", "name").strip()
    simulated.kubectl("delete", "pod/work", "pvc/home")
    simulated.wait_for(volume, "delete")


def test_groups_of_simulated_nodes_grow_and_shrink(simulated):
    assert simulated("nodes", "--group", "t4", "--count", "10") == "t4 10\n"
    assert simulated("nodes", "--group", "t4", "--count", "2") == "t4 2\n"
    assert simulated.kubectl("get", "nodes", "-o", "name").count("node/t4-") == 2


def test_a_service_account_gets_a_kubeconfig_with_a_new_token_on_each_call(simulated, tmp_path):
    file = tmp_path / "account.kubeconfig"
    tokens = []
    for _ in range(2):
        simulated("kubeconfig", "--service-account", "default/default", "--output", str(file))
        tokens.append((tmp_path / "account.kubeconfig.token").read_text())
    assert tokens[0] != tokens[1]
    assert {p.stat().st_mode & 0o777 for p in tmp_path.iterdir()} == {0o600}
    assert simulated.kubectl("auth", "whoami", "--kubeconfig", str(file), "-o", "jsonpath={.status.userInfo.username}") == (
        "system:serviceaccount:default:default")


def test_the_audit_log_says_who_did_what(simulated):
    simulated.kubectl("create", "configmap", "proof")
    entries = [json.loads(line) for line in (simulated.directory / "audit.log").read_text().splitlines()]
    mine = [e for e in entries if e.get("objectRef", {}).get("name") == "proof" and e["verb"] == "create"]
    assert [(e["user"]["username"], e["responseStatus"]["code"], e["level"]) for e in mine] == [("admin", 201, "Metadata")]
    assert all(e["stage"] != "RequestReceived" for e in entries), "an answer says all that the request did"
    assert any(e["verb"] == "watch" for e in entries), "who may watch, and does, is to be seen"


def test_only_health_is_for_anybody(simulated):
    server = json.loads(simulated.kubectl("config", "view", "-o", "json"))["clusters"][0]["cluster"]["server"]
    authority = ssl.create_default_context(cafile=simulated.directory / "pki/ca.crt")
    assert urllib.request.urlopen(f"{server}/livez", context=authority).status == 200
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{server}/version", context=authority)


def test_what_died_is_started_again_and_the_rest_is_left_alone(simulated):
    before = simulated.pids()
    simulated.kubectl("create", "namespace", "kept")
    os.kill(before["kwok"], signal.SIGKILL)
    os.kill(before["etcd"], signal.SIGKILL)

    simulated("up", "--nodes", "kwok")

    after = simulated.pids()
    assert {c for c in before if before[c] != after[c]} >= {"kwok", "etcd"}
    assert after["kube-scheduler"] == before["kube-scheduler"]
    simulated.kubectl("get", "namespace", "kept")


def test_a_home_follows_its_pod_between_real_nodes(real):
    real.run_pod(f"{{kubernetes.io/hostname: {real.name}-a}}")
    real.kubectl("delete", "pod", "work")
    real.run_pod(f"{{kubernetes.io/hostname: {real.name}-b}}")
    assert real.kubectl("logs", "work") == "work\n", "what the first pod wrote, read on the other node"
    assert real.kubectl("exec", "work", "--", "id", "-u") == "1000\n"


def test_up_waits_for_a_new_kubelet_and_the_pod_and_the_device_are_still_there(real):
    started = real.kubectl("get", "pod", "work", "-o", STARTED)
    os.kill(real.pids()["kubelet-b"], signal.SIGKILL)
    killed = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    real("up", "--nodes", "real,kwok")
    node = json.loads(real.kubectl("get", "node", f"{real.name}-b", "-o", "json"))
    ready = next(c for c in node["status"]["conditions"] if c["type"] == "Ready")
    assert ready["status"] == "True" and datetime.datetime.fromisoformat(ready["lastHeartbeatTime"]) >= killed
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "1"
    assert real.kubectl("get", "pod", "work", "-o", STARTED) == started


@pytest.mark.parametrize("record", ["cluster.json", "run/etcd", "run/containerd-a", "run/kubelet-b"])
def test_up_killed_in_the_middle_is_cleaned_up_by_down(unborn, record):
    call = [sys.executable, CLUSTER, "up", "--name", unborn.name, "--nodes", "real,kwok"]
    with subprocess.Popen(call, stderr=subprocess.DEVNULL) as up:
        deadline = time.monotonic() + 60
        while not (unborn.directory / record).exists():
            assert time.monotonic() < deadline and up.poll() is None, f"{record} was never written"
            time.sleep(0.01)
        up.kill()
    assert traces(unborn.name) != set()
