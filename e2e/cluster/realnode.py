"""Real nodes: a containerd and a kubelet each, that run pods on this machine."""

import dataclasses
import datetime
import ipaddress
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import api as apis
import cgroup
import images
import layout
import network
from layout import write

CNI_PLUGINS = "/usr/lib/cni"
PROGRAMS = ("containerd", "ctr", "runc", "ip", "nsenter", "unshare", "nft", "conntrack", "buildah", "mmdebstrap")
# Places that cannot be configured.
LOGS = pathlib.Path("/var/log/containers")  # a kubelet's links to logs
DEVICE_PLUGINS = pathlib.Path("/var/lib/kubelet/device-plugins")  # a kubelet's socket for them
CNI_RESULTS = pathlib.Path("/var/lib/cni/results")  # libcni's notes
SHIM_SOCKETS = pathlib.Path("/run/containerd/s")  # where containerd's shims listen

# What a kubelet changes of the kernel's settings, on the whole machine.
KERNEL_SETTINGS = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
                   "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes")

CONTAINERD = """version = 2
root = "{home}/containerd"
state = "{home}/state"
[grpc]
  address = "{home}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{home}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{cni_plugins}"
    conf_dir = "{home}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
      Root = "{home}/state/runc"
"""


@dataclasses.dataclass(frozen=True)
class Device:
    """The accelerator a node pretends to have: a count and what feature discovery says of it."""

    product: str
    memory_mib: int
    zone: str


DEVICES = {"a": Device("NVIDIA-A100-PCIE-40GB", 40960, "bari-a"), "b": Device("Tesla-T4", 15360, "bari-b")}
RESOURCE = "nvidia.com/gpu"


@dataclasses.dataclass(frozen=True)
class Node:
    cluster: layout.Cluster
    letter: str

    @property
    def name(self):
        return f"{self.cluster.name}-{self.letter}"

    @property
    def home(self):
        return self.cluster.path("nodes", self.letter)

    @property
    def bridge(self):
        return f"node-{self.letter}"

    @property
    def pods(self):
        third = 1 + sorted(DEVICES).index(self.letter)
        return ipaddress.ip_network(f"{self.cluster.network.network_address + 256 * third}/24")

    @property
    def address(self):
        return str(self.pods.network_address + 1)

    @property
    def cgroup(self):
        # The slot makes it this cluster's alone: two of one name can be up, each with its own state directory.
        return f"marea-{self.name}-{self.cluster.slot}"

    @property
    def containerd(self):
        return f"containerd-{self.letter}"

    @property
    def kubelet(self):
        return f"kubelet-{self.letter}"

    @property
    def labels(self):
        device = DEVICES[self.letter]
        return {
            "marea.dev/e2e-node": "real",
            f"{RESOURCE}.product": device.product,
            f"{RESOURCE}.memory": str(device.memory_mib),
            f"{RESOURCE}.count": "1",
            "topology.kubernetes.io/region": "bari",
            "topology.kubernetes.io/zone": device.zone,
        }


def of(cluster):
    return [Node(cluster, letter) for letter in DEVICES] if cluster.real else []


def components(cluster):
    return [c for node in of(cluster) for c in (node.containerd, node.kubelet)] + ["kube-proxy"] * cluster.real


def missing():
    """Why this machine cannot have real nodes, or None."""
    if os.geteuid() != 0:
        return "they need root"
    absent = [p for p in PROGRAMS if not shutil.which(p)]
    if not pathlib.Path(CNI_PLUGINS, "bridge").exists():
        absent.append(f"{CNI_PLUGINS}/bridge")
    if absent:
        return f"not installed: {', '.join(absent)} (the packages are listed in e2e/packages.txt)"
    if not cgroup.unified() and not (cgroup.ROOT / "memory").is_dir():
        return f"there are no cgroups at {cgroup.ROOT}"
    if not all(os.access(h, os.W_OK) for h in cgroup.hierarchies()):
        return f"{cgroup.ROOT} cannot be written to"
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        return "network namespaces are not allowed here"
    return None


def ensure_network(cluster):
    """Before the API server, which listens on the link's address."""
    network.ensure(cluster, [(node.bridge, node.pods) for node in of(cluster)])


def start(node, pki, processes, bin_dir, template):
    """Starts what does not run of a node; returns from when on its reports come from the kubelet that runs."""
    cluster = node.cluster
    remember_kernel_settings()
    cgroup.ensure(node.cgroup)
    images.link_into(template, node.home / "containerd")
    write(node.home / "containerd.toml",
          CONTAINERD.format(home=node.home, pause=images.PAUSE, cni_plugins=CNI_PLUGINS))
    write(node.home / "cni" / "10-marea.conflist", json.dumps(cni(node), indent=2) + "\n")
    pki.ensure(node.kubelet, f"system:node:{node.name}", "system:nodes", addresses=[node.address], names=[node.name])
    kubeconfig = pki.ensure_kubeconfig(node.kubelet, f"system:node:{node.name}", "system:nodes")
    write(node.home / "kubelet.json", json.dumps(kubelet_configuration(node, pki), indent=2) + "\n")

    processes.start(node.containerd, network.inside(cluster, "containerd", "--config", node.home / "containerd.toml"))
    processes.wait(node.containerd, lambda: answers(node.home / "containerd.sock"), 20)
    labels = ",".join(f"{k}={v}" for k, v in node.labels.items())
    now = int(time.time())  # a report's time has no fractions either
    started = processes.start(node.kubelet, network.inside(
        cluster, bin_dir / "kubelet", f"--config={node.home / 'kubelet.json'}", f"--kubeconfig={kubeconfig}",
        f"--root-dir={node.home / 'kubelet'}", f"--cert-dir={node.home / 'kubelet'}",
        f"--hostname-override={node.name}", f"--node-ip={node.address}", f"--node-labels={labels}"))
    return now if started else 0


