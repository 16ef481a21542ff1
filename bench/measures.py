"""The measurements, one function each; what they give are plain numbers."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import script
import trail
from ground import OPERATOR, processor_seconds, say, session_name
from installation.cluster import wait
from pki import Pki
from recorder import Recorder

IDLE_SECONDS = 5  # without a write of the operator: it is at rest
STAND_SECONDS = 600


@dataclass
class Heard:
    """What the operator asked, at its start and for one session."""

    stages: list
    lists: list
    sample: script.Session

    @property
    def writes(self):
        return sum(map(len, self.stages))


def listen(ground):
    """Lets the operator start a session through a recorder."""
    team = ground.team()
    team.ask([99999])
    sample, state = team.sessions()[0], ground.cluster.state
    pki = Pki(state)
    certificate, key = pki.certificate("kube-apiserver"), pki.key("kube-apiserver")
    with Recorder(state.api_address, state.port("kube-apiserver"), pki.ca, certificate, key) as recorder:
        ground.operator.server = f"https://127.0.0.1:{recorder.port}"
        ground.operator.start()
        team.wait_ready(1, 60, 0.5)
        ground.operator.stop()
    ground.operator.server = None
    writes = script.writes_until_pod(recorder.requests, sample)
    team.dissolve()
    return Heard(script.stages(writes), script.first_pages(recorder.requests), sample)


@dataclass
class Bursts:
    """Of one client, round by round."""

    rates: list = field(default_factory=list)  # sessions a second
    writes: list = field(default_factory=list)  # a second, of all kinds
    processor: list = field(default_factory=list)  # milliseconds a session until all is quiet, by process


def bursts(ground, heard, rounds, sessions):
    """The operator and the raw client in turn, each with new Sessions that wait already."""
    found = {"operator": Bursts(), "raw": Bursts()}
    for number in range(rounds):
        for name, work in (("operator", operator_burst), ("raw", raw_burst)):
            team = ground.team()
            team.ask(range(sessions))
            settle(ground)
            since, before = ground.end_of_log(), ground.processor_seconds()
            work(ground, heard, team)
            team.wait_pods(sessions, 600)
            team.wait_running(sessions, 120)
            settle(ground)
            after = ground.processor_seconds()
            ground.operator.stop()
            seconds, pods, calls = trail.burst(of_team(ground, since, team))
            if pods != sessions:
                raise ValueError(f"{name}: {pods} pods for {sessions} sessions")
            found[name].rates.append(pods / seconds)
            found[name].writes.append(calls / seconds)
            found[name].processor.append({n: (after[n] - before.get(n, 0)) * 1000 / pods for n in after})
            say(f"round {number + 1}, {name}: {pods / seconds:.1f} sessions/s, {calls} writes in {seconds:.2f} s; {told(found[name].processor[-1])}")
            team.dissolve()
    return found["operator"], found["raw"]


def operator_burst(ground, heard, team):
    ground.operator.start()


def raw_burst(ground, heard, team):
    ground.raw("replay", [line for session in team.sessions() for line in script.chain(heard.stages, heard.sample, session)])


def told(milliseconds):
    return "ms of processor a session: " + ", ".join(f"{name} {spent:.1f}" for name, spent in sorted(milliseconds.items(), key=lambda i: -i[1]) if spent >= 0.1)


def of_team(ground, since, team):
    """The operator's requests, or the raw client's, who has its account, in one namespace."""
    return trail.by(OPERATOR, trail.entries(ground.cluster.audit_log, since, OPERATOR, f'"namespace":"{team.name}"'))


def settle(ground, seconds=STAND_SECONDS):
    """Waits until neither the operator nor the controllers of Kubernetes write any more, but for heartbeats."""
    deadline = time.monotonic() + seconds
    while True:
        since = ground.end_of_log()
        time.sleep(IDLE_SECONDS)
        busy = [e for e in trail.entries(ground.cluster.audit_log, since) if trail.is_write(e) and not is_heartbeat(e)]
        if not busy:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds} s there still are writes, such as {busy[0]['verb']} {busy[0]['requestURI']} by {busy[0]['user']['username']}")


def is_heartbeat(entry):
    return trail.resource(entry) in (
        "leases", "nodes", "nodes/status", "serviceaccounts/token", "sessionclasses/status", "acceleratorclasses/status", "projects/status"
    )


def fill(ground, team, sessions):
    """Many sessions, made Ready by the operator; how many pods a second it created."""
    team.ask(range(sessions))
    since = ground.end_of_log()
    ground.operator.start()
    limit, told_at = 300 + sessions * 0.3, [time.monotonic()]

    def all_pods():
        pods = team.count("pods")
        if time.monotonic() - told_at[-1] > 30:
            told_at.append(time.monotonic())
            say(f"{pods} of {sessions} pods")
        return pods >= sessions

    wait(f"{sessions} pods are created", all_pods, limit, 1)
    team.wait_ready(sessions, limit, 5)
    seconds, pods, _ = trail.burst(of_team(ground, since, team))
    return pods / seconds


def arrivals(ground, team, numbers, a_second):
    """Sessions that come one at a time; how long each waited until its pod was created."""
    numbers = list(numbers)
    team.build_homes(numbers)
    settle(ground)
    since, begin = ground.end_of_log(), time.monotonic()
    for place, number in enumerate(numbers):
        time.sleep(max(0, begin + place / a_second - time.monotonic()))
        team.ask_one(number)
    names = {session_name(n) for n in numbers}
    wait("the last of them has its pod", lambda: ground.admin.get(f"/api/v1/namespaces/{team.name}/pods/{session_name(numbers[-1])}"), 60)
    time.sleep(2)  # the others, if the last was quicker
    found = trail.entries(ground.cluster.audit_log, since, '"verb":"create"', f'"namespace":"{team.name}"')
    return list(trail.waits(e for e in found if e["objectRef"].get("name") in names).values())


@dataclass(frozen=True)
class Memory:
    """Of a process, in bytes. Pss counts what is shared with other processes in parts."""

    pss: int
    private: int
    resident: int

    @staticmethod
    def of(pid):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        return Memory(kib["Pss"] * 1024, (kib["Private_Clean"] + kib["Private_Dirty"]) * 1024, kib["Rss"] * 1024)


def rest(ground, seconds):
    """The share of a core the operator takes while nothing happens, and what it writes beside its Lease."""
    since, before, begin = ground.end_of_log(), processor_seconds(ground.operator.pid), time.monotonic()
    time.sleep(seconds)
    share = (processor_seconds(ground.operator.pid) - before) / (time.monotonic() - begin)
    return share, trail.unasked(trail.by(OPERATOR, trail.entries(ground.cluster.audit_log, since, OPERATOR)))


@dataclass
class Starts:
    """Seconds from the start of the process, round by round."""

    operator: list = field(default_factory=list)
    raw: list = field(default_factory=list)
    memory: list = field(default_factory=list)


def cold_starts(ground, heard, rounds, sessions):
    found = Starts()
    for number in range(rounds):
        ground.operator.stop()
        begin = time.monotonic()
        found.raw.append(ground.raw("lists", heard.lists) - begin)
        found.operator.append(start_and_catch_up(ground.operator, sessions))
        settle(ground)
        found.memory.append(Memory.of(ground.operator.pid))
        say(f"round {number + 1}: caught up after {found.operator[-1]:.2f} s, the lists alone take {found.raw[-1]:.2f} s, {found.memory[-1]}")
    return found


def start_and_catch_up(operator, sessions):
    """Seconds until it has decided on every session and decides no more for a second, by its own metrics."""
    operator.prepare()
    begin = time.monotonic()
    operator.launch()
    decided, since = 0, begin

    def caught_up():
        nonlocal decided, since
        now = time.monotonic()
        before, decided = decided, decisions(operator)
        if decided != before:
            since = now
        return decided >= sessions and now - since > 1

    wait("the operator has caught up", caught_up, 300, 0.02)
    return since - begin


def decisions(operator):
    """How often it has decided on a session; 0 before it answers."""
    try:
        metrics = samples(operator.ask("/metrics")[1])
    except (OSError, ValueError):
        return 0
    return sum(value for name, value in metrics.items() if name.startswith('controller_runtime_reconcile_total{controller="session"'))


def samples(metrics):
    """Name with labels -> value, from the Prometheus text format."""
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in metrics.splitlines() if line and not line.startswith("#"))}
