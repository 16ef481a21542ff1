"""A namespace and the Sessions in it, as its people handle them."""

import base64
import json

from installation.cluster import Unmet, wait
from installation.operator import namespace

READY_SECONDS = 120


class Team:
    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        cluster.apply(namespace(name))
        # Until it exists no pod can be created here.
        wait(f"namespace {name} has its default account", lambda: self.get("serviceaccount", "default"), 30)

    def kubectl(self, *arguments, **options):
        return self.cluster.kubectl("--namespace", self.name, *arguments, **options)

    def get(self, kind, name=None):
        return self.cluster.get(kind, name, self.name)

    def names(self, kind):
        return sorted(o["metadata"]["name"] for o in self.get(kind))

    def ask(self, *names, **spec):
        """Creates Sessions of one spec."""
        self.cluster.apply(*(self.session(name, **spec) for name in names))

    def session(self, name, **spec):
        metadata = {"name": name, "namespace": self.name}
        return {"apiVersion": "marea.dev/v1alpha1", "kind": "Session", "metadata": metadata, "spec": spec}

    def change(self, name, **spec):
        self.patch("session", name, {"spec": spec})

    def patch(self, kind, name, body):
        self.kubectl("patch", kind, name, "--type=merge", f"--patch={json.dumps(body)}")

    def status(self, name):
        return (self.get("session", name) or {}).get("status", {})

    def wait_for(self, name, what, true_of, seconds=READY_SECONDS):
        """Waits until true_of(status) and returns that status; a failure says what the status was last."""

        def attempt():
            status = self.status(name)
            if not true_of(status):
                raise Unmet(told(status))
            return status

        return wait(f"session {name} {what}", attempt, seconds)

    def wait_ready(self, name, seconds=READY_SECONDS):
        return self.wait_for(name, "is Ready", lambda s: holds(s, "Ready") and s.get("url"), seconds)

    def wait_stopped(self, name, seconds=READY_SECONDS):
        """Stopped, and its pod is gone."""
        return self.wait_for(name, "is Stopped", lambda s: s.get("summary") == "Stopped" and not s.get("podName"), seconds)

    def wait_gone(self, kind, name, seconds=60):
        wait(f"{kind} {name} is gone", lambda: self.get(kind, name) is None, seconds)

    def token(self, name):
        secret = self.get("secret", self.status(name)["tokenSecretName"])
        return base64.b64decode(secret["data"]["token"]).decode()

    def dissolve(self):
        """Gives the devices back; what else is in the namespace goes with it, by and by."""
        self.kubectl("delete", "sessions", "--all", "--wait=false")
        wait(f"the pods of {self.name} are gone", lambda: not self.names("pods"), 90)
        self.cluster.kubectl("delete", "namespace", self.name, "--wait=false")


def condition(status, kind):
    return next((c for c in status.get("conditions", []) if c["type"] == kind), {})


def holds(status, kind):
    return condition(status, kind).get("status") == "True"


def told(status):
    """A status on one line, for messages."""
    conditions = ", ".join(
        f"{c['type']}={c['status']} {c['reason']} ({c.get('message', '')})" for c in status.get("conditions", [])
    )
    return f"summary {status.get('summary')}, queue {status.get('queue')}, stop {status.get('stop')}, {conditions}"
