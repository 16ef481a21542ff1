"""Brings a cluster up, heals it, says how it is, and takes it down again."""

import os
import pathlib
import shutil
import subprocess
import sys
import time

import access
import controlplane
import images
import kwok
import layout
import network
import realnode
import storage
from layout import ClusterError
from pki import Pki
from process import Processes

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parent / "tools"

# In the order of their start; the reverse is the order of their end.
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "local-path-provisioner")

PAST = ("etcd", "run", "pki", "config", "volumes", "nodes", "netns", "admin.kubeconfig")  # a new cluster must not inherit it
HISTORY = ("logs", "audit.log")  # kept after `down` to be read, until the next `up`


def components(cluster):
    return [*CONTROL_PLANE, *(["kwok"] if "kwok" in cluster.kinds else []), *realnode.components(cluster)]


def build_programs():
    """The folder with the programs, which are built when they are missing or old."""
    done = subprocess.run([TOOLS / "build", "etcd", "kubernetes", "kwok", "local-path-provisioner"],
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise ClusterError("the programs of the cluster could not be built, see above")
    return pathlib.Path(done.stdout.strip())


class Steps:
    """One line per step on stderr, with the seconds since the start."""

    def __init__(self):
        self.begun = time.monotonic()

    def __call__(self, text):
        print(f"cluster: {time.monotonic() - self.begun:6.1f} s  {text}", file=sys.stderr, flush=True)


def lock(name):
    def waiting():
        print(f"cluster: another command is at work on cluster {name}; waiting", file=sys.stderr, flush=True)

    return layout.locked(layout.STATE / "clusters" / f".{name}.lock", waiting)


def up(name, kinds):
    step = Steps()
    kinds = possible(kinds, step)
    bin_dir = build_programs()
    with lock(name):
        cluster = layout.load(name)
        if cluster and cluster.kinds != kinds:
            raise ClusterError(f"cluster {name} has nodes {','.join(cluster.kinds)}; to change that, take it down first")
        if cluster:
            layout.hold(cluster)
        else:
            forget(layout.directory_of(name), *PAST, *HISTORY)
            cluster = layout.claim(name, kinds)
        processes = Processes(cluster)
        if all(processes.pid(c) for c in components(cluster)) and is_settled(cluster):
            step(f"cluster {name} is up already")
            return
        heal(cluster, processes, bin_dir, step)
        step(f"cluster {name} is up; kubeconfig {cluster.admin_kubeconfig}")


def possible(kinds, step):
    """The kinds of nodes without those this machine cannot have."""
    reason = realnode.missing() if "real" in kinds else None
    if not reason:
        return kinds
    step(f"NO REAL NODES: {reason}; simulated ones alone serve")
    return ("kwok",)


def heal(cluster, processes, bin_dir, step):
    """Starts what does not run, each only after what it needs answers."""
    pki = Pki(cluster)
    controlplane.prepare(cluster, pki)
    network.fence(cluster)
    step("keys and certificates are there")
    if cluster.real:
        template = images.ensure(step)
        realnode.ensure_network(cluster)
        step("images and the nodes' network are there")
    api = access.admin(cluster)
    controlplane.start_etcd(cluster, pki, processes, bin_dir)
    controlplane.start_api_server(cluster, pki, processes, bin_dir)
    processes.wait("kube-apiserver", api.is_ready, 60)
    step("the API server is ready")
    controlplane.start_controllers(cluster, pki, processes, bin_dir)
    storage.ensure(cluster, api)
    storage.start(cluster, pki, processes, bin_dir)
    if "kwok" in cluster.kinds:
        kwok.start(cluster, pki, processes, bin_dir)
        kwok.ensure_nodes(api, kwok.groups(cluster, bin_dir))
        processes.wait("kwok", lambda: len(set(kwok.ready(api))) == 1, 60)
        step(f"{kwok.ready(api)[0]} simulated nodes are ready")
    if cluster.real:
        nodes = [(node, realnode.start(node, pki, processes, bin_dir, template)) for node in realnode.of(cluster)]
        realnode.start_proxy(cluster, pki, processes, bin_dir)
        for node, since in nodes:
            processes.wait(node.kubelet, lambda: realnode.complete(node, api, since), 60)
        step("the real nodes are ready, with their devices")
    processes.wait("kube-controller-manager", lambda: has_default_account(api), 60)
    for component in components(cluster):
        processes.wait(component, lambda: processes.pid(component), 5)


def has_default_account(api):
    """Until the controller manager made it, no pod can be created in 'default'."""
    return api.get("/api/v1/namespaces/default/serviceaccounts/default") is not None


def is_settled(cluster):
    """Everything answers, so there is nothing for `up` to do."""
    try:
        api = access.admin(cluster)
        nodes = [api.get(f"/api/v1/nodes/{node.name}") for node in realnode.of(cluster)]
        return api.is_ready() and has_default_account(api) and all(realnode.is_complete(n) for n in nodes)
    except (OSError, ClusterError):
        return False


def status(name):
    """Prints one line a component; True when all of them run."""
    cluster = layout.load(name)
    if not cluster:
        print(f"cluster {name} is not up")
        return False
    processes = Processes(cluster)
    well = True
    for component in components(cluster):
        pid = processes.pid(component)
        well = well and pid is not None
        print(f"{component:28} {'pid ' + str(pid) if pid else 'not running, log: ' + str(processes.log(component))}")
    print(f"{'API':28} {cluster.api_url}")
    print(f"{'kubeconfig':28} {cluster.admin_kubeconfig}")
    return well


def down(name):
    step = Steps()
    directory = layout.directory_of(name)
    if not directory.exists():
        step(f"there is no cluster {name}")
        return
    with lock(name):
        cluster = layout.load(name)
        if cluster:
            stop_everything(cluster, Processes(cluster))
        forget(directory, *PAST)
        if cluster:
            layout.release(cluster)
        step(f"cluster {name} is down")


def forget(directory, *names):
    for name in names:
        path = directory / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def stop_everything(cluster, processes):
    # Kubelets first, so that nobody starts what is ended; a polite end would take them seconds.
    processes.stop([c for c in processes.recorded() if c.startswith(("kubelet", "containerd"))], seconds=0)
    processes.stop([c for c in processes.recorded() if c not in ("etcd", "kube-apiserver")], seconds=2)
    # An API server with open watches takes a minute to end by itself, and etcd's data is thrown away.
    processes.stop(["kube-apiserver", "etcd"], seconds=0)
    processes.sweep()
    realnode.remove(cluster)
    if cluster.real:
        realnode.restore_machine(cluster)
