"""What the API server's audit log says the operator did: one line a request, in the order of the answers."""

import json
import time

from installation.operator import ACCOUNT, NAMESPACE

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
UNCOUNTED = ("events", "leases", "tokenreviews", "subjectaccessreviews")
WRITES = ("create", "update", "patch", "delete", "deletecollection")


class Audit:
    def __init__(self, path):
        self.path = path

    def end(self):
        """A place in the log, for `since`."""
        return self.path.stat().st_size

    def requests(self, since=0, namespace=None):
        """The operator's requests from a place on, optionally only those in one namespace."""
        with open(self.path, "rb") as log:
            log.seek(since)
            for line in log:
                if line.endswith(b"\n") and OPERATOR.encode() in line:
                    entry = json.loads(line)
                    if entry["user"]["username"] != OPERATOR:
                        continue
                    if namespace in (None, entry.get("objectRef", {}).get("namespace")):
                        yield entry

    def writes(self, since=0, namespace=None):
        """Those that were meant to change something. Events are not counted, they tell and decide nothing, reviews ask, and
        neither is the Lease, which is renewed at rest as well."""
        return [r for r in self.requests(since, namespace) if r["verb"] in WRITES and r["objectRef"]["resource"] not in UNCOUNTED]

    def wait_for_write(self, number, since, namespace, until):
        """Returns once the number-th write stands in the log; False when until() is true before that."""
        seen, rest = 0, b""
        with open(self.path, "rb") as log:
            log.seek(since)
            while True:
                if chunk := log.read():
                    *lines, rest = (rest + chunk).split(b"\n")
                    seen += sum(1 for line in lines if is_write(line, namespace))
                    if seen >= number:
                        return True
                elif until():
                    return False
                else:
                    time.sleep(0.001)


def is_write(line, namespace):
    if OPERATOR.encode() not in line:
        return False
    entry = json.loads(line)
    thing = entry.get("objectRef", {})
    return (
        entry["user"]["username"] == OPERATOR and entry["verb"] in WRITES
        and thing.get("namespace") == namespace and thing.get("resource") not in UNCOUNTED
    )


def said(request):
    """A request on one line, for messages."""
    thing = request.get("objectRef", {})
    path = "/".join(filter(None, (thing.get("namespace"), thing.get("resource"), thing.get("name"), thing.get("subresource"))))
    return f"{request['verb']} {path} -> {request.get('responseStatus', {}).get('code')} at {request['requestReceivedTimestamp']}"
