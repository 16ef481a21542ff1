"""The classes the suites run with: real nodes and simulated ones are told apart by class, not by luck."""

IMAGE = {"name": "jupyterlab", "image": "marea.dev/jupyterlab:local"}
GPUS = {
    "a100": "NVIDIA-A100-PCIE-40GB",
    "a30": "NVIDIA-A30",
    "rtx5000": "Quadro-RTX-5000",
    "t4": "Tesla-T4",
}
SLICES = ("1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb")
GPU_TAINT = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def objects():
    accelerators = [gpu(name, product) for name, product in GPUS.items()] + [mig(s) for s in SLICES]
    names = [a["metadata"]["name"] for a in accelerators]
    return [
        *accelerators,
        session_class("default", names, {"marea.dev/e2e-node": "real"}, {"cpu": "250m", "memory": "512Mi"}),
        # Many sessions of one user on many nodes.
        session_class("simulated", names, {"type": "kwok"}, {"cpu": "500m", "memory": "1Gi"}, "ReadWriteMany"),
    ]


def session_class(name, accelerators, nodes, resources, access_mode="ReadWriteOnce"):
    return thing("SessionClass", name, {
        "images": [IMAGE],
        "resources": {"default": resources},
        "accelerators": [{"className": a, "maxCount": 4} for a in accelerators],
        "home": {"size": "100Mi", "accessMode": access_mode},
        # All real nodes have devices, so sessions without any must be let onto such nodes.
        "pod": {"nodeSelector": nodes, "tolerations": GPU_TAINT, "sharedMemory": "64Mi"},
    })


def gpu(name, product):
    return accelerator(name, "nvidia.com/gpu", {"nvidia.com/gpu.product": product})


def mig(size):
    return accelerator(f"mig-{size.replace('.', '-')}", f"nvidia.com/mig-{size}", {"nvidia.com/gpu.product": GPUS["a100"]})


def accelerator(name, resource, labels):
    spec = {"device": {"extendedResource": {"name": resource}}, "nodeSelector": labels, "tolerations": GPU_TAINT}
    return thing("AcceleratorClass", name, spec)


def thing(kind, name, spec):
    return {"apiVersion": "marea.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
