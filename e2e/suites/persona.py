"""Somebody who is not the admin: requests in their name, and what the API server then says."""

import access
import api

GROUPS = {
    "Pod": "/api/v1", "PersistentVolumeClaim": "/api/v1", "Service": "/api/v1", "Secret": "/api/v1", "Deployment": "/apis/apps/v1",
    "Session": "/apis/marea.dev/v1alpha1", "SessionClass": "/apis/marea.dev/v1alpha1", "AcceleratorClass": "/apis/marea.dev/v1alpha1",
    "Project": "/apis/marea.dev/v1alpha1",
    "SelfSubjectAccessReview": "/apis/authorization.k8s.io/v1",
}
PLURALS = {"SessionClass": "sessionclasses", "AcceleratorClass": "acceleratorclasses"}


class Refused(Exception):
    """The API server did not do it; the text is what it said."""


class Persona:
    """Requests are only asked, and nothing is kept of them, unless dry=False."""

    def __init__(self, cluster, name, group="system:authenticated"):
        self.api, self.name = access.admin(cluster.state), name
        self.headers = {"Impersonate-User": name, "Impersonate-Group": group}

    def create(self, thing, dry=True):
        metadata = thing.get("metadata", {})
        return self.ask("POST", path(thing["kind"], metadata.get("namespace")), thing, dry=dry)

    def patch(self, kind, name, namespace, body, subresource="", dry=True):
        return self.ask("PATCH", f"{path(kind, namespace)}/{name}{subresource and '/'}{subresource}", body, api.MERGE, dry)

    def ask(self, method, where, body=None, content_type="application/json", dry=True):
        status, answer = self.api.request(method, where + ("?dryRun=All" if dry else ""), body, content_type, self.headers)
        if status >= 400:
            raise Refused(answer.get("message", str(answer)))
        return answer

    def may(self, verb, resource, namespace=None, name=""):
        """What `kubectl auth can-i` says to them."""
        resource, _, subresource = resource.partition("/")
        resource, _, group = resource.partition(".")
        asked = {"namespace": namespace or "", "verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": asked}}
        return self.create(review, dry=False)["status"]["allowed"]


def path(kind, namespace):
    plural = PLURALS.get(kind, f"{kind.lower()}s")
    return f"{GROUPS[kind]}/namespaces/{namespace}/{plural}" if namespace else f"{GROUPS[kind]}/{plural}"


def refusal(act):
    """What somebody is told instead; None when they may."""
    try:
        act()
    except Refused as refused:
        return str(refused)
    return None


def bind(cluster, name, role, namespace=None, kind="ClusterRole"):
    """Gives a user a role, in a namespace or everywhere; an account is a user with a long name."""
    subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}
    metadata = {"name": f"{name}-{role}".replace(":", "-"), **({"namespace": namespace} if namespace else {})}
    cluster.apply({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding" if namespace else "ClusterRoleBinding", "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}, "subjects": [subject],
    })


def grant(cluster, user, namespace, resources, verbs, names=()):
    """Gives a user a rule of their own, in a namespace or, with None, everywhere."""
    name = f"{user}-{'-'.join(verbs)}"
    rule = {"apiGroups": ["marea.dev"], "resources": resources, "verbs": verbs, **({"resourceNames": list(names)} if names else {})}
    kind, metadata = ("Role", {"name": name, "namespace": namespace}) if namespace else ("ClusterRole", {"name": name})
    cluster.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": [rule]})
    bind(cluster, user, name, namespace, kind)
