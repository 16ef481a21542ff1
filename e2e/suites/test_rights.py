"""The operator can do what it must and nothing else: in all these suites it was never refused anything, and used all it
was granted. And people can do what their roles say."""

import itertools
import json

import catalogue
import pytest
import yaml
from audit import OPERATOR, said
from installation.chart import render
from installation.cluster import wait
from installation.operator import ACCOUNT, NAMESPACE, Operator, namespace
from persona import Persona, bind, refusal
from team import Team
from wire import Wire

NO_ANSWER = b"a status write got no answer"

# As the API server puts a ServiceAccount's requests down.
GROUPS = ["system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated"]

NEVER = [
    ("get", "secrets"), ("list", "secrets"), ("watch", "secrets"), ("patch", "secrets"), ("update", "secrets"),
    ("create", "nodes"), ("patch", "nodes"), ("update", "nodes"), ("delete", "nodes"), ("patch", "nodes/status"),
    ("delete", "persistentvolumeclaims"), ("deletecollection", "persistentvolumeclaims"),
    ("create", "sessions.marea.dev"), ("delete", "sessions.marea.dev"), ("update", "sessions.marea.dev"),
    ("create", "sessionclasses.marea.dev"), ("patch", "acceleratorclasses.marea.dev"),
    ("create", "projects.marea.dev"), ("patch", "projects.marea.dev"), ("delete", "projects.marea.dev"),
    ("create", "pods/exec"), ("create", "pods/attach"), ("get", "pods/log"), ("create", "pods/portforward"),
    ("create", "serviceaccounts/token"), ("impersonate", "users"), ("impersonate", "serviceaccounts"),
    ("create", "clusterroles.rbac.authorization.k8s.io"), ("escalate", "roles.rbac.authorization.k8s.io"),
    ("bind", "clusterroles.rbac.authorization.k8s.io"), ("get", "configmaps"), ("list", "configmaps"),
    ("get", "leases.coordination.k8s.io"), ("create", "leases.coordination.k8s.io"), ("delete", "leases.coordination.k8s.io"),
    ("create", "deployments.apps"), ("create", "daemonsets.apps"), ("create", "jobs.batch"),
    ("create", "validatingwebhookconfigurations.admissionregistration.k8s.io"), ("*", "*"),
]
ALWAYS = [
    ("list", "sessions.marea.dev"), ("watch", "sessions.marea.dev"), ("patch", "sessions.marea.dev/status"), ("patch", "acceleratorclasses.marea.dev/status"),
    ("list", "sessionclasses.marea.dev"), ("list", "acceleratorclasses.marea.dev"),
    ("list", "projects.marea.dev"), ("watch", "projects.marea.dev"), ("patch", "projects.marea.dev/status"),
    ("list", "pods"), ("watch", "pods"), ("create", "pods"), ("delete", "pods"),
    ("create", "secrets"), ("delete", "secrets"), ("create", "services"), ("list", "nodes"), ("watch", "nodes"),
    ("create", "persistentvolumeclaims"), ("list", "persistentvolumeclaims"),
]


@pytest.fixture(scope="module")
def answers(cluster):
    """What `kubectl auth can-i` would say to each question, asked at once: (verb, resource, namespace) -> allowed."""
    questions = [(v, r, ns) for v, r in NEVER + ALWAYS for ns in ("default", "kube-system")]
    reviews = {"apiVersion": "v1", "kind": "List", "items": [review(*q) for q in questions]}
    text, decoder, said = cluster.kubectl("create", "--output=json", "-f", "-", stdin=json.dumps(reviews)).strip(), json.JSONDecoder(), []
    while text:
        answer, end = decoder.raw_decode(text)
        said += answer.get("items", [answer])
        text = text[end:].lstrip()
    return {q: a["status"]["allowed"] for q, a in zip(questions, said, strict=True)}


def review(verb, resource, namespace, name=""):
    resource, _, subresource = resource.partition("/")
    resource, _, group = resource.partition(".")
    attributes = {"namespace": namespace, "verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name}
    spec = {"user": OPERATOR, "groups": GROUPS, "resourceAttributes": attributes}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}


