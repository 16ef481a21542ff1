"""Starts and ends the processes of a cluster, and nothing else's.

A process is known by its pid together with its start time, so a pid that the
kernel gave to somebody else is never mistaken for ours. It writes that record
itself before it becomes the component, so there is no moment in which a crash
of this tool could leave a running component without a record.
"""

import os
import pathlib
import signal
import subprocess
import time

from layout import ClusterError

# In the environment of every process we start, and so of the shims containerd
# starts from there: whose it is, even when it left its session and its parent.
MARK = "MAREA_CLUSTER_PROCESS"

# The shell's own line from /proc holds pid and start time; exec keeps both.
RECORD_THEN_EXEC = 'read -r line < /proc/$$/stat && printf "%s\\n" "$line" > "$0" && exec "$@"'


def identity(stat_line):
    """(pid, start time in ticks since boot) from a line of /proc/PID/stat."""
    pid = int(stat_line.split(" ", 1)[0])
    return pid, int(stat_line.rpartition(")")[2].split()[19])


def is_running(record):
    """The pid of a recorded process, or None when it ended."""
    try:
        pid, started = identity(record.read_text())
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
        return None
    state = stat.rpartition(")")[2].split()[0]
    return pid if identity(stat)[1] == started and state not in "ZX" else None


class Processes:
    """The components of one cluster that are processes of this machine."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.records = cluster.path("run")
        self.logs = cluster.path("logs")
        self.mark = f"{MARK}={cluster.directory}"

    def pid(self, component):
        return is_running(self.records / component)

    def recorded(self):
        return sorted(p.name for p in self.records.iterdir()) if self.records.is_dir() else []

    def log(self, component):
        return self.logs / f"{component}.log"

    def start(self, component, command, **environment):
        """Starts a component in a session of its own unless it runs; True if it did not run before."""
        if self.pid(component):
            return False
        self.records.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        marker, _, value = self.mark.partition("=")
        with open(self.log(component), "ab") as log:
            subprocess.Popen(
                ["/bin/sh", "-c", RECORD_THEN_EXEC, str(self.records / component), *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                env={**os.environ, **environment, marker: value},
            )
        return True

    def wait(self, component, is_ready, seconds):
        """Waits until is_ready(); says why when the component ends or stays unready."""
        deadline = time.monotonic() + seconds
        grace = time.monotonic() + 1  # the record is written a moment after the start
        while not is_ready():
            if time.monotonic() > grace and not self.pid(component):
                raise ClusterError(self.failure(component, "ended"))
            if time.monotonic() > deadline:
                raise ClusterError(self.failure(component, f"was not ready after {seconds} s"))
            time.sleep(0.05)

    def failure(self, component, what):
        try:
            tail = self.log(component).read_text(errors="replace").splitlines()[-12:]
        except FileNotFoundError:
            tail = []
        return "\n".join([f"{component} {what}; its log is {self.log(component)}, the last lines:", *tail])

    def stop(self, components, seconds=10):
        """Asks the components to end, insists after a while, and waits until they are gone."""
        end({pid for c in components if (pid := self.pid(c))}, self.is_ours, seconds)
        for component in components:
            (self.records / component).unlink(missing_ok=True)

    def sweep(self):
        """Ends whatever else carries this cluster's mark, recorded or not."""
        end(self.marked(), self.is_ours, seconds=0)

    def marked(self):
        return {int(p.name) for p in pathlib.Path("/proc").iterdir() if p.name.isdigit() and self.is_ours(int(p.name))}

    def is_ours(self, pid):
        try:
            environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:  # gone, or not of this user
            return False
        return self.mark.encode() in environment.split(b"\0")


def end(pids, is_ours, seconds):
    """SIGTERM, then SIGKILL after so many seconds. is_ours is asked before each signal."""
    for number in (signal.SIGTERM, signal.SIGKILL) if seconds else (signal.SIGKILL,):
        for pid in pids:
            if is_ours(pid):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        deadline = time.monotonic() + (seconds if number == signal.SIGTERM else 10)
        while pids and time.monotonic() < deadline:
            pids = {p for p in pids if is_alive(p) and is_ours(p)}
            time.sleep(0.02)
    if pids:
        raise ClusterError(f"processes {sorted(pids)} do not end")


def is_alive(pid):
    try:
        os.waitpid(pid, os.WNOHANG)  # reaps it when this very process started it
    except ChildProcessError:
        pass
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
