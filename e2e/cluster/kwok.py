"""Simulated nodes: the kwok process and the groups of kwok-nodes.yaml."""

import copy
import json
import pathlib
import subprocess

from layout import ClusterError

HERE = pathlib.Path(__file__).resolve().parent
GROUP = "marea.dev/e2e-group"  # on every simulated node, so that a group can be counted and shrunk
COUNT = "marea.dev/e2e-count"
ZONES = "marea.dev/e2e-zones"
STAGES = ("stages-node.yaml", "stages-heartbeat.yaml", "stages-pod.yaml")


def start(cluster, pki, processes, bin_dir):
    kubeconfig = pki.ensure_kubeconfig("kwok", "kwok")
    config = [bin_dir.parent / "share/kwok" / name for name in STAGES] + [HERE / "kwok-stages.yaml"]
    command = [
        bin_dir / "kwok", f"--kubeconfig={kubeconfig}", *(f"--config={c}" for c in config),
        "--manage-all-nodes=false", "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--node-lease-duration-seconds=40", f"--cidr={cluster.kwok_pods}",
        f"--node-ip={cluster.kwok_pods.network_address + 1}",
        f"--server-address=127.0.0.1:{cluster.port('kwok')}",
    ]
    processes.start("kwok", command)


def groups(cluster, bin_dir):
    """Group name -> template Node, in the order of the file; kubectl reads the YAML."""
    # The templates are never created, so what they lack of a Node is nobody's business.
    command = [bin_dir / "kubectl", f"--kubeconfig={cluster.admin_kubeconfig}", "create", "--dry-run=client",
               "--validate=false", "-o", "json", "-f", HERE / "kwok-nodes.yaml"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(f"{HERE / 'kwok-nodes.yaml'}: {done.stderr.strip()}")
    decoder, text, nodes = json.JSONDecoder(), done.stdout.strip(), []
    while text:  # one document after the other, or one List
        thing, end = decoder.raw_decode(text)
        nodes += thing.get("items", [thing])
        text = text[end:].lstrip()
    return {node["metadata"]["name"]: node for node in nodes}


def node(template, number):
    """The number-th node of a group, counted from 1."""
    made = copy.deepcopy(template)
    meta = made["metadata"]
    zones = [z.strip() for z in meta["annotations"][ZONES].split(",")]
    region, zone = zones[(number - 1) % len(zones)].split("/")
    group, name = meta["name"], f"{meta['name']}-{number}"
    labels = {
        "type": "kwok",
        GROUP: group,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
        **meta.get("labels", {}),
    }
    made["metadata"] = {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    made["status"] = {"capacity": made["status"]["capacity"], "allocatable": made["status"]["capacity"]}
    return made


def existing(api, group):
    found = api.get(f"/api/v1/nodes?labelSelector={GROUP}%3D{group}")["items"]
    return sorted((int(n["metadata"]["name"].rpartition("-")[2]) for n in found))


def scale(api, template, count):
    """Creates or deletes nodes of a group until there are count; the highest numbers go first."""
    group = template["metadata"]["name"]
    present = existing(api, group)
    free = (n for n in range(1, count + len(present) + 1) if n not in present)
    for _ in range(count - len(present)):
        api.call("POST", "/api/v1/nodes", node(template, next(free)))
    for number in sorted(present, reverse=True)[: max(0, len(present) - count)]:
        api.call("DELETE", f"/api/v1/nodes/{group}-{number}", allowed=(404,))


def ensure_nodes(api, templates):
    """Gives each group that has no node its first ones; a group scaled by hand stays as it is."""
    for template in templates.values():
        if not existing(api, template["metadata"]["name"]):
            scale(api, template, int(template["metadata"]["annotations"][COUNT]))


def ready(api):
    """(ready, all) simulated nodes."""
    nodes = api.get("/api/v1/nodes?labelSelector=type%3Dkwok")["items"]
    return sum(is_ready(n) for n in nodes), len(nodes)


def is_ready(node):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))