@pytest.mark.parametrize("verb, resource", NEVER, ids=map(" ".join, NEVER))
def test_it_may_never(answers, verb, resource):
    assert not answers[verb, resource, "default"]
    assert not answers[verb, resource, "kube-system"]


@pytest.mark.parametrize("verb, resource", ALWAYS, ids=map(" ".join, ALWAYS))
def test_it_may(answers, verb, resource):
    assert answers[verb, resource, "default"]


def test_of_leases_it_may_touch_its_own_alone(cluster):
    def allowed(verb, name):
        asked = review(verb, "leases.coordination.k8s.io", NAMESPACE, name)
        return json.loads(cluster.kubectl("create", "--output=json", "-f", "-", stdin=json.dumps(asked)))["status"]["allowed"]

    assert allowed("get", "marea-session") and allowed("patch", "marea-session") and allowed("create", "")
    assert not any(allowed(verb, "marea-overlay") for verb in ("get", "patch", "update", "delete"))
    assert not allowed("delete", "marea-session") and not allowed("list", "")


@pytest.fixture(scope="module")
def granted():
    """What the chart gives the operator: (verb, group, resource, name), the name where a rule is held to names."""
    roles = [o for o in yaml.safe_load_all(render(NAMESPACE, gatewayApi={"enabled": True})) if o and o["kind"] in ("Role", "ClusterRole") and o["metadata"]["name"] == ACCOUNT]
    assert sorted(r["kind"] for r in roles) == ["ClusterRole", "Role"]
    return {
        (verb, group, resource, name)
        for role in roles for rule in role["rules"] for verb in rule["verbs"] for group in rule["apiGroups"]
        for resource in rule["resources"] for name in rule.get("resourceNames", [""])
    }


@pytest.fixture
def wired(cluster, running_operator):
    """The operator behind a wire that can be cut; it is the only one, and so needs no lease."""
    running_operator.stop()
    with Wire(cluster.state.api_address, cluster.state.port("kube-apiserver")) as wire:
        operator = Operator(cluster, name="operator-wired")
        operator.leader_elect, operator.server = False, f"https://127.0.0.1:{wire.port}"
        operator.start()
        yield wire, operator
        wire.mend()
        operator.stop()
    running_operator.start()


@pytest.fixture
def turning(cluster, team):
    """A SessionClass whose route can be changed, and a StorageClass whose homes grow."""

    def route(**route):
        cluster.apply(catalogue.thing("SessionClass", team.name, {**simulated["spec"], "route": {"hostname": "lab.example.org", **route}}))

    simulated = next(o for o in catalogue.objects() if o["metadata"]["name"] == "simulated")
    cluster.apply({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": team.name}, "allowVolumeExpansion": True,
        "provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer",
    })
    yield route
    cluster.kubectl("delete", "sessionclass,storageclass", team.name)


def test_a_life_with_all_turns(team, turning):
    """So that what follows can be said of this file alone, too."""
    turning(type="Ingress")
    team.ask("ada", className=team.name, accelerator={"alternatives": [{"className": "t4"}]}, home={"size": "10Mi", "storageClassName": team.name})
    team.wait_ready("ada")
    turning(type="HTTPRoute", gateway={"name": "public", "namespace": "gateways"})
    team.wait_for("ada", "says what waits", lambda s: s.get("pendingChange"))
    team.change("ada", run=2, home={"size": "20Mi"})
    wait("the second run has the other route", lambda: team.get("httproute", "ada") and not team.get("ingress", "ada"), 60)
    team.wait_ready("ada")
    turning(type="Ingress")
    team.wait_for("ada", "says what waits", lambda s: s.get("pendingChange"))
    team.change("ada", run=3)
    wait("the third run has the first one's", lambda: team.get("ingress", "ada") and not team.get("httproute", "ada"), 60)
    team.wait_ready("ada")
    team.kubectl("delete", "session", "ada")


