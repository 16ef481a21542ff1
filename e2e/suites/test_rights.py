"""The operator can do what it must and nothing else; and in all these suites it was never refused anything."""

import pytest
from audit import OPERATOR, said
from installation.cluster import KubectlError

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
    ("create", "deployments.apps"), ("create", "daemonsets.apps"), ("create", "jobs.batch"),
    ("create", "validatingwebhookconfigurations.admissionregistration.k8s.io"), ("*", "*"),
]
ALWAYS = [
    ("list", "sessions.marea.dev"), ("watch", "sessions.marea.dev"), ("patch", "sessions.marea.dev/status"),
    ("list", "sessionclasses.marea.dev"), ("list", "acceleratorclasses.marea.dev"),
    ("list", "pods"), ("watch", "pods"), ("create", "pods"), ("delete", "pods"),
    ("create", "secrets"), ("delete", "secrets"), ("create", "services"), ("list", "nodes"), ("watch", "nodes"),
    ("create", "persistentvolumeclaims"), ("list", "persistentvolumeclaims"),
]


def may(cluster, verb, resource, namespace="default"):
    resource, _, subresource = resource.partition("/")
    try:
        answer = cluster.kubectl(
            "auth", "can-i", verb, resource, *([f"--subresource={subresource}"] if subresource else []),
            f"--as={OPERATOR}", f"--namespace={namespace}",
        )
    except KubectlError as refusal:  # "no" comes with exit status 1
        answer = str(refusal).rpartition(": ")[2]
    assert answer.split()[0] in ("yes", "no"), answer
    return answer.split()[0] == "yes"


@pytest.mark.parametrize("verb, resource", NEVER, ids=map(" ".join, NEVER))
def test_it_may_never(cluster, verb, resource):
    assert not may(cluster, verb, resource)
    assert not may(cluster, verb, resource, "kube-system")


@pytest.mark.parametrize("verb, resource", ALWAYS, ids=map(" ".join, ALWAYS))
def test_it_may(cluster, verb, resource):
    assert may(cluster, verb, resource)


def test_it_was_never_refused_anything(operator, audit):
    requests = list(audit.requests())
    assert requests, "the audit log knows nothing of the operator"
    refused = {said(r).partition(" at ")[0] for r in requests if r.get("responseStatus", {}).get("code") in (401, 403)}
    assert not refused, f"asked for, but not granted in charts/marea: {sorted(refused)}"
