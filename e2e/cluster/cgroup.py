"""Control groups of the real nodes: one tree per node, in every hierarchy there is."""

import os
import pathlib
import signal
import time

from layout import ClusterError

ROOT = pathlib.Path("/sys/fs/cgroup")


def unified():
    return (ROOT / "cgroup.controllers").exists()


def hierarchies():
    """One on a unified machine; else one a controller, and one that runc uses beside them."""
    return [ROOT] if unified() else [p for p in sorted(ROOT.iterdir()) if p.is_dir() and not p.is_symlink()]


def trees(name):
    return [h / name for h in hierarchies() if (h / name).is_dir()]


def ensure(name):
    """Makes the root of a node. A kubelet does not make its own; a cpuset without CPUs takes no process."""
    for hierarchy in hierarchies():
        tree = hierarchy / name
        tree.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if not unified() and (tree / setting).exists():
                (tree / setting).write_text((hierarchy / setting).read_text())
    if unified():
        for folder in (ROOT, ROOT / name):
            available = (folder / "cgroup.controllers").read_text().split()
            (folder / "cgroup.subtree_control").write_text(" ".join(f"+{c}" for c in available))


def members(name):
    found = set()
    for tree in trees(name):
        for file in tree.rglob("cgroup.procs"):
            try:
                found.update(int(pid) for pid in file.read_text().split())
            except OSError:  # the group went away meanwhile
                pass
    return found - {0}


def remove(name):
    """Ends every process in the trees, then removes them."""
    deadline = time.monotonic() + 15
    while pids := members(name):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if time.monotonic() > deadline:
            raise ClusterError(f"processes {sorted(pids)} in cgroup {name} do not end")
        time.sleep(0.02)
    for tree in trees(name):
        for folder in [*sorted((p for p in tree.rglob("*") if p.is_dir()), reverse=True), tree]:
            while folder.exists():
                try:
                    folder.rmdir()
                except OSError:  # a dead process is leaving it
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