def test_a_write_whose_answer_is_lost_is_looked_at_again(wired, cluster, audit):
    wire, operator = wired
    team = Team(cluster, "rights-wire")
    team.ask("ada", className="simulated")
    team.wait_ready("ada")
    admin, seconds, mark = Persona(cluster, "root", "system:masters"), itertools.count(3600), audit.end()

    def is_writing(since):
        for _ in range(20):  # the operator writes down each change
            admin.patch("Session", "ada", team.name, {"spec": {"durationSeconds": next(seconds)}}, dry=False)
        return len(audit.writes(since, team.name)) > 10

    def is_unanswered():
        """Cut while it writes; false where no write was on its way just then."""
        began, told = audit.end(), operator.log.stat().st_size
        wait("it writes", lambda: is_writing(began), 30, pause=0)
        wire.cut()
        try:
            return wait("it misses an answer", lambda: NO_ANSWER in operator.log.read_bytes()[told:], 5)
        except TimeoutError:
            return False
        finally:
            wire.mend()

    def is_looked_at():
        return any(r["verb"] == "get" and r["objectRef"]["resource"] == "sessions" for r in audit.requests(mark, team.name))

    wait("a write is cut off", is_unanswered, 90)
    wait("it reads the session, of which it does not know whether it changed", is_looked_at, 60)
    team.wait_ready("ada")
    team.dissolve()


def test_all_that_is_granted_is_used(operator, audit, granted):
    used = set()
    for request in audit.requests():
        thing = request.get("objectRef", {})
        if thing and request["responseStatus"]["code"] < 400:
            resource = "/".join(filter(None, (thing["resource"], thing.get("subresource"))))
            used |= {(request["verb"], thing.get("apiGroup", ""), resource, name) for name in ("", thing.get("name"))}
    unused = sorted(" ".join(filter(None, right)) for right in granted - used)
    assert not unused, f"granted in charts/marea, but never used: {unused}"


def test_it_was_never_refused_anything(operator, audit):
    requests = list(audit.requests())
    assert requests, "the audit log knows nothing of the operator"
    refused = {said(r).partition(" at ")[0] for r in requests if is_refusal(r)}
    assert not refused, f"asked for, but not granted in charts/marea or refused by a policy: {sorted(refused)}"


def is_refusal(request):
    """Of rights or by a policy; a full quota and a namespace that is going refuse too, and whoever asks."""
    answer = request.get("responseStatus", {})
    forbidden = request.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid"
    return forbidden or answer.get("code") == 401 or "AdmissionPolicy 'marea-" in answer.get("message", "")


