"""What the API server's audit log says, as seconds: how long a burst took, how long each session waited for its pod."""

import datetime
import json

WRITES = ("create", "update", "patch", "delete", "deletecollection")
QUESTIONS = ("tokenreviews", "subjectaccessreviews")  # created, and kept nowhere


def entries(path, since=0, *words):
    """The finished requests from a place in the log on whose lines hold all of these words."""
    words = [word.encode() for word in words]
    with open(path, "rb") as log:
        log.seek(since)
        for line in log:
            if line.endswith(b"\n") and all(word in line for word in words):
                yield json.loads(line)


def received(entry):
    return seconds(entry["requestReceivedTimestamp"])


def answered(entry):
    return seconds(entry["stageTimestamp"])


def seconds(stamp):
    return datetime.datetime.fromisoformat(stamp).timestamp()


def resource(entry):
    thing = entry.get("objectRef", {})
    return "/".join(filter(None, (thing.get("resource"), thing.get("subresource"))))


def is_write(entry):
    return entry["verb"] in WRITES and resource(entry) not in QUESTIONS


def succeeded(entry):
    return entry["responseStatus"]["code"] < 300


def by(user, found):
    return [e for e in found if e["user"]["username"] == user]


def burst(found):
    """Seconds from the first write until the last pod was created, the pods, and the writes that began meanwhile."""
    writes = [e for e in found if is_write(e) and e["stage"] == "ResponseComplete"]
    pods = [e for e in writes if e["verb"] == "create" and resource(e) == "pods" and succeeded(e)]
    if not pods:
        raise ValueError("no pod was created")
    begin, end = min(map(received, writes)), max(map(answered, pods))
    return end - begin, len(pods), sum(received(e) <= end for e in writes)


def waits(found):
    """Seconds from each session's create until its pod was created, by name; both as answered to whoever asked."""
    asked, made = {}, {}
    for entry in found:
        if entry["verb"] != "create" or entry["stage"] != "ResponseComplete" or not succeeded(entry):
            continue
        where = {"sessions": asked, "pods": made}.get(resource(entry))
        if where is not None:
            where[entry["objectRef"]["name"]] = answered(entry)
    lacking = asked.keys() - made.keys()
    if not asked or lacking:
        raise ValueError(f"{len(asked)} sessions were created; without a pod are {sorted(lacking)[:5]}")
    return {name: made[name] - at for name, at in asked.items()}


def unasked(found):
    """Writes at rest: all but the renewals of the operator's own Lease, as `verb resource`."""
    return [f"{e['verb']} {resource(e)}" for e in found if is_write(e) and resource(e) != "leases"]
