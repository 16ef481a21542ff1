"""The operator killed at any write: the outcome is the same, nothing is made twice and nothing is left over."""

import re
import threading

import pytest
from audit import said
from installation.cluster import Unmet, wait
from team import Team, told

SPEC = {"className": "simulated", "user": "ada", "accelerator": {"alternatives": [{"className": "a30"}]}}
POINTS = 10


@pytest.fixture(scope="module", autouse=True)
def without_election(running_operator):
    """This is about what a new process finds, not about how long it waits for a lease that was not given back."""
    running_operator.stop()
    running_operator.leader_elect = False
    yield
    running_operator.stop()
    running_operator.leader_elect = True


def live(team):
    """A life that touches every kind of write: made, stopped, and started again. Returns how it ended."""
    team.ask("ada", **SPEC)
    home = team.wait_ready("ada")["homeClaimName"]
    uid = team.get("persistentvolumeclaim", home)["metadata"]["uid"]
    team.change("ada", desiredState="Stopped")
    team.wait_stopped("ada")
    team.change("ada", desiredState="Running")
    team.wait_ready("ada")
    assert team.get("persistentvolumeclaim", home)["metadata"]["uid"] == uid, "the home was made anew"
    return settled(team)


def settled(team):
    """The namespace once nothing in it moves any more: no leftovers of the first attempt."""
    last = {}

    def still():
        nonlocal last
        before, last = last, outcome(team)
        if before != last:
            raise Unmet("it still changes")
        status = team.status("ada")
        if last["secrets"] != [status.get("tokenSecretName")]:
            raise Unmet(f"Secrets {last['secrets']}, named in the status: {status.get('tokenSecretName')}")
        return True

    wait("the namespace comes to rest", still, 60, pause=0.5)
    return last


def outcome(team):
    status = masked({k: v for k, v in team.status("ada").items() if k not in ("url", "nodeName")})
    status["admission"].pop("nodeName")
    kinds = ("pods", "services", "persistentvolumeclaims", "secrets")
    return {"status": status, **{kind: team.names(kind) for kind in kinds}}


def masked(value):
    """Without what differs from run to run by nature: instants, and addresses in messages."""
    if isinstance(value, str):
        return re.sub(r"http://\S+", "(url)", value)
    if isinstance(value, dict):
        return {k: "(time)" if re.search(r"[tT]ime$", k) else masked(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        return [masked(v) for v in value]
    return value


@pytest.fixture(scope="module")
def undisturbed(cluster, running_operator, audit):
    """The outcome without a crash, and how many writes led to it."""
    running_operator.start()
    team = Team(cluster, "undisturbed")
    mark = audit.end()
    result = live(team)
    writes = len(audit.writes(mark, team.name))
    team.dissolve()
    assert writes >= POINTS, f"only {writes} writes: too few to be killed at {POINTS} of them"
    return result, writes


@pytest.mark.parametrize("point", range(POINTS))
def test_killed_after_the_nth_write_the_outcome_is_the_same(team, operator, audit, undisturbed, point):
    expected, writes = undisturbed
    number = 1 + point * (writes - 1) // (POINTS - 1)
    mark, done, killed = audit.end(), threading.Event(), []

    def assassin():
        if audit.wait_for_write(number, mark, team.name, done.is_set):
            operator.kill()
            killed.append(number)
            operator.start()

    thread = threading.Thread(target=assassin)
    thread.start()
    try:
        result = live(team)
    finally:
        done.set()
        thread.join()
    requests = [said(r) for r in audit.writes(mark, team.name)]
    assert killed or number >= writes - 1, f"never came to write {number}: {requests}"
    assert result == expected, f"killed after write {number}: {requests}"
    pods = [r for r in audit.writes(mark, team.name) if made(r, "pods")]
    assert len(pods) == 2, f"{len(pods)} pods were made for 2 attempts: {requests}"
    claims = [r for r in audit.writes(mark, team.name) if r["objectRef"]["resource"] == "persistentvolumeclaims"]
    assert not [r for r in claims if r["verb"] == "delete"], f"a home was deleted: {requests}"
    assert team.status("ada")["attempt"] == 2, told(team.status("ada"))


def made(request, resource):
    return request["verb"] == "create" and request["objectRef"]["resource"] == resource and request["responseStatus"]["code"] == 201
