"""Two replicas of the operator: one decides, the other takes over when it dies, goes or stands still, and never both."""

import os
import signal
import time

import pytest
from audit import said
from installation.cluster import wait
from installation.operator import NAMESPACE, Operator
from team import Team

LEASE_SECONDS = 15
SPEC = {"className": "simulated", "user": "ada", "accelerator": {"alternatives": [{"className": "a30"}]}}
LOOK = 0.02  # seconds between two looks; what they find late is not the operator's


@pytest.fixture
def replicas(cluster, running_operator):
    """The one that leads and the one that stands by, ready to."""
    running_operator.stop()
    pair = [Operator(cluster, name=f"operator-{n}") for n in "ab"]
    leader, standby = pair
    leader.start()
    wait("the first replica leads", leader.leads, 2 * LEASE_SECONDS)
    standby.start()
    assert standby.is_ready() and not standby.leads()
    yield leader, standby
    for replica in pair:
        if replica.pid:
            os.kill(replica.pid, signal.SIGCONT)
        replica.stop()


@pytest.fixture
def crew(cluster, replicas, request):
    """A namespace, as `team`, but without the one operator of the other suites."""
    team = Team(cluster, "failover-" + request.node.name.removeprefix("test_")[:30].strip("_").replace("_", "-"))
    yield team
    team.dissolve()


@pytest.fixture
def tell(record_property):
    def told(name, seconds):
        record_property(name, f"{seconds:.2f}")
        print(f"{name}: {seconds:.2f} s")

    return told


def seconds_until_it_leads(replica, since, limit):
    wait(f"{replica.name} leads", replica.leads, limit + 5, pause=LOOK)
    return time.monotonic() - since


def admitted(status):
    return "admission" in status


def exit_code(pid, seconds=5):
    """Of a process this test started, as soon as it ends. Nothing else may be started meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(LOOK)
    raise AssertionError(f"process {pid} did not end within {seconds} s")


def holder(cluster):
    return cluster.get("lease", "marea-session", NAMESPACE)["spec"]


def test_after_a_death_the_other_decides_when_the_lease_is_over(crew, replicas, tell):
    leader, standby = replicas
    crew.ask("before", **SPEC)
    crew.wait_for("before", "is admitted", admitted)

    leader.kill()
    dead = time.monotonic()
    crew.ask("after", **SPEC)
    took = seconds_until_it_leads(standby, dead, LEASE_SECONDS + 2)
    tell("seconds_from_death_to_the_next_leader", took)
    assert LEASE_SECONDS - 2 - 0.5 < took <= LEASE_SECONDS + 2 + LOOK
    crew.wait_for("after", "is admitted", admitted, 5)
    tell("seconds_from_death_to_the_admission", time.monotonic() - dead)
    crew.wait_ready("after")
    crew.wait_ready("before")


def test_told_to_end_it_gives_the_lease_away(crew, replicas, cluster, tell):
    leader, standby = replicas
    before = holder(cluster)
    told_to = time.monotonic()
    pid = leader.pid
    os.kill(pid, signal.SIGTERM)
    assert exit_code(pid) == 0
    tell("seconds_from_sigterm_to_the_end", time.monotonic() - told_to)
    took = seconds_until_it_leads(standby, told_to, 2)
    tell("seconds_from_sigterm_to_the_next_leader", took)
    assert took <= 2 + LOOK
    crew.ask("after", **SPEC)
    crew.wait_for("after", "is admitted", admitted, 5)
    after = holder(cluster)
    assert after["holderIdentity"] != before["holderIdentity"]
    assert after["leaseTransitions"] == before["leaseTransitions"] + 1


def test_one_that_stood_still_past_its_lease_writes_nothing_any_more_and_ends(crew, replicas, audit, tell):
    leader, standby = replicas
    crew.ask("before", **SPEC)
    crew.wait_for("before", "is admitted", admitted)
    crew.wait_ready("before")

    os.kill(leader.pid, signal.SIGSTOP)
    still = time.monotonic()
    took = seconds_until_it_leads(standby, still, LEASE_SECONDS + 2)
    tell("seconds_from_sigstop_to_the_next_leader", took)
    assert took <= LEASE_SECONDS + 2 + LOOK

    # Nobody acts while there is something to do: whatever is written now, the former leader wrote.
    os.kill(standby.pid, signal.SIGSTOP)
    try:
        mark = audit.end()
        crew.ask("after", **SPEC)
        crew.change("before", desiredState="Stopped")
        pid = leader.pid
        os.kill(pid, signal.SIGCONT)
        assert exit_code(pid) == 1
        written = [said(r) for r in audit.writes(mark)]
        assert not written, f"a leader of the past wrote: {written}"
        assert "this process leads no longer" in leader.log.read_text()
    finally:
        os.kill(standby.pid, signal.SIGCONT)
    assert time.monotonic() - still < 10 + took, "the second leader was kept from renewing for too long"
    crew.wait_for("after", "is admitted", admitted, 10)
    crew.wait_stopped("before")
    assert standby.leads()
