"""Stops that last and runs that start, whatever tool writes the Session: client-side apply, server-side apply, replace, and
a GitOps controller that applies the same manifest again and again."""

import json

import pytest
from installation.cluster import KubectlError, Unmet, wait
from team import holds, told

SIMULATED = {"className": "simulated"}
LONG = 3600
BRIEF = 10  # the shortest run there may be


class Manner:
    """One way of bringing a manifest to the cluster, first and again. `words` are kubectl's."""

    def __init__(self, name, *words, first=None):
        self.name, self.words, self.first = name, words, first or words

    def __repr__(self):
        return self.name

    def bring(self, team, manifest):
        there = team.get("session", manifest["metadata"]["name"])
        return team.kubectl(*(self.words if there else self.first), "-f", "-", stdin=json.dumps(manifest))


CLIENT = Manner("client-side-apply", "apply")
SERVER = Manner("server-side-apply", "apply", "--server-side", "--field-manager=gitops")
REPLACE = Manner("replace", "replace", first=["create"])
MANNERS = [CLIENT, SERVER, REPLACE]


@pytest.fixture(params=MANNERS, ids=repr)
def manner(request):
    return request.param


class Manifest:
    """A Session as it stands in somebody's repository."""

    def __init__(self, team, manner, **spec):
        self.team, self.manner, self.spec = team, manner, {**SIMULATED, **spec}

    def bring(self, **change):
        """Changes it (None takes a field out) and brings it to the cluster."""
        self.spec = {k: v for k, v in {**self.spec, **change}.items() if v is not None}
        return self.manner.bring(self.team, self.team.session("ada", **self.spec))

    def bring_until(self, what, true_of, seconds=90):
        """As GitOps does: the same manifest every second."""

        def attempt():
            self.bring()
            return check(self.team, true_of)

        return wait(f"session ada {what} while its manifest is applied", attempt, seconds, pause=1)

    def bring_often(self, still_true_of, times=5):
        """Each time what the operator made of the manifest must still be true; at the end it has seen it all."""
        for _ in range(times):
            self.bring()
            self.seen(still_true_of)

    def seen(self, true_of):
        """Waits until the operator has judged the object as it is now, and returns that status."""

        def attempt():
            session = self.team.get("session", "ada")
            status = session.get("status", {})
            generations = [c.get("observedGeneration") for c in status.get("conditions", [])]
            if not generations or min(generations) < session["metadata"]["generation"]:
                raise Unmet(f"generation {session['metadata']['generation']}, seen {generations}")
            return status

        status = wait("the operator has seen the object as it is", attempt, 30)
        assert true_of(status), told(status)
        return status


def check(team, true_of):
    status = team.status("ada")
    if not true_of(status):
        raise Unmet(told(status))
    return status


def ready(run=1, attempt=None):
    """Of that run, and of that attempt when it is given."""

    def true_of(status):
        return holds(status, "Ready") and status["run"] == run and attempt in (None, status["attempt"]) and "stop" not in status

    return true_of


def stopped(reason, run=1):
    def true_of(status):
        return status.get("summary") == "Stopped" and not status.get("podName") and status["stop"]["reason"] == reason and status["run"] == run

    return true_of


def ended(team, manifest):
    """A session whose time is over."""
    manifest.bring(durationSeconds=BRIEF)
    team.wait_for("ada", "has expired", stopped("Expired"))
    return manifest


def test_what_time_has_ended_stays_ended_however_often_it_is_applied(team, manner):
    manifest = Manifest(team, manner, durationSeconds=BRIEF)
    status = manifest.bring_until("expires", stopped("Expired"))
    manifest.bring_often(stopped("Expired"))
    manifest.bring(durationSeconds=LONG)  # more time does not start it either
    manifest.seen(stopped("Expired"))
    assert team.status("ada")["attempt"] == status["attempt"] == 1
    assert team.get("pod", "ada") is None

    manifest.bring(run=2)
    manifest.bring_until("runs for the second time", ready(run=2, attempt=2))
    manifest.bring_often(ready(run=2, attempt=2), 3)