def test_the_log_tells_a_refusal_of_rights(people, audit):
    """What the test above relies on: somebody without the right is seen to be refused."""
    mark = audit.end()
    assert refusal(lambda: people["nobody"].create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": TEAM}}))

    def is_logged():
        with open(audit.path, "rb") as log:
            log.seek(mark)
            entries = [json.loads(line) for line in log if line.endswith(b"\n")]
        return [e for e in entries if e.get("impersonatedUser", {}).get("username") == "nobody" and is_refusal(e)]

    wait("it is in the log", is_logged, 10)


TEAM = "rights-team"
ACCESS = [
    # verb, resource, then who may: view, edit, admin of the namespace; a Hub's account; who keeps the catalogue; anybody
    ("get", "sessions.marea.dev", {"view", "edit", "admin", "hub"}),
    ("list", "sessions.marea.dev", {"view", "edit", "admin", "hub"}),
    ("watch", "sessions.marea.dev", {"view", "edit", "admin", "hub"}),
    ("create", "sessions.marea.dev", {"edit", "admin", "hub"}),
    ("patch", "sessions.marea.dev", {"edit", "admin", "hub"}),
    ("update", "sessions.marea.dev", {"edit", "admin"}),
    ("delete", "sessions.marea.dev", {"edit", "admin", "hub"}),
    ("deletecollection", "sessions.marea.dev", {"edit", "admin"}),
    ("actas", "sessions.marea.dev", {"admin", "hub"}),
    ("get", "sessions.marea.dev/status", set()),
    ("patch", "sessions.marea.dev/status", set()),
    ("update", "sessions.marea.dev/status", set()),
    ("patch", "acceleratorclasses.marea.dev/status", set()),
    ("patch", "projects.marea.dev/status", set()),
    ("get", "sessionclasses.marea.dev", {"view", "edit", "admin", "hub", "catalogue", "nobody"}),
    ("list", "acceleratorclasses.marea.dev", {"view", "edit", "admin", "hub", "catalogue", "nobody"}),
    ("create", "sessionclasses.marea.dev", {"catalogue"}),
    ("patch", "acceleratorclasses.marea.dev", {"catalogue"}),
    ("delete", "sessionclasses.marea.dev", {"catalogue"}),
    ("deletecollection", "sessionclasses.marea.dev", set()),
    ("get", "projects.marea.dev", {"view", "edit", "admin", "hub", "catalogue", "nobody"}),
    ("list", "projects.marea.dev", {"view", "edit", "admin", "hub", "catalogue", "nobody"}),
    ("create", "projects.marea.dev", {"catalogue"}),
    ("update", "projects.marea.dev", {"catalogue"}),
    ("patch", "projects.marea.dev", {"catalogue"}),
    ("delete", "projects.marea.dev", {"catalogue"}),
    ("deletecollection", "projects.marea.dev", set()),
    ("get", "secrets", {"edit", "admin"}),  # Kubernetes gives them that, and with it the tokens: the namespace is trusted
    ("get", "pods", {"view", "edit", "admin"}),
    ("create", "pods/exec", {"edit", "admin"}),
    ("delete", "persistentvolumeclaims", {"edit", "admin"}),
]


@pytest.fixture(scope="module")
def people(cluster):
    cluster.apply(namespace(TEAM))
    names = {p: p for p in ("view", "edit", "admin", "catalogue", "nobody")} | {"hub": "system:serviceaccount:hub:hub"}
    for role in ("view", "edit", "admin"):
        bind(cluster, names[role], role, TEAM)
    bind(cluster, names["hub"], "marea-hub", TEAM)
    bind(cluster, names["catalogue"], "marea-catalogue-admin")
    people = {persona: Persona(cluster, name) for persona, name in names.items()}
    wait("the roles are aggregated", lambda: people["admin"].may("actas", "sessions.marea.dev", TEAM), 30)
    yield people
    cluster.kubectl("delete", "namespace", TEAM, "--wait=false")


@pytest.mark.parametrize("verb, resource, who", ACCESS, ids=[f"{a[0]} {a[1]}" for a in ACCESS])
def test_people_may_what_their_role_says(people, verb, resource, who):
    assert {name for name, person in people.items() if person.may(verb, resource, TEAM)} == who


def test_nobodys_role_reaches_beyond_its_namespace(people):
    for name, person in people.items():
        assert not person.may("create", "sessions.marea.dev", "kube-system"), name
        assert not person.may("get", "sessions.marea.dev", "default"), name
        assert not person.may("get", "secrets", "default"), name


def test_people_do_it(people):
    """Not only by the rules: the requests themselves."""
    made = {"apiVersion": "marea.dev/v1alpha1", "kind": "Session", "metadata": {"name": "new", "namespace": TEAM}, "spec": {}}
    for name in ("edit", "admin", "hub"):
        assert refusal(lambda name=name: people[name].create(made)) is None
    for name in ("view", "catalogue", "nobody"):
        assert 'cannot create resource "sessions"' in (refusal(lambda name=name: people[name].create(made)) or "")
    other = {**made, "spec": {"user": "grace"}}
    assert refusal(lambda: people["hub"].create(other)) is None
    assert "may not act as grace" in (refusal(lambda: people["edit"].create(other)) or "")
    offered = {"apiVersion": "marea.dev/v1alpha1", "kind": "SessionClass", "metadata": {"name": "new"}, "spec": {"images": [{"name": "a", "image": "a"}]}}
    assert refusal(lambda: people["catalogue"].create(offered)) is None
    assert 'cannot create resource "sessionclasses"' in (refusal(lambda: people["admin"].create(offered)) or "")
    shared = {"apiVersion": "marea.dev/v1alpha1", "kind": "Project", "metadata": {"name": "new"}, "spec": {"namespaces": [TEAM]}}
    assert refusal(lambda: people["catalogue"].create(shared)) is None
    assert 'cannot create resource "projects"' in (refusal(lambda: people["admin"].create(shared)) or "")
