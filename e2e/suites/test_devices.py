"""What `kubectl get acceleratorclass` shows: devices that come, are taken, wait for each other and overlap."""

import catalogue
import pytest
from audit import said
from installation.cluster import Unmet, wait
from team import condition

SCARCE = "mig-7g-40gb"  # two nodes have one each
ON_SCARCE = {"className": "simulated", "accelerator": {"alternatives": [{"className": SCARCE}]}}


def status(cluster, name):
    return cluster.get("acceleratorclass", name).get("status", {})


def wait_for(cluster, name, what, true_of, seconds=60):
    def attempt():
        found = status(cluster, name)
        if not found or not true_of(found):
            raise Unmet(str(found))
        return found

    return wait(f"AcceleratorClass {name} {what}", attempt, seconds)


def numbers(found):
    return found["free"], found["capacity"], found["queued"]


@pytest.fixture
def classes(cluster):
    """AcceleratorClasses of a test, gone afterwards."""
    made = []

    def make(name, resource, labels):
        cluster.apply(catalogue.accelerator(name, resource, labels))
        made.append(name)

    yield make
    for name in made:
        cluster.kubectl("delete", "acceleratorclass", name)


def test_free_and_queued_move_with_the_sessions(team, cluster):
    before = wait_for(cluster, SCARCE, "is free", lambda s: s["free"] == s["capacity"] and s["queued"] == 0)
    assert numbers(before) == (2, 2, 0) and condition(before, "Ready")["reason"] == "Offered"
    team.ask("first", **ON_SCARCE)
    team.wait_ready("first")
    wait_for(cluster, SCARCE, "has one left", lambda s: numbers(s) == (1, 2, 0))
    team.ask("second", "third", **ON_SCARCE)
    wait_for(cluster, SCARCE, "has none left and one who waits", lambda s: numbers(s) == (0, 2, 1) and s["allocated"] == 2)

    head, row = cluster.kubectl("get", "acceleratorclass", SCARCE).splitlines()
    shown = dict(zip(head.split(), row.split(), strict=True))
    assert {k: shown[k] for k in ("FREE", "CAPACITY", "QUEUED", "NODES")} == {"FREE": "0", "CAPACITY": "2", "QUEUED": "1", "NODES": "2"}
    assert len(head) <= 80

    team.kubectl("delete", "sessions", "--all", "--timeout=90s", seconds=100)
    cluster.kubectl("wait", "--for=jsonpath={.status.free}=2", f"acceleratorclass/{SCARCE}", "--timeout=60s", seconds=70)
    wait_for(cluster, SCARCE, "is free again", lambda s: numbers(s) == (2, 2, 0))


def test_a_pod_of_nobodys_counts_and_a_cordoned_node_does_not(team, cluster):
    wait_for(cluster, SCARCE, "is free", lambda s: numbers(s) == (2, 2, 0))
    batch = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "batch", "namespace": "default"},
        "spec": {
            "tolerations": [{"operator": "Exists"}],
            "containers": [{"name": "train", "image": "x", "resources": {"limits": {"nvidia.com/mig-7g.40gb": "1"}}}],
        },
    }
    cluster.apply(batch)
    try:
        wait_for(cluster, SCARCE, "counts the pod", lambda s: numbers(s) == (1, 2, 0))
        holder = cluster.get("pod", "batch", "default")["spec"]["nodeName"]
        cluster.kubectl("cordon", holder)
        try:
            wait_for(cluster, SCARCE, "is without the node", lambda s: numbers(s) == (1, 1, 0) and s["allocated"] == 0)
        finally:
            cluster.kubectl("uncordon", holder)
        wait_for(cluster, SCARCE, "has the node again", lambda s: numbers(s) == (1, 2, 0))
    finally:
        cluster.kubectl("delete", "pod", "batch", "--namespace=default", "--force", "--grace-period=0")
    wait_for(cluster, SCARCE, "is free again", lambda s: numbers(s) == (2, 2, 0))


def test_a_class_says_when_nobody_offers_it_and_when_another_has_it(team, cluster, classes):
    classes("nowhere", "nvidia.com/gpu", {"nvidia.com/gpu.product": "H900"})
    nowhere = wait_for(cluster, "nowhere", "says that it is not offered", lambda s: condition(s, "Ready"))
    assert condition(nowhere, "Ready")["reason"] == "NotOffered"
    assert "nvidia.com/gpu.product=H900" in condition(nowhere, "Ready")["message"]
    assert condition(nowhere, "Stalled")["status"] == "False"

    classes("zz-slices", "nvidia.com/mig-7g.40gb", {"nvidia.com/gpu.product": catalogue.GPUS["a100"]})
    loser = wait_for(cluster, "zz-slices", "is stalled", lambda s: condition(s, "Stalled").get("status") == "True")
    assert condition(loser, "Stalled")["reason"] == "Overlap" and f'"{SCARCE}"' in condition(loser, "Stalled")["message"]
    assert numbers(loser) == (0, 0, 0)
    assert numbers(status(cluster, SCARCE)) == (2, 2, 0)
    wide = cluster.kubectl("get", "acceleratorclass", "zz-slices", "--output=wide")
    assert "Overlap" in wide.split()


def test_a_status_that_somebody_wrote_is_put_right_and_that_is_all(team, cluster, audit):
    wait_for(cluster, SCARCE, "is free", lambda s: numbers(s) == (2, 2, 0))
    mark = audit.end()
    cluster.kubectl("patch", "acceleratorclass", SCARCE, "--subresource=status", "--type=merge", '--patch={"status":{"free":77}}')
    wait_for(cluster, SCARCE, "is put right", lambda s: numbers(s) == (2, 2, 0))
    writes = [said(w) for w in audit.writes(mark) if w["objectRef"]["resource"] == "acceleratorclasses"]
    assert len(writes) == 1, writes
