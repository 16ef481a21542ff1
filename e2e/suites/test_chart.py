"""Helm installs Marea into a cluster, where it runs on the cluster's own nodes; upgrades, rolls back and uninstalls it
while people work, and nobody loses anything."""

import base64
import hmac
import json
import re
import secrets
import ssl
import subprocess
import threading
import urllib.request

import catalogue
import pytest
import realnode
import yaml
from audit import Audit
from chart_values import EVERYTHING
from installation import ROOT, schemas
from installation.chart import CHART, RELEASE, HelmError, helm, render, settings
from installation.cluster import Cluster, KubectlError, Unmet, wait
from installation.operator import NAMESPACE, SCRAPER, namespace, scraper
from notebook import Notebook
from persona import Persona, bind, refusal
from team import Team

NAME = "e2e-chart"
KINDS = ("sessions", "sessionclasses", "acceleratorclasses", "projects")
MINUTE = 60
KEPT = "api/contents/kept.txt"
ON_REAL_NODES = {
    "image": {"tag": "local", "pullPolicy": "Never"},
    "session": {"nodeSelector": {"marea.dev/e2e-node": "real"}, "tolerations": catalogue.GPU_TAINT},
}


class Release:
    """Marea as helm knows it."""

    def __init__(self, cluster):
        self.cluster = cluster

    def helm(self, *arguments):
        access = ("--namespace", NAMESPACE, "--kubeconfig", self.cluster.directory / "admin.kubeconfig")
        return helm(*arguments, *access, seconds=4 * MINUTE)

    def install(self):
        self.cluster.apply(namespace(NAMESPACE))
        self.helm("install", RELEASE, CHART, *settings(ON_REAL_NODES), "--wait", "--timeout=3m")

    def upgrade(self, *changes):
        self.helm("upgrade", RELEASE, CHART, "--reuse-values", *changes, "--wait", "--timeout=3m")

    def revision(self):
        return int(re.search(r"^REVISION: (\d+)", self.helm("status", RELEASE), re.MULTILINE)[1])

    def replicas(self):
        """The operator's pods that are not on their way out."""
        pods = self.cluster.get("pods", namespace=NAMESPACE)
        return [p for p in pods if "deletionTimestamp" not in p["metadata"]]

    def key(self):
        return self.cluster.get("secret", "marea-token-keys", NAMESPACE)["data"]


@pytest.fixture(scope="module")
def chart_cluster():
    cluster = Cluster(NAME)
    cluster.run("down", check=True)
    cluster.run("up", "--nodes", "real,kwok", check=True)
    built = subprocess.run([ROOT / "images/build", "marea"], stdout=subprocess.PIPE, text=True, check=True)
    for node in realnode.of(cluster.state):
        ctr = ["ctr", f"--address={node.home}/containerd.sock", "--namespace=k8s.io", "images"]
        subprocess.run([*ctr, "import", built.stdout.strip()], check=True, stdout=subprocess.DEVNULL)
        # What an upgrade brings: another image, by its name.
        subprocess.run([*ctr, "tag", "marea.dev/marea:local", "marea.dev/marea:next"], check=True, stdout=subprocess.DEVNULL)
    yield cluster
    cluster.run("down", check=True)


@pytest.fixture(scope="module")
def release(chart_cluster):
    release = Release(chart_cluster)
    release.install()
    chart_cluster.apply(*catalogue.objects())
    return release


@pytest.fixture
def people(chart_cluster, release, request):
    team = Team(chart_cluster, "chart-" + request.node.name.removeprefix("test_")[:40].strip("_").replace("_", "-"))
    yield team
    team.dissolve()


class Load:
    """Somebody who asks for simulated sessions, one after the other, for as long as the block lasts."""

    def __init__(self, team):
        self.team, self.names, self.trouble = team, [], []
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.ask, daemon=True)

    def ask(self):
        try:
            while not self.end.wait(0.5):
                name = f"load-{len(self.names)}"
                self.team.ask(name, className="simulated")
                self.names.append(name)
        except Exception as error:
            self.trouble.append(error)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()
        assert not self.trouble, f"a request was refused: {self.trouble}"


def uids(team):
    return {p["metadata"]["name"]: p["metadata"]["uid"] for p in team.get("pods")}


def pod_writes(cluster, team, since):
    """(verb, pod) of each create and delete of a pod that Marea was granted, in order."""
    writes = Audit(cluster.audit_log).writes(since, team.name)
    return [
        (r["verb"], r["objectRef"]["name"]) for r in writes
        if r["objectRef"]["resource"] == "pods" and r["responseStatus"]["code"] < 300
    ]


