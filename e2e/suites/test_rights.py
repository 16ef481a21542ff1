"""The operator can do what it must and nothing else; and in all these suites it was never refused anything."""

import json

import pytest
from audit import OPERATOR, said
from installation.operator import NAMESPACE

# As the API server puts a ServiceAccount's requests down.
GROUPS = ["system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated"]

NEVER = [
    ("get", "secrets"), ("list", "secrets"), ("watch", "secrets"), ("patch", "secrets"), ("update", "secrets"),
    ("create", "nodes"), ("patch", "nodes"), ("update", "nodes"), ("delete", "nodes"), ("patch", "nodes/status"),
    ("delete", "persistentvolumeclaims"), ("deletecollection", "persistentvolumeclaims"),
    ("create", "sessions.marea.dev"), ("delete", "sessions.marea.dev"), ("update", "sessions.marea.dev"),
    ("create", "sessionclasses.marea.dev"), ("patch", "acceleratorclasses.marea.dev"),
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


def test_it_was_never_refused_anything(operator, audit):
    requests = list(audit.requests())
    assert requests, "the audit log knows nothing of the operator"
    refused = {said(r).partition(" at ")[0] for r in requests if r.get("responseStatus", {}).get("code") in (401, 403)}
    assert not refused, f"asked for, but not granted in charts/marea: {sorted(refused)}"
