"""Where one cluster keeps its things: directory, slot, ports and addresses."""

import contextlib
import dataclasses
import fcntl
import ipaddress
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

CACHE = pathlib.Path(os.environ.get("MAREA_CACHE") or pathlib.Path.home() / ".cache/marea")
PROGRAMS = CACHE / "tools/bin"
STATE = pathlib.Path(os.environ.get("MAREA_STATE") or CACHE)

# Ports and addresses belong to the machine, not to a state directory, so the
# slots they are derived from are claimed in one place for all clusters of a user.
SLOTS = pathlib.Path(tempfile.gettempdir()) / f"marea-slots-{os.getuid()}"
SLOT_COUNT = 16
FIRST_PORT = 20000  # below the range the kernel hands out to clients
PORTS_PER_SLOT = 40
PORT_OFFSETS = {
    "etcd": 0,
    "etcd-peer": 1,
    "kube-apiserver": 2,
    "kube-controller-manager": 3,
    "kube-scheduler": 4,
    "kwok": 5,
}


class ClusterError(Exception):
    """Says what went wrong to the person who must act."""


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A claimed cluster. Everything in it follows from name, directory and slot."""

    name: str
    directory: pathlib.Path
    slot: int
    kinds: tuple[str, ...]  # of nodes: "real", "kwok"

    @property
    def real(self):
        return "real" in self.kinds

    def path(self, *parts):
        return self.directory.joinpath(*parts)

    def port(self, component):
        return FIRST_PORT + PORTS_PER_SLOT * self.slot + PORT_OFFSETS[component]

    # One /16 for Services (a /24 is full after 254), one /16 for kwok's pods, and a
    # third for what really exists: .0 the link to the host, .1 and .2 a real node each.
    @property
    def services(self):
        return ipaddress.ip_network(f"10.{100 + self.slot}.0.0/16")

    @property
    def kwok_pods(self):
        return ipaddress.ip_network(f"10.{120 + self.slot}.0.0/16")

    @property
    def network(self):
        return ipaddress.ip_network(f"10.{140 + self.slot}.0.0/16")

    @property
    def host_address(self):
        return f"10.{140 + self.slot}.0.1"

    @property
    def router_address(self):
        return f"10.{140 + self.slot}.0.2"

    @property
    def api_address(self):
        """Loopback, unless pods have to reach it."""
        return self.host_address if self.real else "127.0.0.1"

    @property
    def api_url(self):
        return f"https://{self.api_address}:{self.port('kube-apiserver')}"

    @property
    def admin_kubeconfig(self):
        return self.path("admin.kubeconfig")


def directory_of(name):
    return STATE / "clusters" / name


def load(name):
    """The cluster of that name, or None when nothing of it is up."""
    return load_from(directory_of(name))


def load_from(directory):
    try:
        saved = json.loads((directory / "cluster.json").read_text())
    except FileNotFoundError:
        return None
    return Cluster(directory.name, directory, saved["slot"], tuple(saved["nodes"]))


def claimed():
    """Every cluster of this user that is up, wherever its state is."""
    holders = (SLOTS / str(slot) for slot in range(SLOT_COUNT))
    found = (load_from(h.readlink()) for h in holders if h.is_symlink())
    return [cluster for cluster in found if cluster]


def claim(name, kinds):
    """Gives the cluster the lowest slot whose ports and addresses nobody uses."""
    directory = directory_of(name)
    directory.mkdir(parents=True, exist_ok=True)
    SLOTS.mkdir(mode=0o700, exist_ok=True)
    with locked(SLOTS / "lock"):
        for slot in range(SLOT_COUNT):
            holder = SLOTS / str(slot)
            if holder.is_symlink() and holder.readlink() != directory:
                other = load_from(holder.readlink())
                if other and other.slot == slot:
                    continue
            cluster = Cluster(name, directory, slot, kinds)
            if not is_free(cluster):
                continue
            holder.unlink(missing_ok=True)
            holder.symlink_to(directory)
            write(directory / "cluster.json", json.dumps({"slot": slot, "nodes": list(kinds)}) + "\n")
            return cluster
    raise ClusterError(f"all {SLOT_COUNT} slots for clusters are taken; see {SLOTS} for who has them")


def hold(cluster):
    """Renews the claim of a cluster that was up before, as after a restart of the machine."""
    SLOTS.mkdir(mode=0o700, exist_ok=True)
    with locked(SLOTS / "lock"):
        holder = SLOTS / str(cluster.slot)
        if holder.is_symlink() and holder.readlink() != cluster.directory and load_from(holder.readlink()):
            raise ClusterError(f"{holder.readlink()} has the ports of cluster {cluster.name} by now; take this one down")
        holder.unlink(missing_ok=True)
        holder.symlink_to(cluster.directory)


def release(cluster):
    cluster.path("cluster.json").unlink(missing_ok=True)
    with locked(SLOTS / "lock"):
        holder = SLOTS / str(cluster.slot)
        if holder.is_symlink() and holder.readlink() == cluster.directory:
            holder.unlink()


def is_free(cluster):
    for component in PORT_OFFSETS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", cluster.port(component)))
            except OSError:
                return False
    mine = (cluster.services, cluster.kwok_pods, cluster.network)
    return not any(used.overlaps(network) for used in routes() for network in mine)


def routes():
    if not shutil.which("ip"):
        return []
    shown = subprocess.run(["ip", "-json", "-4", "route"], capture_output=True, check=True).stdout
    return [ipaddress.ip_network(r["dst"], strict=False) for r in json.loads(shown or "[]") if r["dst"] != "default"]


@contextlib.contextmanager
def locked(path, waiting=None):
    """Holds a lock file; it ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(path, text, mode=0o644):
    """Replaces a file as a whole, so that a crash leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
    fresh.rename(path)
