"""What the audit log is taken to say."""

import json

import pytest
import trail


def entry(verb, what, name, received, answered, code=201, stage="ResponseComplete"):
    thing, _, subresource = what.partition("/")
    return {
        "verb": verb, "stage": stage, "user": {"username": "marea"}, "responseStatus": {"code": code},
        "objectRef": {"resource": thing, "namespace": "team", "name": name, **({"subresource": subresource} if subresource else {})},
        "requestReceivedTimestamp": f"2026-11-21T09:00:{received:09.6f}Z", "stageTimestamp": f"2026-11-21T09:00:{answered:09.6f}Z",
    }


def test_a_burst_lasts_from_the_first_write_until_the_last_pod_is_created():
    found = [
        entry("get", "sessions", "a", 0.0, 0.1),
        entry("patch", "sessions/status", "a", 1.0, 1.1, 200),
        entry("create", "pods", "a", 1.2, 1.5),
        entry("create", "pods", "b", 1.9, 3.25),
        entry("create", "pods", "b", 3.1, 5.0, 409),
        entry("patch", "sessions/status", "b", 4.0, 4.5, 200),
    ]
    assert trail.burst(found) == (pytest.approx(2.25), 2, 4)


def test_a_burst_without_a_pod_is_none():
    with pytest.raises(ValueError, match="no pod"):
        trail.burst([entry("patch", "sessions/status", "a", 1.0, 1.1, 200), entry("create", "pods", "a", 1.0, 1.1, 403)])


def test_a_session_waits_from_its_create_to_its_pods():
    found = [
        entry("create", "sessions", "a", 1.0, 1.1), entry("create", "secrets", "a-1", 1.2, 1.3), entry("create", "pods", "a", 1.2, 1.35),
        entry("create", "pods/binding", "b", 1.4, 1.5), entry("create", "sessions", "b", 2.0, 2.25), entry("create", "pods", "b", 2.5, 3.0),
    ]
    assert trail.waits(found) == pytest.approx({"a": 0.25, "b": 0.75})


def test_a_session_that_has_no_pod_is_not_left_out():
    with pytest.raises(ValueError, match=r"\['b'\]"):
        trail.waits([entry("create", "sessions", n, 1.0, 1.1) for n in "ab"] + [entry("create", "pods", "a", 1.0, 1.1)])
    with pytest.raises(ValueError, match="0 sessions"):
        trail.waits([])


def test_at_rest_the_lease_alone_is_written():
    found = [entry("update", "leases", "marea", 1, 1), entry("get", "pods", "a", 1, 1), entry("create", "events", "e", 1, 1), entry("patch", "sessions/status", "a", 1, 1)]
    assert trail.unasked(found) == ["create events", "patch sessions/status"]


def test_the_log_is_read_from_a_place_on_and_without_a_line_that_is_not_whole(tmp_path):
    log = tmp_path / "audit.log"
    first, second, third = (json.dumps(entry("create", "pods", name, 1, 1)) + "\n" for name in ("a", "b", "c"))
    log.write_text(first + second + third.strip())
    assert [e["objectRef"]["name"] for e in trail.entries(log)] == ["a", "b"]
    assert [e["objectRef"]["name"] for e in trail.entries(log, len(first), '"pods"')] == ["b"]
    assert list(trail.entries(log, 0, '"pods"', '"another"')) == []
