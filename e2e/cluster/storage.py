"""Persistent volumes: local-path-provisioner as a process of this machine.

All nodes are this machine, so one shared directory is behind every volume and a
home follows its session from node to node. The provisioner has directories made
and removed by helper pods, as it would elsewhere; those run on the real nodes
when there are any, and otherwise on simulated ones, where no directory is made.
"""

import json

from layout import write

NAMESPACE = "local-path-storage"
NAME = "local-path"
IMAGE = "marea.dev/jupyterlab:local"  # any image with a shell that the real nodes have

SETUP = '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n'
TEARDOWN = '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n'


def helper_pod(cluster):
    container = {
        "name": "helper",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "securityContext": {"runAsUser": 0, "runAsNonRoot": False},
    }
    spec = {"containers": [container], "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0}
    if cluster.real:
        spec["nodeSelector"] = {"marea.dev/e2e-node": "real"}
    labels = {"marea.dev/volume-helper": "true"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "volume", "labels": labels}, "spec": spec}


def ensure(cluster, api):
    """What the provisioner and its users expect to find in the cluster."""
    files = {
        "config.json": json.dumps({"sharedFileSystemPath": str(cluster.path("volumes"))}),
        "helperPod.yaml": json.dumps(helper_pod(cluster)),
        "setup": SETUP,
        "teardown": TEARDOWN,
    }
    for name, text in files.items():
        write(cluster.path("config", "local-path", name), text)
    cluster.path("volumes").mkdir(exist_ok=True)
    core = f"/api/v1/namespaces/{NAMESPACE}"
    here = {"name": NAME, "namespace": NAMESPACE}
    api.apply("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    api.apply(f"{core}/serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": here})
    api.apply(f"{core}/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": here, "data": files})
    api.apply("/apis/storage.k8s.io/v1/storageclasses", {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": NAME, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "rancher.io/local-path",
        "volumeBindingMode": "WaitForFirstConsumer",
        "reclaimPolicy": "Delete",
    })


def start(cluster, pki, processes, bin_dir):
    kubeconfig = pki.ensure_kubeconfig("local-path-provisioner", "local-path-provisioner")
    files = cluster.path("config", "local-path")
    command = [
        bin_dir / "local-path-provisioner", "start", f"--config={files / 'config.json'}",
        f"--helper-pod-file={files / 'helperPod.yaml'}", f"--kubeconfig={kubeconfig}", f"--namespace={NAMESPACE}",
        f"--configmap-name={NAME}", f"--service-account-name={NAME}", f"--helper-image={IMAGE}", "--worker-threads=16",
    ]
    processes.start("local-path-provisioner", command, CONFIG_MOUNT_PATH=str(files))