def test_the_operator_runs_on_the_cluster_and_a_session_becomes_ready(release, people):
    replicas = release.replicas()
    assert len({p["spec"]["nodeName"] for p in replicas}) == 2, "the two replicas share a node"
    for pod in replicas:
        [status] = pod["status"]["containerStatuses"]
        assert status["ready"] and status["restartCount"] == 0

    people.ask("ada", accelerator={"alternatives": [{"className": "a100"}]})
    status = people.wait_ready("ada")
    assert status["nodeName"] == f"{NAME}-a"
    pod = people.get("pod", "ada")["spec"]
    assert (pod["priorityClassName"], pod["priority"]) == ("marea-session", 0)
    lab = Notebook(status["url"], people.token("ada"))
    assert lab.call("GET", "api/status")["kernels"] == 0


def test_its_pods_can_do_nothing_special(release):
    [pod, _] = release.replicas()
    container = pod["spec"]["containers"][0]["securityContext"]
    assert container["readOnlyRootFilesystem"] and not container["allowPrivilegeEscalation"]
    assert container["capabilities"] == {"drop": ["ALL"]}
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    with pytest.raises(KubectlError, match=r"(executable file|no such file|not found)"):
        release.cluster.kubectl("exec", "--namespace", NAMESPACE, pod["metadata"]["name"], "--", "sh", "-c", "true")


def test_nothing_can_be_written_in_its_containers(release):
    for pod in release.replicas():
        kinds = {next(k for k in v if k != "name") for v in pod["spec"]["volumes"]}
        assert kinds == {"secret", "projected"}, "a volume it could write to"


def test_both_replicas_show_their_metrics_and_one_leads(chart_cluster, release):
    chart_cluster.apply(*scraper())
    token = chart_cluster.kubectl("create", "token", SCRAPER, "--namespace", NAMESPACE).strip()
    wait("one of two leads", lambda: sorted(leads(p, token) for p in release.replicas()) == [False, True], 30)


def leads(pod, scraper_token):
    anyone = ssl.create_default_context()  # its certificate is its own, and new at each start
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(
        f"https://{pod['status']['podIP']}:8443/metrics", headers={"Authorization": f"Bearer {scraper_token}"}
    )
    with urllib.request.urlopen(request, timeout=5, context=anyone) as answer:
        return 'marea_leader{lease="session"} 1\n' in answer.read().decode()


def test_an_upgrade_and_a_rollback_under_load_lose_nothing(chart_cluster, release, people):
    people.ask("ada", user="ada", accelerator={"alternatives": [{"className": "t4"}]})  # her home is on a real node, theirs on many
    people.ask(*(f"old-{i}" for i in range(5)), className="simulated")
    running = ["ada", *(f"old-{i}" for i in range(5))]
    ready_since = {name: people.wait_ready(name)["readyTime"] for name in running}
    before, key = uids(people), release.key()
    mark = Audit(chart_cluster.audit_log).end()
    generations = [{p["metadata"]["uid"] for p in release.replicas()}]

    with Load(people) as load:
        release.upgrade("--set=image.tag=next", "--set=session.logLevel=debug")
        generations.append({p["metadata"]["uid"] for p in release.replicas()})
        assert {p["spec"]["containers"][0]["image"] for p in release.replicas()} == {"marea.dev/marea:next"}
        release.helm("rollback", RELEASE, str(release.revision() - 1), "--wait", "--timeout=3m")
        generations.append({p["metadata"]["uid"] for p in release.replicas()})
        assert {p["spec"]["containers"][0]["image"] for p in release.replicas()} == {"marea.dev/marea:local"}
    assert not generations[0] & generations[1] and not generations[1] & generations[2], "a replica was not replaced"

    assert len(load.names) > 10
    for name in load.names:
        people.wait_ready(name)
    after = uids(people)
    assert {name: after.get(name) for name in before} == before, "a running pod was replaced"
    assert {name: people.status(name)["readyTime"] for name in running} == ready_since
    assert release.key() == key
    writes = pod_writes(chart_cluster, people, mark)
    assert sorted(writes) == sorted(("create", name) for name in load.names), "each new session one pod, and no other"