def answers(path):
    """Whether somebody listens on a Unix socket; the file alone may be of an earlier life."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def cni(node):
    return {
        "cniVersion": "1.0.0",
        "name": node.cgroup,
        "plugins": [{
            "type": "bridge",
            "bridge": node.bridge,
            "isGateway": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "dataDir": str(node.home / "addresses"),
                "ranges": [[{"subnet": str(node.pods), "gateway": node.address}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }],
    }


def kubelet_configuration(node, pki):
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "healthzBindAddress": node.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki.ca)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki.certificate(node.kubelet)),
        "tlsPrivateKeyFile": str(pki.key(node.kubelet)),
        "containerRuntimeEndpoint": f"unix://{node.home / 'containerd.sock'}",
        "podLogsDir": str(node.home / "pod-logs"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        # The machine is shared with its user: nothing is reserved, evicted or collected.
        "enforceNodeAllocatable": [],
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
        # There is no DNS. Without an address every pod gets a warning event; this one refuses at once.
        "clusterDNS": [node.address],
        "clusterDomain": "cluster.local",
        "registerWithTaints": [{"key": RESOURCE, "value": "present", "effect": "NoSchedule"}],
    }


def start_proxy(cluster, pki, processes, bin_dir):
    """One for both nodes, as they share the namespace. Waits for its Node when it is not there yet."""
    kubeconfig = pki.ensure_kubeconfig("kube-proxy", "system:kube-proxy", "")
    configuration = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "hostnameOverride": of(cluster)[0].name,
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "conntrack": {"maxPerCore": 0},
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        # Answers must come back through the namespace, also those of a pod on the caller's own bridge.
        "nftables": {"masqueradeAll": True},
    }
    path = cluster.path("config", "kube-proxy.json")
    write(path, json.dumps(configuration, indent=2) + "\n")
    processes.start("kube-proxy", network.inside(cluster, bin_dir / "kube-proxy", f"--config={path}"))


def is_complete(found, since=0):
    """Whether a Node is ready by a report that is not older, and its device can be had."""
    conditions = found["status"].get("conditions", []) if found else []
    ready = [c for c in conditions if c["type"] == "Ready" and c["status"] == "True"]
    if not ready or datetime.datetime.fromisoformat(ready[0]["lastHeartbeatTime"]).timestamp() < since:
        return False
    return found["status"].get("allocatable", {}).get(RESOURCE) == "1"


def complete(node, api, since):
    """Gives the node its device, which a kubelet may have set back to nothing. True once it is complete.

    The kubelet keeps a capacity it does not know and copies it to allocatable, but only with its next report.
    """
    found = api.get(f"/api/v1/nodes/{node.name}")
    if found and found["status"].get("allocatable", {}).get(RESOURCE) != "1":
        name = RESOURCE.replace("/", "~1")
        patch = [{"op": "add", "path": f"/status/{field}/{name}", "value": "1"} for field in ("capacity", "allocatable")]
        api.call("PATCH", f"/api/v1/nodes/{node.name}/status", patch, apis.JSON_PATCH, allowed=(404, 409))
    return is_complete(found, since)


def remove(cluster):
    """What is left of the nodes when their processes were ended, on the machine outside their directory."""
    for node in of(cluster):
        cgroup.remove(node.cgroup)
        for container in (node.home / "state/io.containerd.runtime.v2.task").glob("*/*"):
            for address in container.glob("address"):
                listening = pathlib.Path(address.read_text().strip().removeprefix("unix://"))
                if listening.parent == SHIM_SOCKETS:
                    listening.unlink(missing_ok=True)
            for note in CNI_RESULTS.glob(f"*-{container.name}-*"):
                note.unlink()
        for link in LOGS.glob("*.log"):
            if link.is_symlink() and link.readlink().is_relative_to(node.home):
                link.unlink()
    network.remove(cluster)


def remember_kernel_settings():
    file = layout.SLOTS / "kernel-settings.json"
    if not file.exists():
        write(file, json.dumps({s: pathlib.Path("/proc/sys", s).read_text() for s in KERNEL_SETTINGS}))


def restore_machine(cluster):
    """What the kubelets of all clusters share; the last cluster with real nodes puts it back."""
    file = layout.SLOTS / "kernel-settings.json"
    if any(c.real and c.directory != cluster.directory for c in layout.claimed()) or not file.exists():
        return
    for setting, value in json.loads(file.read_text()).items():
        pathlib.Path("/proc/sys", setting).write_text(value)
    for name in ("kubelet.sock", "kubelet_internal_checkpoint"):
        (DEVICE_PLUGINS / name).unlink(missing_ok=True)
    for folder in (DEVICE_PLUGINS, DEVICE_PLUGINS.parent, LOGS, CNI_RESULTS, CNI_RESULTS.parent,
                   SHIM_SOCKETS, SHIM_SOCKETS.parent):
        try:
            folder.rmdir()
        except OSError:  # not there, or not empty, so somebody uses it
            pass
    file.unlink()
