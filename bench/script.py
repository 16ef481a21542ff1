"""From what the operator was heard asking for one session to what the raw client asks for many (bench/script.hpp)."""

import json
from dataclasses import dataclass

WRITES = ("POST", "PUT", "PATCH", "DELETE")
VERSION = "@VERSION@"


@dataclass(frozen=True)
class Session:
    """What of a session's requests is its own and not every session's."""

    namespace: str
    name: str
    uid: str
    version: str  # before anything is written
    node: str


def writes_until_pod(requests, sample):
    """The operator's writes for the session, up to the create of its pod."""
    mine = [r for r in requests if r.method in WRITES and sample.name in r.path + r.body]
    last = next((n for n, r in enumerate(mine) if is_pod(r)), None)
    if last is None:
        raise ValueError(f"no pod was created for {sample.name} in {len(mine)} writes")
    return mine[: last + 1]


def stages(requests):
    """Requests that were sent together: a stage ends when one was sent after another of it had its answer."""
    groups = []
    for request in sorted(requests, key=lambda r: r.sent):
        if not groups or any(r.answered <= request.sent for r in groups[-1] if not is_event(r)):
            groups.append([])
        groups[-1].append(request)
    return groups


def chain(groups, sample, session):
    """The lines of one chain: what was asked for `sample`, asked for `session`, another of the same kind."""
    lines, version = [], session.version
    for group in groups:
        for place, request in enumerate(group):
            marks = ("c" if not lines else "s") if place == 0 else ""
            marks += "l" if is_event(request) else ""
            body = request.body and on_one_line(request, version)
            if is_patch(request):
                marks, version = marks + "v", VERSION
            path, body = (another(text, sample, session) for text in (request.path, body))
            lines.append("\t".join((marks, request.method, path, request.content_type, body)))
    return lines


def another(text, sample, session):
    words = [(getattr(sample, word), getattr(session, word)) for word in ("namespace", "name", "uid", "node")]
    if any(one is not two and one in two for one, _ in words for two, _ in words):
        raise ValueError(f"{sample}: one of its words is part of another, so they cannot be told apart")
    for old, new in words:
        text = text.replace(old, new)
    return text


def on_one_line(request, version):
    """Its body; a patch is of this version."""
    body = json.loads(request.body)
    if is_patch(request):
        body["metadata"]["resourceVersion"] = version
    return json.dumps(body, separators=(",", ":"))


def create(path, thing):
    """A chain of one call that makes an object."""
    return "\t".join(("c", "POST", path, "application/json", json.dumps(thing, separators=(",", ":"))))


def first_pages(requests):
    """The paths of the LISTs the operator began, each once."""
    lists = [r.path for r in requests if r.method == "GET" and "limit=" in r.path and "continue=" not in r.path and "watch=" not in r.path]
    return list(dict.fromkeys(lists))


def is_event(request):
    return request.method == "POST" and request.path.partition("?")[0].endswith("/events")


def is_pod(request):
    return request.method == "POST" and request.path.partition("?")[0].endswith("/pods")


def is_patch(request):
    return request.method == "PATCH"
