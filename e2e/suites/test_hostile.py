"""What a hostile user of a namespace may try: whatever is asked for, patched or applied, with the operator up and down, no pod
breaks the rules, nothing of others is touched, and the operator goes on."""

import itertools
import json

import pytest
from installation.cluster import KubectlError, wait

USER = "mallory@example.org"
SIMULATED = {"className": "simulated"}
LONG = "x" * 300_000
ESCAPES = ["../../etc", "/etc/passwd", "/..", "/a/../../etc", "//", "/proc/1/root", "/./", "/\u0000", "/a b", "/%2e%2e/", "C:\\"]
LOOKALIKES = ["аda", "ada\u200b", "ada\u202e", "ａｄａ", "ada\n", " ada", "ada ", "\ufeffada", "ada\u0000"]  # Cyrillic, zero width, …
AMOUNTS = ["-1", "1e99", "99999999999999999999Gi", "0x10", "NaN", "1Ei1", "9223372036854775808", "1..5", "", " 1", "1e-99", "½", "１"]
VARIABLES = [
    "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "NVIDIA_DISABLE_REQUIRE",
    "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK", "GPU_DEVICE_ORDINAL", "GLIBC_TUNABLES",
    "MAREA_PORT", "MAREA_BASE_PATH", "JUPYTER_TOKEN", "JUPYTER_TOKEN_FILE", "JUPYTER_RUNTIME_DIR", "JUPYTERHUB_API_TOKEN", "HOME",
    "ld preload", "A=B", "", "$(X)", "1A", "LD_PRELOAD\u200b", "A\nB",
]  # fmt: skip
MOUNTS = ["/", "/etc", "/proc", "/sys/fs/cgroup", "/dev", "/dev/shm", "/run/marea/token", "/run/marea", "/usr/lib", "/var/run/secrets", "/root", "relative"]
FOREIGN_FIELDS = {
    "podSpec": {"hostNetwork": True}, "securityContext": {"privileged": True}, "serviceAccountName": "default", "hostNetwork": True,
    "nodeName": "e2e-a", "tolerations": [{"operator": "Exists"}], "initContainers": [{}], "command": ["sh"], "reservationName": "gold", "priorityClassName": "system-node-critical",
}  # fmt: skip


def hostile_specs():
    """(what it tries, spec, what may not come of it: whether a pod may)."""
    for path in ESCAPES:
        yield f"base path {path!r}", {"basePath": path}, False
        yield f"mount path {path!r}", {"volumes": [{"claimName": "mine", "mountPath": path}]}, False
    for path in MOUNTS:
        yield f"mount over {path}", {"volumes": [{"claimName": "mine", "mountPath": path}]}, False
    for name in VARIABLES:
        yield f"variable {name!r}", {"env": [{"name": name, "value": "/tmp/evil.so"}]}, False
    for amount in AMOUNTS:
        yield f"memory {amount!r}", {"resources": {"memory": amount}}, False
        yield f"cpu {amount!r}", {"resources": {"cpu": amount}}, False
        yield f"home of {amount!r}", {"home": {"size": amount}}, False
    for name in LOOKALIKES:
        yield f"class {name!r}", {"className": name}, False
        yield f"project {name!r}", {"project": name}, False
        yield f"claim {name!r}", {"home": {"claimName": name}}, False
        yield f"image {name!r}", {"image": name}, False
        yield f"device {name!r}", {"accelerator": {"alternatives": [{"className": name}]}}, False
    for image in ("docker.io/evil/miner:1", "marea.dev/jupyterlab:local", "../lab", "lab@sha256:0", "-lab", "lab;rm -rf /", "$(IMAGE)"):
        yield f"image {image}", {"image": image}, False
    for field, value in FOREIGN_FIELDS.items():
        yield f"a field of pods: {field}", {field: value}, False
    yield "another's home", {"home": {"claimName": "victims-home"}}, False
    yield "another's claim as a volume", {"volumes": [{"claimName": "victims-home", "mountPath": "/mnt/x"}]}, False
    yield "another's name", {"user": "victim"}, False
    yield "a project of others", {"project": "gold"}, False
    yield "before everybody", {"priority": 10**9}, False
    yield "more than the project lets it", {"priority": 9}, True
    yield "two volumes at one path", {"volumes": [{"claimName": "mine", "mountPath": "/mnt/x"}] * 2}, False
    yield "the home twice", {"volumes": [{"claimName": "mine", "mountPath": "/home/jovyan"}]}, False
    yield "a Hub without its Hub", {"auth": "Hub"}, False
    yield "more devices than there are numbers", {"accelerator": {"alternatives": [{"className": "a100", "count": 2**62}]}}, False
    yield "no devices", {"accelerator": {"alternatives": [{"className": "a100", "count": 0}]}}, False
    yield "a thousand alternatives", {"accelerator": {"alternatives": [{"className": f"a{i}"} for i in range(1000)]}}, False
    yield "a thousand variables", {"env": [{"name": f"A{i}"} for i in range(1000)]}, False
    yield "a huge value", {"env": [{"name": "A", "value": LONG}]}, False
    yield "a huge user", {"user": LONG}, False
    yield "time without an end", {"durationSeconds": 2**62}, False
    yield "time that went by", {"durationSeconds": -5}, False
    yield "a run at the end of numbers", {"run": 2**63 - 1}, False
    yield "deep nonsense", {"env": json.loads("[" * 500 + "]" * 500)}, False
    yield "lists for objects", {"home": [], "resources": [], "accelerator": []}, False
    yield "variables that refer to others", {"env": [{"name": "A", "value": "$(JUPYTER_TOKEN_FILE) $(MAREA_SESSION) `id` ${HOME}"}]}, True