def test_an_upgrade_never_makes_another_key_and_keeps_those_that_were_added(release):
    key = release.key()
    assert len(key) == 1
    old = {"20200101": "A" * 43 + "="}
    change = json.dumps({"data": old})
    release.cluster.kubectl("--namespace", NAMESPACE, "patch", "secret", "marea-token-keys", "--type=merge", f"--patch={change}")
    release.upgrade()
    assert release.key() == {**key, **old}


def test_keys_and_a_certificate_of_ones_own(release, people, tmp_path):
    key = secrets.token_bytes(32)
    certificate = self_signed(tmp_path)
    people.cluster.apply(
        secret("keys-of-ours", "Opaque", {**release.key(), "29991231": base64.b64encode(key).decode()}),
        secret("certificate", "kubernetes.io/tls", {n: base64.b64encode(f.read_bytes()).decode() for n, f in certificate.items()}),
    )
    release.upgrade("--set=tokenKeys.existingSecret=keys-of-ours", "--set=serving.tlsSecret=certificate")
    try:
        for pod in release.replicas():
            served = ssl.get_server_certificate((pod["status"]["podIP"], 8443), timeout=5)
            assert served == certificate["tls.crt"].read_text()
        people.ask("ada", className="simulated")
        people.wait_ready("ada")
        uid = people.get("session", "ada")["metadata"]["uid"]
        signed = hmac.digest(key, f"{uid}/1".encode(), "sha256")
        assert people.token("ada") == base64.urlsafe_b64encode(signed).decode().rstrip("=")
        assert release.key(), "the Secret that helm had made stays"
    finally:
        release.upgrade("--set=tokenKeys.existingSecret=", "--set=serving.tlsSecret=")


def test_a_session_is_for_whoever_asks_where_that_is_wanted(release, people):
    bind(people.cluster, "ada", "edit", people.name)
    ada = Persona(people.cluster, "ada")
    program = Persona(people.cluster, f"system:serviceaccount:{people.name}:default")
    bind(people.cluster, program.name, "edit", people.name)

    def user_of(person, **spec):
        return person.create(people.session("new", **spec))["spec"].get("user")

    assert user_of(ada) is None
    assert "may not act as ada" in (refusal(lambda: user_of(ada, user="ada")) or "")
    release.upgrade("--set=policies.fillUser=true")
    try:
        # The API server may learn of one of the two policies before the other, and refuse.
        wait("the login is filled in", lambda: refusal(lambda: user_of(ada)) is None and user_of(ada) == "ada", 30)
        assert user_of(ada, user=people.name) == people.name
        assert "may not act as bob" in (refusal(lambda: user_of(ada, user="bob")) or "")
        assert user_of(program) is None, "a program's account is nobody's home"
        people.ask("mine", className="simulated", user="grace")
        assert people.wait_ready("mine")["homeClaimName"] == "claim-grace"
    finally:
        release.upgrade("--set=policies.fillUser=false")

    def is_left_alone():
        return refusal(lambda: user_of(ada)) is None and user_of(ada) is None

    wait("it is not filled in any more", is_left_alone, 30)


def test_a_policy_that_is_switched_off_refuses_nothing(release, people):
    bind(people.cluster, "ada", "edit", people.name)
    ada = Persona(people.cluster, "ada")

    def refused():
        return refusal(lambda: ada.create(people.session("new", user="bob")))

    wait("a session for bob is refused", refused, 30)
    release.upgrade("--set=policies.actAs=false")
    try:
        wait("it is let pass", lambda: not refused(), 30)
    finally:
        release.upgrade("--set=policies.actAs=true")
    wait("it is refused again", refused, 30)


def self_signed(folder):
    files = {"tls.crt": folder / "tls.crt", "tls.key": folder / "tls.key"}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days=1",
                    "-subj=/CN=marea-session", f"-out={files['tls.crt']}", f"-keyout={files['tls.key']}"], check=True, capture_output=True)
    return files


def secret(name, kind, data):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}, "type": kind, "data": data}


@pytest.fixture(scope="module")
def kubeconform(chart_cluster, release, tmp_path_factory):
    """Checks YAML against what this very API server says its kinds are, Marea's own among them."""
    programs = subprocess.run([ROOT / "e2e/tools/build", "kubeconform"], check=True, stdout=subprocess.PIPE, text=True)
    location = schemas.write(chart_cluster, tmp_path_factory.mktemp("schemas"))

    def check(text):
        command = [f"{programs.stdout.strip()}/kubeconform", "-strict", "-summary", "-output=json", f"-schema-location={location}"]
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        said = json.loads(done.stdout)
        return said["summary"]["valid"], said["resources"]

    return check


