"""`make run` and `make stop`: killed in the middle, started again, twice in a row, and ended without a trace."""

import os
import pathlib
import signal
import subprocess
import time
import urllib.request

import layout
import pytest
from installation import ROOT
from installation.cluster import Cluster, wait

NAME = "e2e-run"
MINUTE = 60


class Platform:
    """The program behind the two commands, for a platform of its own."""

    def __init__(self):
        self.cluster = Cluster(NAME)

    def start(self, command):
        environment = {**os.environ, "MAREA_NAME": NAME, "MAREA_NODES": "real,kwok"}
        return subprocess.Popen(
            [ROOT / "e2e/platform/platform", command], cwd=ROOT, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def do(self, command, seconds):
        """Runs it to its end; its stdout, and how long it took."""
        began = time.monotonic()
        process = self.start(command)
        out, err = process.communicate(timeout=seconds)
        assert process.returncode == 0, f"platform {command} ended with {process.returncode}:\n{err}"
        return out, time.monotonic() - began

    def processes(self):
        """Of this platform: its own steps, and all of its cluster."""
        mark = str(layout.directory_of(NAME)).encode()
        found = []
        for folder in pathlib.Path("/proc").iterdir():
            try:
                marks = (folder / "environ").read_bytes().split(b"\0") if folder.name.isdigit() else []
            except OSError:
                continue
            if any(m.endswith(b"=" + mark) for m in marks):
                found.append((folder / "comm").read_text().strip())
        return found


@pytest.fixture
def platform(cluster):  # whose programs and images are built by then
    platform = Platform()
    platform.do("down", MINUTE)
    yield platform
    platform.do("down", MINUTE)


def test_run_killed_in_the_middle_goes_on_and_stop_ends_it_all(platform):
    # Killed while the cluster comes up; what it had started goes on without it.
    process = platform.start("up")
    wait("the cluster is on its way", lambda: platform.cluster.state, MINUTE)
    process.send_signal(signal.SIGKILL)
    process.communicate()

    out, _ = platform.do("up", 5 * MINUTE)
    address = [line for line in out.splitlines() if line.startswith("http")][-1]
    with urllib.request.urlopen(address + "api", timeout=10) as answer:
        assert answer.status == 200
    operator = platform.cluster.processes.pid("operator")

    again, seconds = platform.do("up", MINUTE)
    assert seconds < MINUTE and again == out
    assert platform.cluster.processes.pid("operator") == operator, "the second run restarted the operator"

    platform.do("down", MINUTE)
    assert platform.processes() == []
    assert platform.cluster.state is None