def test_a_run_that_is_not_higher_is_ignored(team, manner):
    manifest = Manifest(team, manner, durationSeconds=LONG, run=5)
    manifest.bring()
    team.wait_for("ada", "is Ready", ready(run=5, attempt=1))
    pod = team.get("pod", "ada")["metadata"]["uid"]
    for run in (4, 1, None, 5):
        manifest.bring(run=run)
        manifest.seen(ready(run=5, attempt=1))
    assert team.get("pod", "ada")["metadata"]["uid"] == pod

    manifest.bring(run=6)  # higher while it runs: it starts anew
    team.wait_for("ada", "runs for the sixth time", ready(run=6, attempt=2))
    assert team.get("pod", "ada")["metadata"]["uid"] != pod


def test_stopped_and_running_again_by_manifest(team, manner):
    manifest = Manifest(team, manner, durationSeconds=LONG)
    manifest.bring()
    team.wait_for("ada", "is Ready", ready(attempt=1))
    manifest.bring(desiredState="Stopped")
    manifest.bring_until("is stopped", stopped("UserRequest"))
    manifest.bring_often(stopped("UserRequest"), 3)
    manifest.bring(desiredState="Running")
    manifest.bring_until("is Ready again", ready(attempt=2))  # the same run


def test_a_stop_makes_an_expired_session_startable(team, manner):
    manifest = ended(team, Manifest(team, manner, desiredState="Running"))
    manifest.bring(durationSeconds=LONG)
    manifest.seen(stopped("Expired"))
    manifest.bring(desiredState="Stopped")
    manifest.bring_until("is stopped by its user", stopped("UserRequest"))
    manifest.bring(desiredState="Running")
    manifest.bring_until("is Ready again", ready(attempt=2))


def test_a_new_run_waits_until_it_is_wanted(team, manner):
    manifest = ended(team, Manifest(team, manner))
    manifest.bring(run=2, desiredState="Stopped", durationSeconds=LONG)
    manifest.seen(lambda status: status["summary"] == "Stopped" and status["attempt"] == 1)
    assert team.get("pod", "ada") is None
    manifest.bring(desiredState="Running")
    team.wait_for("ada", "runs for the second time", ready(run=2, attempt=2))


def test_more_time_comes_by_manifest_while_it_runs(team, manner):
    manifest = Manifest(team, manner, durationSeconds=LONG)
    manifest.bring()
    before = team.wait_for("ada", "is Ready", ready(attempt=1))
    manifest.bring(durationSeconds=2 * LONG)
    later = team.wait_for("ada", "ends later", lambda s: s["expiresTime"] > before["expiresTime"], 20)
    manifest.bring_often(lambda s: s["expiresTime"] == later["expiresTime"] and ready(attempt=1)(s), 3)


def test_a_persons_stop_outlives_manifests_that_do_not_speak_of_it(team):
    """With replace the manifest is all there is: the state it leaves out is Running again, which starts the session."""
    for manner in (CLIENT, SERVER):
        manifest = Manifest(team, manner, durationSeconds=LONG)
        manifest.bring()
        attempt = team.wait_for("ada", "is Ready", ready())["attempt"]
        team.change("ada", desiredState="Stopped")
        manifest.bring_until("is stopped", stopped("UserRequest"))
        manifest.bring_often(stopped("UserRequest"), 3)
        REPLACE.bring(team, team.session("ada", **manifest.spec))
        team.wait_for("ada", "is Ready again", ready(attempt=attempt + 1))
        team.kubectl("delete", "session", "ada", "--timeout=60s", seconds=70)
        team.wait_gone("pod", "ada")


def test_who_applies_and_who_starts_do_not_take_fields_from_each_other(team):
    """A person raises `run` of an expired session; server-side apply of a manifest without it keeps that."""
    manifest = ended(team, Manifest(team, SERVER))
    manifest.bring(durationSeconds=LONG)
    team.change("ada", run=2)
    manifest.bring_until("runs for the second time", ready(run=2, attempt=2))
    with pytest.raises(KubectlError, match="conflict"):  # a manifest that does speak of it is told who else did
        manifest.bring(run=1)
    manifest.spec.pop("run")
    manifest.bring_often(ready(run=2, attempt=2), 3)
