"""The network of a cluster's real nodes: a namespace of its own, joined to the host by one link.

    host ── veth ── namespace: kubelets, containerds, kube-proxy's rules
                       ├── bridge node-a ── pods of node a
                       └── bridge node-b ── pods of node b

The host only has the link and routes to pods and Services through it. All that
kube-proxy and CNI write (rules, chains, bridges, settings) is in the namespace
and goes with it, and several clusters do not see each other's.
"""

import os
import pathlib
import shutil
import subprocess

from layout import ClusterError

UPLINK = "uplink"  # the link's end in the namespace


def namespace(cluster):
    return cluster.path("netns")


def link(cluster):
    return f"marea{cluster.slot}"


def inside(cluster, *command):
    """The command as one that runs in the namespace; mounts and cgroups stay the host's."""
    return ["nsenter", f"--net={namespace(cluster)}", "--", *command]


def ensure(cluster, bridges):
    """Makes what is missing; bridges are (name, network) pairs."""
    file = namespace(cluster)
    if not mounts_under(file):
        file.touch()
        run("unshare", f"--net={file}", "true")
    if not has_link(cluster):
        run(*inside(cluster, "ip", "link", "add", UPLINK, "type", "veth", "peer", "name", link(cluster), "netns", "1"))
    run(*inside(cluster, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"))
    set_up(cluster, "lo")
    set_up(cluster, UPLINK, f"{cluster.router_address}/30")
    for name, network in bridges:
        if subprocess.run(inside(cluster, "ip", "link", "show", name), capture_output=True).returncode:
            run(*inside(cluster, "ip", "link", "add", name, "type", "bridge"))
        set_up(cluster, name, f"{network.network_address + 1}/{network.prefixlen}")
    run("ip", "address", "replace", f"{cluster.host_address}/30", "dev", link(cluster))
    run("ip", "link", "set", link(cluster), "up")
    for network in (cluster.services, *(network for _, network in bridges)):
        run("ip", "route", "replace", str(network), "via", cluster.router_address, "dev", link(cluster))


def fence(cluster):
    """Lets calls to addresses that only exist in the API fail at once, where they would leave the machine."""
    for network in fenced(cluster):
        run("ip", "route", "replace", "unreachable", str(network))


def fenced(cluster):
    if os.geteuid() != 0 or not shutil.which("ip"):
        return []
    return [cluster.kwok_pods, *([] if cluster.real else [cluster.services])]


def set_up(cluster, name, address=None):
    if address:
        run(*inside(cluster, "ip", "address", "replace", address, "dev", name))
    run(*inside(cluster, "ip", "link", "set", name, "up"))


def has_link(cluster):
    return pathlib.Path("/sys/class/net", link(cluster)).exists()


def remove(cluster):
    """To be called when no process of the cluster is left; takes its mounts away too."""
    for network in fenced(cluster):
        subprocess.run(["ip", "route", "delete", "unreachable", str(network)], capture_output=True)
    for mount in reversed(mounts_under(cluster.directory)):
        # Lazily: what is still being let go of inside the kernel must not hold us up.
        run("umount", "--lazy", mount)
    if has_link(cluster):
        run("ip", "link", "delete", link(cluster))
    namespace(cluster).unlink(missing_ok=True)


def mounts_under(path):
    """Mount points at or below a path, in the order in which they were mounted."""
    found = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split(" ")[4].encode().decode("unicode_escape")  # blanks are written \040
        if point == str(path) or point.startswith(f"{path}/"):
            found.append(point)
    return found


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