@pytest.fixture
def mallory(cluster, team):
    """kubectl of a user who may edit Sessions of the namespace, and claims and Secrets, as people of a namespace may."""
    team.kubectl("create", "rolebinding", "mallory", "--clusterrole=edit", f"--user={USER}")
    team.kubectl("create", "role", "sessions", "--verb=get,list,watch,create,update,patch,delete", "--resource=sessions.marea.dev")
    team.kubectl("create", "rolebinding", "sessions", "--role=sessions", f"--user={USER}")
    mine = claim(team, "mine")
    victims = claim(team, "victims-home")
    victims["metadata"]["annotations"] = {"marea.dev/user": "victim"}
    cluster.apply(mine, victims)
    return lambda *arguments, **options: team.kubectl(f"--as={USER}", *arguments, **options)


def claim(team, name):
    return {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": team.name},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Mi"}}},
    }  # fmt: skip


def attempt(kubectl, *arguments, **options):
    """What was refused and why, or None."""
    try:
        kubectl(*arguments, **options)
    except KubectlError as refusal:
        return refusal.said
    except ValueError as impossible:  # cannot even be an argument
        return str(impossible)
    return None


def check_rules(team, pod):
    """What holds for every pod of a session, whoever asked for it."""
    spec, about = pod["spec"], pod["metadata"]["name"]
    assert not any(spec.get(f) for f in ("hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers")), about
    assert spec["automountServiceAccountToken"] is False and spec.get("serviceAccountName", "default") == "default", about
    assert spec["securityContext"]["runAsNonRoot"] is True and spec["securityContext"]["runAsUser"] == 1000, about
    (container,) = spec["containers"]
    assert container["image"] == "marea.dev/jupyterlab:local", about
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}, about
    assert container.get("command") is None, about
    for volume in spec["volumes"]:
        sources = set(volume) - {"name"}
        assert sources <= {"persistentVolumeClaim", "emptyDir", "secret"}, (about, volume)
        if "persistentVolumeClaim" in volume:
            name = volume["persistentVolumeClaim"]["claimName"]
            owner = team.get("persistentvolumeclaim", name)["metadata"].get("annotations", {}).get("marea.dev/user")
            assert owner in (None, team.name), f"{about} mounts {name} of {owner}"
        if "secret" in volume:
            assert volume["secret"]["secretName"].startswith(f"{about}-"), (about, volume)
    names = [e["name"] for e in container["env"]]
    assert len(names) == len(set(names)), f"{about}: a variable is there twice, and the last wins"
    own = {e["name"]: e.get("value") for e in container["env"]}
    assert own["HOME"] == "/home/jovyan" and own["JUPYTER_TOKEN_FILE"] == "/run/marea/token/token", about
    assert own.get("NVIDIA_VISIBLE_DEVICES") == "void" and "LD_PRELOAD" not in own, about
    paths = [m["mountPath"] for m in container["volumeMounts"]]
    assert len(paths) == len(set(paths)) and not any(".." in p for p in paths), about


def test_no_spec_yields_a_pod_that_breaks_the_rules(cluster, operator, team, mallory):
    pid, tried = operator.pid, 0
    accepted = {}
    for what, spec, allowed in hostile_specs():
        tried += 1
        name = f"try-{tried}"
        body = json.dumps(team.session(name, **{**SIMULATED, **spec}))
        if attempt(mallory, "create", "--validate=strict", "--filename=-", stdin=body) is None:
            accepted[name] = (what, allowed)
    assert tried >= 120, f"only {tried} were tried"
    for name, (what, allowed) in accepted.items():
        # Taken by the API server: then it is the operator that says no, or the pod keeps to the rules.
        status = team.wait_for(name, f"({what}) is answered", lambda s: s.get("conditions"), 60)
        if not allowed:
            assert any(c["type"] == "Accepted" and c["status"] == "False" and c["message"] for c in status["conditions"]) or status.get("queue"), (what, status)
    for pod in team.get("pods"):
        what, allowed = accepted.get(pod["metadata"]["name"], ("made by nobody", False))
        check_rules(team, pod)
        assert allowed, f"{what}: it has a pod"
    team.ask("honest", **SIMULATED)
    team.wait_ready("honest")
    assert operator.pid == pid, "the operator died of it"