@pytest.mark.parametrize("values", [
    {},
    {"session": {"replicas": 0}, "networkPolicy": {"enabled": False}, "personas": {"enabled": False}, "crds": {"install": False}},
    {**EVERYTHING, "networkPolicy": {**EVERYTHING["networkPolicy"], "enabled": True}, "personas": {"enabled": True},
     "serviceMonitor": {"enabled": False}, "prometheusRule": {"enabled": False},  # this cluster does not have these kinds
     "policies": {**EVERYTHING["policies"], "actAs": True, "marks": True, "status": True, "images": True}},
], ids=["default", "least", "everything"])
def test_what_is_rendered_is_what_the_api_takes(kubeconform, values):
    text = render(NAMESPACE, **values)
    objects = [o for o in yaml.safe_load_all(text) if o]
    valid, complaints = kubeconform(text)
    assert not complaints
    assert valid == len(objects)


def test_the_files_for_kubectl_are_the_chart_and_the_api_takes_them(release):
    subprocess.run([ROOT / "charts/build"], check=True, stdout=subprocess.DEVNULL)
    namespace_, *objects = (o for o in yaml.safe_load_all((ROOT / "build/install.yaml").read_text()) if o)
    assert namespace_["metadata"]["name"] == NAMESPACE
    assert objects == [o for o in yaml.safe_load_all(render(NAMESPACE)) if o]
    kinds = [o for o in yaml.safe_load_all((ROOT / "build/crds.yaml").read_text()) if o]
    assert sorted(k["metadata"]["name"] for k in kinds) == sorted(f"{k}.marea.dev" for k in KINDS)
    for file in ("install.yaml", "crds.yaml"):
        release.cluster.kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", f"--filename={ROOT / 'build' / file}")


def test_the_check_would_see_a_mistake(kubeconform):
    text = render(NAMESPACE)
    for right, wrong in (("replicas: 2", "replicas: two"), ("maxSurge:", "maxsurge:"), ("kind: Deployment", "kind: Deploymint")):
        assert text.count(right) == 1
        assert kubeconform(text.replace(right, wrong))[1]


def test_a_second_release_is_refused(release):
    with pytest.raises(HelmError, match="marea"):
        release.helm("install", "another", CHART)


def test_an_uninstall_leaves_what_people_have_and_the_next_install_takes_it_over(chart_cluster, release, people):
    people.ask("ada", accelerator={"alternatives": [{"className": "a100"}]})
    status = people.wait_ready("ada")
    lab = Notebook(status["url"], people.token("ada"))
    lab.call("PUT", KEPT, {"type": "file", "format": "text", "content": "what ada wrote"})
    before = {kind: people.names(kind) for kind in ("pods", "services", "secrets", "persistentvolumeclaims")}
    pods, key = uids(people), release.key()

    release.helm("uninstall", RELEASE, "--wait", "--timeout=2m")
    for kind in KINDS:
        assert chart_cluster.get("customresourcedefinition", f"{kind}.marea.dev"), f"the kind {kind} went"
    assert [c["metadata"]["name"] for c in chart_cluster.get("sessionclasses")] == ["default", "simulated"]
    assert {kind: people.names(kind) for kind in before} == before and uids(people) == pods
    assert lab.call("GET", KEPT)["content"] == "what ada wrote"
    assert release.key() == key
    left = what_is_left(chart_cluster)
    assert left == ["secret/marea-token-keys"], "of the release itself only the keys stay"

    release.install()
    assert release.key() == key and uids(people) == pods
    people.change("ada", desiredState="Stopped")
    people.wait_stopped("ada")
    people.change("ada", desiredState="Running")
    status = people.wait_ready("ada")
    assert Notebook(status["url"], people.token("ada")).call("GET", KEPT)["content"] == "what ada wrote"


def what_is_left(cluster):
    """What still bears the release's label, but the kinds."""
    kinds = ("deployments,services,serviceaccounts,secrets,poddisruptionbudgets,networkpolicies,roles,rolebindings,"
             "clusterroles,clusterrolebindings,priorityclasses,validatingadmissionpolicies,validatingadmissionpolicybindings")

    def gone():
        said = cluster.kubectl("get", kinds, "--all-namespaces", "--selector=app.kubernetes.io/name=marea", "--output=name")
        names = sorted(n for n in said.split())
        if any(n.startswith("deployment") for n in names):
            raise Unmet(str(names))
        return names or ["nothing"]

    return wait("the deployment is gone", gone, MINUTE)
