"""From what the operator asked to what the raw client asks."""

import json

import pytest
import script
from recorder import Conversation, Request

SAMPLE = script.Session("bench-000", "session-99999", "uid-sample", "7", "node-0")
OTHER = script.Session("bench-001", "session-00003", "uid-other", "41", "node-2")
STATUS = "/apis/marea.dev/v1alpha1/namespaces/bench-000/sessions/session-99999/status?fieldManager=marea"
CORE = "/api/v1/namespaces/bench-000"
MERGE = "application/merge-patch+json"


def patch(version, sent, answered):
    return Request("PATCH", STATUS, MERGE, json.dumps({"metadata": {"resourceVersion": version}, "status": {"node": "node-0"}}), sent, answered)


def post(kind, sent, answered, **body):
    body = {"metadata": {"name": "session-99999"}, **body}
    return Request("POST", f"{CORE}/{kind}?fieldManager=marea", "application/json", json.dumps(body, indent=1), sent, answered)


HEARD = [
    Request("GET", "/api/v1/pods?limit=500", "", "", 0.0, 0.1),
    Request("POST", "/apis/coordination.k8s.io/v1/namespaces/marea-system/leases", "application/json", "{}", 0.1, 0.2),
    patch("7", 1.0, 1.1),
    post("events", 1.2, 9.0),
    patch("8", 1.21, 1.3),
    post("secrets", 1.4, 1.6, owner="uid-sample"),
    post("services", 1.41, 1.5),
    post("pods", 1.7, 1.8),
    patch("9", 2.0, 2.1),
]


def heard_stages():
    return script.stages(script.writes_until_pod(HEARD, SAMPLE))


def test_what_concerns_the_session_counts_up_to_its_pod():
    kinds = [[r.path.partition("?")[0].rpartition("/")[2] for r in stage] for stage in heard_stages()]
    assert kinds == [["status"], ["events", "status"], ["secrets", "services"], ["pods"]]


def test_without_a_pod_there_is_nothing_to_replay():
    with pytest.raises(ValueError, match="no pod was created for session-99999 in 5 writes"):
        script.writes_until_pod(HEARD[:-2], SAMPLE)


def test_another_session_is_asked_for_in_the_same_words():
    lines = [line.split("\t") for line in script.chain(heard_stages(), SAMPLE, OTHER)]
    assert [line[0] for line in lines] == ["cv", "sl", "v", "s", "", "s"]
    assert {len(line) for line in lines} == {5}
    everything = "\n".join("\t".join(line) for line in lines)
    for word in (SAMPLE.namespace, SAMPLE.name, SAMPLE.uid, SAMPLE.node):
        assert word not in everything
    assert lines[0][2] == STATUS.replace("bench-000", "bench-001").replace("99999", "00003")
    assert json.loads(lines[0][4]) == {"metadata": {"resourceVersion": "41"}, "status": {"node": "node-2"}}
    assert json.loads(lines[2][4])["metadata"]["resourceVersion"] == "@VERSION@"
    assert json.loads(lines[3][4])["owner"] == "uid-other"


def test_a_sample_whose_words_cannot_be_told_apart_is_refused():
    sample = script.Session("bench-000", "session-99999", "uid-sample", "7", "bench-0001")
    with pytest.raises(ValueError, match="told apart"):
        script.another("anything", sample, OTHER)


def test_the_lists_of_a_start_are_known_by_their_first_pages():
    asked = [Request("GET", path, "", "", 0.0) for path in (
        "/api/v1/pods?limit=500", "/api/v1/pods?limit=500&continue=abc", "/api/v1/pods?watch=true&limit=1",
        "/api/v1/namespaces/a/pods/b", "/api/v1/nodes?limit=500", "/api/v1/pods?limit=500")]
    assert script.first_pages(asked) == ["/api/v1/pods?limit=500", "/api/v1/nodes?limit=500"]


def test_requests_are_cut_out_of_a_connection_however_its_bytes_come():
    bytes_ = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{  }GET /c"
    for size in (1, 7, len(bytes_)):
        ticks = iter(range(100))
        requests = []
        conversation = Conversation(requests, clock=lambda ticks=ticks: next(ticks))
        for place in range(0, len(bytes_), size):
            conversation.heard(bytes_[place : place + size])
        conversation.answered()
        assert [(r.method, r.path, r.content_type, r.body) for r in requests] == [("GET", "/a", "", ""), ("POST", "/b", "application/json", "{  }")]
        assert requests[1].sent < requests[1].answered < float("inf")