def patches():
    yield "another's user", {"spec": {"user": "victim"}}
    yield "another's home", {"spec": {"home": {"claimName": "victims-home"}}}
    yield "a smaller home", {"spec": {"home": {"size": "1Ki"}}}
    yield "a finalizer of somebody", {"metadata": {"finalizers": ["example.org/never"]}}
    yield "another owner", {"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "x", "controller": True}]}}
    yield "labels of ours", {"metadata": {"labels": {"marea.dev/session": "victim", "marea.dev/user": "victim"}}}
    yield "annotations of ours", {"metadata": {"annotations": {"marea.dev/user": "victim", "marea.dev/attempt": "7"}}}
    yield "loader", {"spec": {"env": [{"name": "LD_PRELOAD", "value": "x"}]}}
    yield "nothing at all", {"spec": None}
    yield "a run from the end", {"spec": {"run": 999_999_999}}
    yield "a run from before", {"spec": {"run": 1}}
    yield "a class that is none", {"spec": {"className": "no-such"}}
    yield "back again", {"spec": {"className": "simulated"}}
    yield "a hundred times stop and start", None


def test_no_edit_harms_a_running_session_or_the_operator(cluster, operator, team, mallory):
    team.ask("ada", **SIMULATED)
    team.wait_ready("ada")
    pid = operator.pid
    for what, patch in patches():
        if patch is not None:
            attempt(mallory, "patch", "session", "ada", "--type=merge", f"--patch={json.dumps(patch)}")
            continue
        for state in itertools.islice(itertools.cycle(("Stopped", "Running")), 100):
            mallory("patch", "session", "ada", "--type=merge", f'--patch={{"spec":{{"desiredState":"{state}"}}}}')
    team.wait_ready("ada")
    for pod in team.get("pods"):
        check_rules(team, pod)
    # Her finalizer holds the Session, not the device.
    mallory("delete", "session", "ada", "--wait=false")
    team.wait_gone("pod", "ada")
    mallory("patch", "session", "ada", "--type=merge", '--patch={"metadata":{"finalizers":null}}')
    home = team.get("persistentvolumeclaim", "victims-home")["metadata"]
    assert home["annotations"]["marea.dev/user"] == "victim" and not home.get("deletionTimestamp")
    assert operator.pid == pid


def test_what_is_piled_up_while_the_operator_is_away_is_worked_off(cluster, operator, team, mallory):
    operator.kill()
    taken = 0
    for number, (_, spec, _) in enumerate(hostile_specs()):
        body = json.dumps(team.session(f"pile-{number}", **{**SIMULATED, **spec}))
        taken += attempt(mallory, "create", "--validate=ignore", "--filename=-", stdin=body) is None
    # Objects that stand where a session's own would stand.
    mallory("create", "service", "clusterip", "squat", "--tcp=80")
    mallory("run", "squat", "--image=marea.dev/jupyterlab:local", "--overrides", json.dumps(restricted_pod()))
    mallory("create", "secret", "generic", "squat-1-20260101", "--from-literal=token=mine")
    attempt(mallory, "create", "--filename=-", stdin=json.dumps(team.session("squat", **SIMULATED)))
    operator.start()
    team.ask("honest", **SIMULATED)
    team.wait_ready("honest")

    def answered():
        silent = [s["metadata"]["name"] for s in team.get("sessions") if not s.get("status", {}).get("conditions")]
        return not silent

    wait("every Session is answered", answered, 90)
    for pod in team.get("pods"):
        if pod["metadata"]["name"] != "squat":
            check_rules(team, pod)
    status = team.status("squat")
    assert any(c["type"] == "Stalled" and c["reason"] == "NameTaken" for c in status["conditions"]), status
    assert team.get("pod", "squat")["metadata"].get("ownerReferences") is None, "a foreign pod is not adopted"
    mallory("delete", "pod", "squat", "--wait=false")


def restricted_pod():
    context = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    container = {"name": "squat", "image": "marea.dev/jupyterlab:local", "securityContext": context}
    return {"spec": {"nodeSelector": {"type": "kwok"}, "tolerations": [{"operator": "Exists"}], "containers": [container]}}
