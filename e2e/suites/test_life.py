"""The life of a session: it waits, runs, is stopped, started again, comes to its time; the operator comes and goes."""

import datetime
import time

from audit import said
from installation.cluster import Unmet, wait
from team import condition, holds, told

SIMULATED = {"className": "simulated"}


def on(accelerator, count=1):
    return {**SIMULATED, "accelerator": {"alternatives": [{"className": accelerator, "count": count}]}}


def test_a_session_waits_with_a_reason_until_a_device_is_free(team):
    team.ask("first", "second", **on("mig-7g-40gb"))  # the cluster has two of these
    team.wait_ready("first")
    team.wait_ready("second")
    team.ask("third", **on("mig-7g-40gb"))
    waiting = team.wait_for("third", "is queued with a reason", lambda s: s.get("queue", {}).get("reason"))
    assert waiting["queue"]["reason"] == "NoFreeDevice" and waiting["queue"]["message"], told(waiting)
    assert waiting["summary"] == "Queued" and condition(waiting, "Admitted")["status"] == "False", told(waiting)
    assert team.get("pod", "third") is None

    team.change("first", desiredState="Stopped")
    ready = team.wait_ready("third")
    assert ready["admission"]["acceleratorClass"] == "mig-7g-40gb"
    assert "reason" not in ready.get("queue", {}), told(ready)


def test_a_lesser_alternative_is_taken_when_the_first_is_not_free(team):
    team.ask("first", "second", **on("mig-7g-40gb"))
    team.wait_ready("first")
    team.wait_ready("second")
    either = {"alternatives": [{"className": "mig-7g-40gb"}, {"className": "a30", "count": 2}]}
    team.ask("third", **SIMULATED, accelerator=either)
    admission = team.wait_ready("third")["admission"]
    assert (admission["acceleratorClass"], admission["count"]) == ("a30", 2)
    container = team.get("pod", "third")["spec"]["containers"][0]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "2"


def test_what_no_node_could_ever_give_is_said(team):
    team.ask("ada", **SIMULATED, accelerator={"alternatives": [{"className": "no-such-device"}]})
    status = team.wait_for("ada", "says that it is not accepted", lambda s: condition(s, "Accepted").get("status") == "False")
    assert "no-such-device" in condition(status, "Accepted")["message"], told(status)
    assert team.get("pod", "ada") is None


def test_stop_and_start_keep_the_home_and_change_the_token(team):
    team.ask("ada", **on("t4"))
    before = team.wait_ready("ada")
    token, home = team.token("ada"), team.get("persistentvolumeclaim", before["homeClaimName"])

    team.change("ada", desiredState="Stopped")
    assert team.wait_stopped("ada")["stop"]["reason"] == "UserRequest"
    team.wait_gone("pod", "ada")

    team.change("ada", desiredState="Running")
    after = team.wait_ready("ada")
    assert after["attempt"] == before["attempt"] + 1 and after["run"] == before["run"]
    assert "stop" not in after, told(after)
    assert team.token("ada") != token
    wait("the old token's Secret is gone", lambda: team.names("secret") == [after["tokenSecretName"]], 30)
    assert team.get("persistentvolumeclaim", after["homeClaimName"])["metadata"]["uid"] == home["metadata"]["uid"]


def test_time_ends_a_session_for_good_until_a_new_run(team):
    spec = {**on("t4"), "durationSeconds": 10}
    team.ask("ada", **spec)
    stopped = team.wait_stopped("ada", 90)
    assert stopped["stop"]["reason"] == "Expired", told(stopped)
    asked = instant(stopped["expiresTime"]) - instant(stopped["startTime"])
    assert asked.total_seconds() == 10
    assert instant(stopped["stop"]["time"]) >= instant(stopped["expiresTime"])

    # The same manifest once more, as GitOps would: nothing starts. A change that comes through shows it was seen.
    team.ask("ada", **spec)
    team.change("ada", durationSeconds=900, desiredState="Running")
    seen = team.get("session", "ada")["metadata"]["generation"]
    status = team.wait_for("ada", "has seen the change", lambda s: condition(s, "Ready").get("observedGeneration") == seen)
    assert status["summary"] == "Stopped" and team.get("pod", "ada") is None, told(status)

    team.change("ada", run=2)
    again = team.wait_ready("ada")
    assert again["run"] == 2 and "stop" not in again, told(again)


def test_a_longer_duration_moves_the_end_and_a_shorter_one_leaves_ten_minutes(team):
    team.ask("ada", **on("t4"), durationSeconds=3600)
    before = team.wait_ready("ada")
    team.change("ada", durationSeconds=7200)
    later = instant(before["startTime"]) + datetime.timedelta(seconds=7200)
    team.wait_for("ada", f"ends at {later}", lambda s: instant(s["expiresTime"]) == later, 20)

    edited = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    team.change("ada", durationSeconds=10)
    status = team.wait_for("ada", "ends sooner", lambda s: instant(s["expiresTime"]) < later, 20)
    assert instant(status["expiresTime"]) >= edited + datetime.timedelta(minutes=10), told(status)
    assert holds(status, "Ready"), told(status)


def test_a_restart_changes_nothing_and_at_rest_nothing_is_written(team, operator, audit):
    """Sessions in all the states they can rest in; then a new operator, and a minute without one write."""
    team.ask("ready", "also-ready", **on("mig-7g-40gb"))
    team.wait_ready("ready")
    team.wait_ready("also-ready")
    team.ask("queued", **on("mig-7g-40gb"))
    team.wait_for("queued", "is queued", lambda s: s.get("queue", {}).get("reason"))
    team.ask("refused", **SIMULATED, accelerator={"alternatives": [{"className": "no-such-device"}]})
    team.wait_for("refused", "is not accepted", lambda s: condition(s, "Accepted").get("status") == "False")
    team.ask("stopped", **SIMULATED, desiredState="Stopped")
    team.wait_for("stopped", "is stopped", lambda s: s.get("summary") == "Stopped")
    wait_for_rest(audit, 3)

    before = {kind: versions(team, kind) for kind in ("sessions", "pods", "secrets", "services", "persistentvolumeclaims")}
    mark = audit.end()
    operator.stop()
    operator.start()
    end = time.monotonic() + 60

    def a_minute_without_a_write():
        writes = [said(w) for w in audit.writes(mark)]
        assert not writes, f"written at rest: {writes}"
        return time.monotonic() > end

    wait("a minute has passed", a_minute_without_a_write, 70, pause=1)
    assert {kind: versions(team, kind) for kind in before} == before
    assert operator.pid, "the operator ended"


def wait_for_rest(audit, seconds):
    """Waits until the operator has written nothing for so many seconds."""
    last, since = audit.end(), time.monotonic()

    def at_rest():
        nonlocal last, since
        if written := audit.writes(last):
            last, since = audit.end(), time.monotonic()
            raise Unmet(f"it still writes: {said(written[-1])}")
        return time.monotonic() - since > seconds

    wait("the operator comes to rest", at_rest, 60)


def versions(team, kind):
    return {o["metadata"]["name"]: o["metadata"]["resourceVersion"] for o in team.get(kind)}


def instant(text):
    return datetime.datetime.fromisoformat(text)
